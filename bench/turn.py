"""A whole durable USSD turn through aiohttp against a bare aiohttp echo, in the same run.

Load generator and server are two processes on 127.0.0.1, 64 connections; each round measures the echo and then each store, so
that a machine that slows down slows all of them. The turn is the real one: the route, the menu engine, the balance read, the
session committed before the answer. Every answer is checked: one that is another's, or lost, is counted and told.
"""

import os
import statistics
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from sqlalchemy import insert

from bench import callers
from bench.loop_watch import LIMIT_MS
from bench.served import Figure, figure, postgres_and_redis, serving
from bench.turn_served import LONGEST, PATH, a_house
from core.billing.tables import invoice
from core.context import App
from core.ledger.model import Book, Journal, Posting
from core.ledger.post import post_many
from core.ledger.tables import open_item
from core.migrations import upgrade
from core.onboarding.model import NewCustomer
from core.onboarding.register import register_many

PHONES = 64
ROUNDS = int(os.environ.get("HODI_BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("HODI_BENCH_SECONDS", "3"))


def run() -> list[Figure]:
    """Turns a second and the 99th percentile, on SQLite and, where they are installed, on PostgreSQL with Redis."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        return uvloop.run(_measure(Path(folder), servers))


async def _measure(folder: Path, servers: ExitStack) -> list[Figure]:
    url = f"sqlite+aiosqlite:///{folder / 'bench.db'}"
    await fill(url)
    made = {"echo": ["echo"], "sqlite": ["turn", url, str(folder / "sqlite-sessions.db"), "-"]}
    others = servers.enter_context(postgres_and_redis(folder))
    if others:
        await fill(others[0])
        made["postgres_redis"] = ["turn", others[0], str(folder / "stand-in.db"), others[1]]
    heard: dict[str, list[callers.Heard]] = {name: [] for name in made}
    async with serving(made) as servers_:
        for server in servers_.values():
            await callers.call(server.port, PATH, 1.0, PHONES, check=False)
        for _ in range(ROUNDS):
            for name, server in servers_.items():
                before = server.cpu_seconds()
                one = await callers.call(server.port, PATH, SECONDS, PHONES, check=name != "echo")
                one.cpu_seconds = server.cpu_seconds() - before
                heard[name].append(one)
        figures = _figures(heard, {name: server.peak_mb() for name, server in servers_.items()})
    return [*figures, await _longest(["watched", *made["sqlite"][1:]])]


async def _longest(watched: list[str]) -> Figure:
    """The callback that held the loop longest while all phones called."""
    async with serving({"watched": watched}) as servers:
        server = servers["watched"]
        await callers.call(server.port, PATH, SECONDS, PHONES, check=True)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as http:
            await (await http.get(LONGEST)).read()  # what was slow because it was the first
            await callers.call(server.port, PATH, SECONDS, PHONES, check=True)
            took, which = await (await http.get(LONGEST)).json()
        return figure(f"turn.sqlite.longest ({which})", took, "ms", LIMIT_MS, LIMIT_MS / took, server.peak_mb())


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
            figure(f"turn.{name}", rate[name], "turns/s", rate["echo"], statistics.median(pairs), peaks[name]),
            figure(f"turn.{name}.cpu", cost[name], "us", cost["echo"], cost["echo"] / cost[name], peaks[name]),
            figure(f"turn.{name}.p99", slow[name], "ms", slow["echo"], slow["echo"] / slow[name], peaks[name]),
            figure(f"turn.{name}.wrong", wrong, "answers", 0, 1.0 if not wrong else 0.0, peaks[name]),
        ]
    return figures


async def fill(url: str, customers: int = PHONES) -> None:
    """So many customers with a bill each, and the books that say so."""
    app = a_house(url)
    await upgrade(app.db.engine)
    for start in range(0, customers, 5_000):
        await _some(app, range(start, min(customers, start + 5_000)))
    await app.db.close()


async def _some(app: App, numbers: range) -> None:
    people = [
        NewCustomer(f"NewCustomer {n}", f"A{n}", f"+2547{n:08}", address=f"{n} Moi Road", area="Milimani")
        for n in numbers
    ]
    await app.db.reserve_ids(len(numbers) * 40)
    async with app.db.writing() as conn:
        made = await register_many(conn, app, people)
        owed = {one.account_id: (n + 1000) * 100 + 50 for n, one in zip(numbers, made, strict=True)}
        await post_many(conn, app, [_journal(app, account_id, minor) for account_id, minor in owed.items()])
        bills = [_bill(app, account_id, minor) for account_id, minor in owed.items()]
        await conn.execute(insert(invoice), bills)
        await conn.execute(insert(open_item), [_open(bill) for bill in bills])


def _journal(app: App, account_id: int, minor: int) -> Journal:
    posting = Posting(Book("revenue"), Book("receivable", account_id), minor, app.currency, "bench")
    return Journal(f"bench:{account_id}", "invoice", app.today(), [posting])


def _bill(app: App, account_id: int, minor: int) -> dict[str, Any]:
    today = app.today()
    return {
        "id": app.ids.take(),
        "account_id": account_id,
        "series": "bill",
        "from_date": today - timedelta(days=30),
        "to_date": today,
        "revision": 0,
        "state": "final",
        "number": f"INV-{account_id}",
        "token": f"bench-{account_id}",
        "currency": app.currency,
        "total_minor": minor,
        "tax_minor": 0,
        "rounding_minor": 0,
        "reward_minor": 0,
        "estimated": False,
        "issued_on": today,
        "due_on": today + timedelta(days=14),
        "facts": {},
    }


def _open(bill: dict[str, Any]) -> dict[str, Any]:
    minor = bill["total_minor"]
    return {
        "invoice_id": bill["id"],
        "account_id": bill["account_id"],
        "due_on": bill["due_on"],
        "total_minor": minor,
        "open_minor": minor,
        "disputed_minor": 0,
    }
