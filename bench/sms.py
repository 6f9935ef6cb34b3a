"""SMS a second through our Kannel channel as a share of what Kannel itself takes, in the same run.

Real boxes with the fake SMSC behind them. The limit is what smsbox accepts over as many kept connections as our channel has, from
a sender that does nothing but repeat the very request of our channel, report address and all. `HODI_BENCH_SMS=2000` sets the size.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

import aiohttp
import uvloop
from pydantic import SecretStr

from bench import boxes
from bench.callers import length
from bench.served import Figure, figure, skipped
from bench.turn import ROUNDS
from channels.kannel import AT_ONCE, KannelAccount, KannelSms, query
from core.message import Notice

NAME = "SMS through Kannel"
WORDS = (
    "Your Mwangaza bill is ready: https://hodi.example/b/AbCdEfGhIjKlMnOpQrStUv Please pay KES 1,200.50 by 24th March"
)


def run() -> list[Figure]:
    """Messages a second, and their share."""
    if not boxes.installed():
        return [skipped(NAME, boxes.HINT)]
    with tempfile.TemporaryDirectory(prefix="hodi-bench-") as folder:
        return uvloop.run(_measure(Path(folder), int(os.environ.get("HODI_BENCH_SMS", "2000"))))


async def _measure(folder: Path, messages: int) -> list[Figure]:
    reports = subprocess.Popen([sys.executable, "-m", "bench.provider"], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        hooks = f"http://127.0.0.1:{reports.stdout.readline().strip() if reports.stdout else ''}"
        async with boxes.running(folder, hooks) as kannel, aiohttp.ClientSession() as http:
            await kannel.listen()
            base = f"http://127.0.0.1:{kannel.sendsms}"
            account = KannelAccount(base, "hodi", SecretStr("hodipw"), hooks, SecretStr("a key to sign with"), "20880")
            channel = KannelSms(account, http)
            limits, ours = [], []
            for round_ in range(ROUNDS + 1):
                notices = [Notice(f"{round_}:{n}", "sms", f"+2547{n:08}", WORDS) for n in range(messages)]
                limits.append(messages / await _bare(kannel.sendsms, [query(account, notice) for notice in notices]))
                ours.append(messages / await _ours(channel, notices))
    finally:
        reports.kill()
        reports.communicate()
    pairs = [mine / limit for mine, limit in zip(ours[1:], limits[1:], strict=True)]  # the first warms
    value, limit = statistics.median(ours[1:]), statistics.median(limits[1:])
    return [figure(NAME, value, "messages/s", limit, statistics.median(pairs))]


async def _ours(channel: KannelSms, notices: list[Notice]) -> float:
    started = time.perf_counter()
    told = await channel.send(notices)
    seconds = time.perf_counter() - started
    if any(one.state != "done" for one in told):
        raise RuntimeError("Kannel did not take every message")
    return seconds


async def _bare(port: int, asked: list[dict[str, str]]) -> float:
    """Seconds for smsbox to take all of them."""
    requests = iter(
        [f"GET /cgi-bin/sendsms?{urlencode(one)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() for one in asked]
    )
    loop, started = asyncio.get_running_loop(), time.perf_counter()
    opened = [await loop.create_connection(partial(_Lane, requests), "127.0.0.1", port) for _ in range(AT_ONCE)]
    lanes = [lane for _, lane in opened]
    await asyncio.gather(*(lane.done for lane in lanes))
    return time.perf_counter() - started


class _Lane(asyncio.Protocol):
    """One kept connection that asks as soon as it is answered."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.requests, self.held = requests, b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.held += data
        head, found, body = self.held.partition(b"\r\n\r\n")
        if found and len(body) >= length(head):
            if b" 202 " not in head.split(b"\r\n", 1)[0]:
                self.done.set_exception(RuntimeError("Kannel did not take a message"))
            self.held = b""
            self._ask()

    def connection_lost(self, why: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)
