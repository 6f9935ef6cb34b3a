"""The cash desk: float, receipts, turn-in, a blind count, over and short, and the deposit the bank confirms."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.approvals.tables import approval
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import CashDesk
from core.context import App
from core.db.engine import Database
from core.errors import Refused
from core.journeys import approved, bank_statement
from core.journeys.follow import follow
from core.ledger import queries as ledger
from core.ledger import verify
from core.payments.desk import drawer, queries
from core.payments.desk.tables import deposit
from core.payments.desk.tables import drawer as drawers
from core.payments.reconcile import close, run
from core.payments.reconcile.tables import difference
from tests.core.payments.made import Bill, a_bill, an_account, opened, proven
from tests.core.payments.paper import Paper

CUSTOMER = "user:wanjiru"


@pytest.fixture
def single(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


async def _open(app: App, who: str = CUSTOMER, float_minor: int = 5_000) -> int:
    async with app.db.writing() as conn:
        return await drawer.open_drawer(conn, app, cashier=who, branch_id=None, float_minor=float_minor)


async def _take(app: App, minor: int, key: str, account: str = "ACC100") -> int:
    async with app.db.writing() as conn:
        taken = await drawer.receipt(conn, app, cashier=CUSTOMER, account_number=account, amount_minor=minor, key=key)
        await app.happened(conn, taken.facts)
        return taken.receipt_id


async def _count(app: App, minor: int) -> str:
    async with app.db.writing() as conn:
        return await drawer.count(conn, app, cashier=CUSTOMER, counted_minor=minor)


async def _bill(app: App, minor: int = 100_000) -> Bill:
    async with app.db.writing() as conn:
        return await a_bill(conn, app, await an_account(conn, app), minor)


async def balance(app: App, code: str) -> int:
    async with app.db.reading() as conn:
        return await ledger.balance(conn, code, 0, "KES")


async def test_cash_pays_a_bill_and_a_form_sent_twice_pays_it_once(app: App) -> None:
    bill = await _bill(app)
    await _open(app)
    first = await _take(app, 30_000, "f1")
    assert {await _take(app, 30_000, "f1"), first} == {first}
    assert (await opened(app, bill), await balance(app, "cash:cash")) == ([70_000], 30_000)
    await proven(app)


async def test_the_same_form_twenty_times_at_once_is_one_receipt(app: App) -> None:
    bill = await _bill(app)
    await _open(app)
    assert len(set(await asyncio.gather(*(_take(app, 30_000, "f1") for _ in range(20))))) == 1
    assert await opened(app, bill) == [70_000]
    assert await _count(app, 35_000) == "closed"
    assert await balance(app, "over_short") == 0


async def test_a_count_that_is_right_closes_the_drawer(app: App) -> None:
    await _bill(app)
    await _open(app)
    await _take(app, 30_000, "f1")
    async with app.db.writing() as conn:
        await drawer.turn_in(conn, app, cashier=CUSTOMER, amount_minor=20_000, key="t1")
        with pytest.raises(Refused):
            await drawer.turn_in(conn, app, cashier=CUSTOMER, amount_minor=15_001, key="t2")
    assert await _count(app, 15_000) == "closed"
    assert await balance(app, "over_short") == 0


async def test_a_small_shortage_is_booked_and_a_large_one_waits_for_another_person(app: App) -> None:
    await _bill(app)
    await _open(app)
    await _take(app, 30_000, "f1")
    assert await _count(app, 34_990) == "closed"
    assert (await balance(app, "over_short"), await balance(app, "cash:cash")) == (10, 29_990)
    await _open(app)
    assert await _count(app, 30_000) == "counted"
    with pytest.raises(Refused, match="a drawer already"):
        await _open(app)
    async with app.db.writing() as conn:
        waits = (await conn.execute(select(approval))).one()
        assert waits.payload["off"] == "250.00"
        with pytest.raises(Refused, match="yourself"):
            await approved.decide(conn, app, waits.id, checker=CUSTOMER, seen=waits.seal, yes=True)
        await approved.decide(conn, app, waits.id, checker="user:boss", seen=waits.seal, yes=True)
        assert await verify.problems(conn) == []
    assert (await balance(app, "over_short"), await balance(app, "cash:cash")) == (10 - 25_000, 29_990 + 25_000)


async def test_a_count_the_second_person_does_not_accept_is_made_again(single: App) -> None:
    await _bill(single)
    await _open(single)
    assert await _count(single, 90_000) == "counted"
    async with single.db.writing() as conn:
        waits = (await conn.execute(select(approval))).one()
        await approved.decide(conn, single, waits.id, checker="user:boss", seen=waits.seal, yes=False)
    assert await _count(single, 5_000) == "closed"
    assert await balance(single, "over_short") == 0


async def test_without_an_open_drawer_no_cash_is_taken(single: App) -> None:
    await _bill(single)
    with pytest.raises(Refused, match="no open drawer"):
        await _take(single, 100, "f1")
    await _open(single)
    for wrong in (("NOBODY", 100), ("ACC100", 0), ("ACC100", -5)):
        with pytest.raises(Refused):
            await _take(single, wrong[1], "f1", wrong[0])
    assert await balance(single, "cash:cash") == 0


async def test_two_drawers_of_one_person_cannot_be_open(app: App) -> None:
    told = await asyncio.gather(*(_open(app) for _ in range(5)), return_exceptions=True)
    assert Counter(type(one).__name__ for one in told) == Counter(int=1, Refused=4)
    async with app.db.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(drawers))).scalar_one() == 1


async def test_a_float_has_its_limit(single: App) -> None:
    policy = single.operator.model_copy(update={"cash_desk": CashDesk(float_at_most="40")})
    with pytest.raises(Refused):
        await _open(replace(single, operator=policy))


async def test_an_open_drawer_keeps_its_day_open_and_a_deposit_is_matched_with_the_bank(
    single: App, tmp_path: Path
) -> None:
    await _bill(single)
    await _open(single)
    await _take(single, 30_000, "f1")
    day = single.today()
    assert isinstance(single.clock, SetClock)
    single.clock.forward(timedelta(days=1))
    async with single.db.writing() as conn:
        with pytest.raises(Refused, match="not explained"):
            await close.close(conn, single, day, actor="user:finance")
    await _count(single, 35_000)
    async with single.db.writing() as conn:
        await close.close(conn, single, day, actor="user:finance")
        await drawer.take_to_bank(conn, single, actor=CUSTOMER, branch_id=None, slip="SLIP-77", amount_minor=30_000)
        with pytest.raises(Refused, match="slip"):
            await drawer.take_to_bank(conn, single, actor=CUSTOMER, branch_id=None, slip="SLIP-77", amount_minor=30_000)
        await run.run(conn, single, single.today())
        assert (
            await conn.execute(select(difference.c.state).where(difference.c.kind == "deposit_missing"))
        ).scalar_one() == "late"
    assert (await balance(single, "cash:cash"), await balance(single, "deposits")) == (0, 30_000)
    on = single.today()
    single.clock.forward(timedelta(days=1))
    file = Paper(on + timedelta(days=1)).entry(29_900, "B1", purpose="deposit slip-77").camt(tmp_path)
    await bank_statement.bring_in(single, file)
    async with single.db.writing() as conn:
        await run.run(conn, single, on)
        rows = (
            await conn.execute(select(difference.c.kind, difference.c.amount_minor).where(difference.c.state == "open"))
        ).all()
        assert len((await conn.execute(select(deposit))).all()) == 1
    assert ([tuple(row) for row in rows], await balance(single, "bank"), await balance(single, "deposits")) == (
        [("deposit_amount", -100)],
        29_900,
        100,
    )


async def test_who_is_over_or_short_by_how_much_can_be_seen(single: App) -> None:
    await _bill(single)
    for off in (-10, 4):
        await _open(single)
        await _count(single, 5_000 + off)
    async with single.db.reading() as conn:
        [row] = await queries.over_and_short(conn, single.today(), single.today())
    assert tuple(row) == (CUSTOMER, 2, -6)
