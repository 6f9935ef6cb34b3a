"""The web chat against a bare WebSocket echo of aiohttp, in the same run: turns a second, and the memory of an idle chat.

A chat turn is the real one: their line and ours kept in the transcript, the turn itself, the answer pushed, then `done`. Each visitor
says no more than their share, so that nobody is held back. An idle chat is one that has said one thing and stays open; its memory is
the growth of the process by so many of them. `HODI_BENCH_CHATS=2000` says how many.
"""

import asyncio
import json
import os
import resource
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import uvloop

from bench.chat_served import PATH
from bench.served import Figure, Server, figure, serving
from bench.turn import ROUNDS
from bench.turn_served import a_house
from core.migrations import upgrade
from gateway import signed_values
from gateway.pages.chat import COOKIE

CHATS = int(os.environ.get("HODI_BENCH_CHATS", "2000"))
VISITORS, SAYS, AT_ONCE = 64, 12, 32
IDLE_KIB = 20.0
WORDS = ("hello", "1", "0")


def run() -> list[Figure]:
    """Turns a second, CPU, and KiB a chat."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory(prefix="hodi-bench-") as folder:
        return uvloop.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[Figure]:
    url = f"sqlite+aiosqlite:///{folder / 'chat.db'}"
    app = a_house(url)
    await upgrade(app.db.engine)
    await app.db.close()
    async with serving({"echo": ["echo"], "chat": ["chat", url, str(folder)]}, "bench.chat_served") as servers:
        rate: dict[str, list[float]] = {"echo": [], "chat": []}
        cost: dict[str, list[float]] = {"echo": [], "chat": []}
        for round_ in range(ROUNDS + 1):
            for name, server in servers.items():
                seconds, cpu = await _talk(server, f"{name}{round_}", checked=name == "chat")
                if round_:  # the first warms
                    rate[name].append(VISITORS * SAYS / seconds)
                    cost[name].append(cpu / (VISITORS * SAYS) * 1e6)
        idle = {name: await _idle(server, checked=name == "chat") for name, server in servers.items()}
        peak = servers["chat"].peak_mb()
    pairs = statistics.median(chat / echo for chat, echo in zip(rate["chat"], rate["echo"], strict=True))
    value, limit = (statistics.median(rate[name]) for name in ("chat", "echo"))
    us, echo_us = (statistics.median(cost[name]) for name in ("chat", "echo"))
    return [
        figure("chat turn", value, "turns/s", limit, pairs, peak),
        figure("chat turn, cpu", us, "us", echo_us, echo_us / us, peak),
        figure(f"chat idle, {CHATS:,} open", idle["chat"], "KiB", IDLE_KIB, IDLE_KIB / idle["chat"], peak),
        figure("chat idle, of a bare socket's", idle["chat"], "KiB", idle["echo"], idle["echo"] / idle["chat"]),
    ]


async def _talk(server: Server, name: str, *, checked: bool) -> tuple[float, float]:
    """(seconds, CPU seconds of the server) for all visitors to say all they say."""
    async with AsyncExitStack() as open_:
        pages = await _open(open_, server, [f"{name}-{number}" for number in range(VISITORS)], checked=checked)
        cpu, started = server.cpu_seconds(), time.perf_counter()
        await asyncio.gather(*(_say(page, SAYS, checked=checked) for page in pages))
        return time.perf_counter() - started, server.cpu_seconds() - cpu


async def _idle(server: Server, *, checked: bool) -> float:
    """KiB that the process grows by with each chat that is open and has said one thing."""
    async with AsyncExitStack() as open_:
        before = server.kib()
        for start in range(0, CHATS, AT_ONCE):
            names = [f"idle-{number}" for number in range(start, min(CHATS, start + AT_ONCE))]
            pages = await _open(open_, server, names, checked=checked)
            await asyncio.gather(*(_say(page, 1, checked=checked) for page in pages))
        await asyncio.sleep(2)
        return (server.kib() - before) / CHATS


async def _open(
    open_: AsyncExitStack, server: Server, names: list[str], *, checked: bool
) -> list[aiohttp.ClientWebSocketResponse]:
    """A page of each visitor; a chat's says from where on it wants to see."""
    app = a_house("sqlite+aiosqlite://")  # for its key
    http = await open_.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    address = f"http://127.0.0.1:{server.port}{PATH}"
    pages: list[aiohttp.ClientWebSocketResponse] = []
    for name in names:
        cookie = {"Cookie": f"{COOKIE}={signed_values.sealed(app, COOKIE, name)}"}
        page = await open_.enter_async_context(http.ws_connect(address, headers=cookie, compress=0))
        if checked:
            await page.send_str('{"since": 0}')
            await _until(page, "last")
        pages.append(page)
    return pages


async def _say(page: aiohttp.ClientWebSocketResponse, times: int, *, checked: bool) -> None:
    for number in range(times):
        await page.send_str(json.dumps({"id": f"m{number}", "text": WORDS[number % len(WORDS)]}))
        if checked:
            await _until(page, "done")
        else:
            await page.receive_str()


async def _until(page: aiohttp.ClientWebSocketResponse, word: str) -> None:
    """Read until the frame that has this; before `done` our own line must have come."""
    ours = word != "done"
    while word not in (told := json.loads(await page.receive_str())):
        if "wait" in told or "error" in told:
            raise RuntimeError(f"the chat said {told}")
        ours = ours or told.get("side") == "hodi"
    if not ours:
        raise RuntimeError("done came before our line")
