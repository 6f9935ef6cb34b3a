"""Postings balance, a key posts once, nothing is lost when many write at once."""

import asyncio
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.ledger import queries, verify
from core.ledger.model import Book, Journal, Posting, receivable, spans
from core.ledger.post import post, post_many
from core.ledger.reverse import postings_of, reverse
from core.ledger.tables import posting
from tests.conftest import NOON
from tests.databases import Sqlite

DAY = date(2026, 3, 10)
REVENUE, TAX, CASH = Book("revenue"), Book("tax"), Book("cash:sandbox")


def bill(number: int, account: int, net: int, tax: int) -> Journal:
    owes = receivable(account)
    legs = (Posting(REVENUE, owes, net, "KES", "revenue"), Posting(TAX, owes, tax, "KES", "tax"))
    return Journal(f"invoice:{number}", "invoice", DAY, legs)


async def test_a_bill_makes_their_owe_and_a_receipt_settles_it(app: App) -> None:
    async with app.db.writing() as conn:
        entry = bill(1, 7, 1000, 160)
        await post(conn, app, key=entry.key, kind=entry.kind, booked_on=DAY, postings=entry.postings)
        assert await queries.balance(conn, "receivable", 7, "KES") == 1160
        paid = [Posting(receivable(7), CASH, 1200, "KES", "receipt")]
        await post(conn, app, key="receipt:sandbox:t1", kind="receipt", booked_on=DAY, postings=paid)
        assert await queries.balance(conn, "receivable", 7, "KES") == -40
        assert await queries.balance(conn, "revenue", 0, "KES") == -1000
        assert await queries.balance(conn, "cash:sandbox", 0, "KES") == 1200
        assert await verify.problems(conn) == []


async def test_a_repeated_key_posts_nothing(app: App) -> None:
    async with app.db.writing() as conn:
        first = await post_many(conn, app, [bill(1, 7, 100, 16), bill(2, 8, 100, 16), bill(1, 7, 999, 9)])
        again = await post_many(conn, app, [bill(2, 8, 100, 16), bill(3, 9, 50, 8)])
        assert (set(first), set(again)) == ({"invoice:1", "invoice:2"}, {"invoice:3"})
        assert await queries.balance(conn, "receivable", 7, "KES") == 116
        assert await queries.balance(conn, "revenue", 0, "KES") == -250
        assert await verify.problems(conn) == []


async def test_undo_is_a_new_journal_and_happens_once(app: App) -> None:
    async with app.db.writing() as conn:
        await post_many(conn, app, [bill(1, 7, 100, 16)])
        undone = await reverse(conn, app, key="invoice:1", booked_on=DAY, why="rebilled")
        assert undone is not None
        assert await reverse(conn, app, key="invoice:1", booked_on=DAY, why="rebilled") is None
        assert await queries.balance(conn, "receivable", 7, "KES") == 0
        assert [(one.source, one.amount) for one in await postings_of(conn, undone)] == [
            (receivable(7), 100),
            (receivable(7), 16),
        ]
        assert (await conn.execute(select(func.count()).select_from(posting))).scalar_one() == 4
        with pytest.raises(LookupError):
            await reverse(conn, app, key="invoice:404", booked_on=DAY, why="rebilled")


async def test_twenty_writers_of_one_account_lose_nothing(app: App) -> None:
    async def pay(number: int) -> None:
        async with app.db.writing() as conn:
            legs = [Posting(receivable(7), CASH, number, "KES", "receipt")]
            await post(conn, app, key=f"receipt:sandbox:{number % 19}", kind="receipt", booked_on=DAY, postings=legs)

    await asyncio.gather(*(pay(number) for number in range(1, 21)))
    async with app.db.reading() as conn:
        booked = (await conn.execute(select(func.sum(posting.c.amount)))).scalar_one()
        assert (await conn.execute(select(func.count()).select_from(posting))).scalar_one() == 19
        assert await queries.balance(conn, "cash:sandbox", 0, "KES") == booked
        assert await verify.problems(conn) == []


async def test_writers_over_crossing_books_do_not_wait_in_a_ring(app: App) -> None:
    async def move(number: int) -> None:
        one, two = (receivable(7), receivable(8)) if number % 2 else (receivable(8), receivable(7))
        async with app.db.writing() as conn:
            legs = [Posting(one, two, 5, "KES", "moved"), Posting(two, one, 3, "KES", "back")]
            await post(conn, app, key=f"move:{number}", kind="move", booked_on=DAY, postings=legs)

    await asyncio.gather(*(move(number) for number in range(20)))
    async with app.db.reading() as conn:
        assert await queries.balance(conn, "receivable", 7, "KES") == 0
        assert await verify.problems(conn) == []


async def test_a_thousand_journals_go_by_the_bulk_path(app: App) -> None:
    await app.db.reserve_ids(10_000)
    async with app.db.writing() as conn:
        fresh = await post_many(conn, app, [bill(number, number, 100, 16) for number in range(1, 1001)])
        assert len(fresh) == 1000
        assert await queries.balance(conn, "tax", 0, "KES") == -16_000
        assert await verify.problems(conn) == []


STEPS = st.lists(
    st.tuples(st.sampled_from(["bill", "pay", "undo"]), st.integers(1, 3), st.integers(1, 9)), min_size=1, max_size=12
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_of_posts_and_reversals_sums_to_zero(
    steps: list[tuple[str, int, int]],
    sqlite_server: Sqlite,
    tmp_path: Path,
    operator: Operator,
    settings: Settings,
) -> None:
    asyncio.run(_walk(steps, sqlite_server, tmp_path, operator, settings))


async def _walk(
    steps: list[tuple[str, int, int]], server: Sqlite, folder: Path, operator: Operator, settings: Settings
) -> None:
    db = Database(await server.fresh(folder))
    app = App(SetClock(NOON), operator, db, settings, follow)
    expected = {1: 0, 2: 0, 3: 0}
    done: dict[str, tuple[int, int]] = {}
    for verb, account, amount in steps:
        async with db.writing() as conn:
            key, owes = f"{verb}:{account}:{amount}", receivable(account)
            if verb == "undo":
                key, change = f"bill:{account}:{amount}", -amount
                if key not in done:
                    continue
                happened = await reverse(conn, app, key=key, booked_on=DAY, why="undone")
            else:
                change = amount if verb == "bill" else -amount
                leg = (
                    Posting(REVENUE, owes, amount, "KES", verb)
                    if verb == "bill"
                    else Posting(owes, CASH, amount, "KES", verb)
                )
                happened = await post(conn, app, key=key, kind=verb, booked_on=DAY, postings=[leg])
                done[key] = (account, amount)
            expected[account] += change if happened else 0
    async with db.reading() as conn:
        assert {one: await queries.balance(conn, "receivable", one, "KES") for one in expected} == expected
        assert await verify.problems(conn) == []
    await db.close()


def test_runs_of_ids_are_told_apart() -> None:
    assert spans([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]


@pytest.mark.parametrize("code, owner", [("recievable", 7), ("receivable", 0), ("revenue", 7)])
def test_a_book_outside_the_chart_is_refused(code: str, owner: int) -> None:
    with pytest.raises(ValueError, match=code):
        Book(code, owner)
