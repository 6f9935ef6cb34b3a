"""Sixty-four phones that dial and answer as fast as they are answered, over kept connections, and check what they hear.

Lean on purpose: the load generator shares the machine with what it measures.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import NamedTuple, cast

ANSWERS = ("", "1", "1*0", "1*0*6", "1*0*6*0", "1*0*6*0*1")
"""Dial, balance, back, more, back, balance, and hang up: each turn reads the balance or moves through the menus."""


@dataclass
class Heard:
    """What all callers together heard."""

    turns: int = 0
    wrong: int = 0
    times: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    """Of the server's process, for all these turns."""

    def cpu_us(self) -> float:
        """CPU of the server for one turn, in microseconds."""
        return self.cpu_seconds / max(self.turns, 1) * 1e6

    def p99_ms(self) -> float:
        """The 99th percentile of a turn, in milliseconds."""
        ordered = sorted(self.times)
        return ordered[int(len(ordered) * 0.99)] * 1000 if ordered else 0.0


class Way(NamedTuple):
    """How all of them call."""

    path: str
    phones: int
    customers: int
    check: bool
    pause: float


class _Caller(asyncio.Protocol):
    """One phone on one connection."""

    def __init__(self, phone: int, way: Way, heard: Heard, until: float, done: "asyncio.Future[None]") -> None:
        self.phone, self.way, self.heard, self.until, self.done = phone, way, heard, until, done
        self.call, self.step, self.started = time.monotonic_ns(), 0, 0.0
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.ask()

    def ask(self) -> None:
        body = (
            f"sessionId=s{self.call}&phoneNumber=%2B2547{self.phone:08}&networkCode=63902&serviceCode=%2A384%2A100%23"
            f"&text={ANSWERS[self.step].replace('*', '%2A')}"
        ).encode()
        head = (
            f"POST {self.way.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.started = time.perf_counter()
        self.transport.write(head.encode() + body)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or len(body) < length(head):
            return
        self.buffer = b""
        now = time.perf_counter()
        self.heard.turns += 1
        self.heard.times.append(now - self.started)
        if self.way.check and not self.right(head, body):
            self.heard.wrong += 1
        self.step = (self.step + 1) % len(ANSWERS)
        if self.step == 0:
            self.call += 1
            self.phone = (self.phone + self.way.phones) % self.way.customers
        if now >= self.until:
            self.transport.close()
        elif self.way.pause:
            asyncio.get_running_loop().call_later(self.way.pause, self.ask)
        else:
            self.ask()

    def right(self, head: bytes, body: bytes) -> bool:
        """Their own balance, never another's."""
        if not head.startswith(b"HTTP/1.1 200"):
            return False
        step, screen, owed = ANSWERS[self.step], body[4:], f"You owe KES {self.phone + 1000:,}.50".encode()
        if step in ("1", "1*0*6*0*1"):
            return screen.startswith(f"Account A{self.phone}\n".encode() + owed)
        return step == "1*0*6" or owed in screen

    def connection_lost(self, why: Exception | None) -> None:
        if why is not None:
            self.heard.wrong += 1
        if not self.done.done():
            self.done.set_result(None)


def length(head: bytes) -> int:
    """How long the body of an answer is, by its head."""
    at = head.lower().index(b"content-length:") + 15
    return int(head[at : head.find(b"\r", at) if b"\r" in head[at:] else len(head)])


async def call(
    port: int, path: str, seconds: float, phones: int, *, check: bool, customers: int = 0, pause: float = 0.0
) -> Heard:
    """All phones at once for so many seconds. With `customers` (a multiple of `phones`) each call is another one's; with a `pause`
    (seconds) each thinks before they answer."""
    loop, heard = asyncio.get_running_loop(), Heard()
    until = time.perf_counter() + seconds
    way = Way(path, phones, customers or phones, check, pause)
    waiting: list[asyncio.Future[None]] = []
    for number in range(phones):
        done: asyncio.Future[None] = loop.create_future()
        waiting.append(done)

        def caller(number: int = number, done: "asyncio.Future[None]" = done) -> _Caller:
            return _Caller(number, way, heard, until, done)

        await loop.create_connection(caller, "127.0.0.1", port)
    await asyncio.gather(*waiting)
    return heard
