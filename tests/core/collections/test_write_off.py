"""Writing off needs a second person, takes no contested cent, balances to the cent, and is brought back by money that comes after."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core.approvals import decide as approvals
from core.clock import SetClock
from core.collections import write_off
from core.collections.tables import episode
from core.context import App
from core.errors import Refused
from core.journeys import approved
from core.ledger import queries as ledger
from core.ledger.tables import open_item
from core.overview.written_off import WrittenOff, as_csv, written_off
from tests.core.payments.made import a_bill, owed
from tests.journeys.arrears_at_work import DUE, Late, a_late_account


async def _off(app: App, account_id: int) -> None:
    async with app.db.writing() as conn:
        await write_off.ask(conn, app, account_id, reason="emigrated", actor="user:a")
        [one] = await approvals.waiting(conn)
        await approved.decide(conn, app, one.id, checker="user:b", seen=one.seal, yes=True)


async def _bad_debt(app: App) -> int:
    async with app.db.reading() as conn:
        return await ledger.balance(conn, "bad_debt", 0, "KES")


async def _open(app: App) -> list[tuple[int, int]]:
    async with app.db.reading() as conn:
        rows = await conn.execute(select(open_item.c.open_minor, open_item.c.disputed_minor))
        return [tuple(row) for row in rows]


async def test_what_is_written_off_is_not_owed_and_later_money_brings_it_back(app: App, clock: SetClock) -> None:
    late = Late(app, clock)
    late.at(DUE)
    async with app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, app)
    await late.days(DUE + timedelta(days=1), DUE + timedelta(days=3))
    await _off(app, account_id)
    assert (await owed(app, account_id), await _bad_debt(app), await _open(app)) == (0, 50_000, [(0, 0)])
    async with app.db.reading() as conn:
        assert (await conn.execute(select(episode.c.ended_why))).scalar_one() == "paid"
    await late.pay("ACC100", 30_000, "T1")
    assert (await owed(app, account_id), await _bad_debt(app), await _open(app)) == (0, 20_000, [(0, 0)])
    await late.pay("ACC100", 25_000, "T2")
    assert (await owed(app, account_id), await _bad_debt(app)) == (-5_000, 0)


async def test_a_disputed_cent_is_not_written_off_nor_what_was_paid_before_the_yes(app: App, clock: SetClock) -> None:
    late = Late(app, clock)
    late.at(DUE + timedelta(days=1))
    async with app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, app, disputed=20_000)
        await write_off.ask(conn, app, account_id, reason="old", actor="user:a")
        [one] = await approvals.waiting(conn)
        assert one.payload["amount"] == "300.00"
    await late.pay("ACC100", 10_000, "T1")
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match="own"):
            await approved.decide(conn, app, one.id, checker="user:a", seen=one.seal, yes=True)
    async with app.db.writing() as conn:
        await approved.decide(conn, app, one.id, checker="user:b", seen=one.seal, yes=True)
    assert (await _bad_debt(app), await _open(app)) == (20_000, [(20_000, 20_000)])


async def test_nothing_overdue_is_nothing_to_write_off(app: App, clock: SetClock) -> None:
    clock.instant = clock.instant.replace(year=2026, month=2, day=1)
    async with app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, app, due=date(2026, 2, 20))
        with pytest.raises(Refused, match="nothing"):
            await write_off.ask(conn, app, account_id, reason="x", actor="user:a")


async def test_the_same_receipt_followed_twice_brings_back_once(app: App, clock: SetClock) -> None:
    late = Late(app, clock)
    late.at(DUE + timedelta(days=1))
    async with app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, app)
    await _off(app, account_id)
    for _ in range(2):
        await late.pay("ACC100", 30_000, "T1")
    assert await _bad_debt(app) == 20_000


async def test_money_that_an_open_bill_needs_brings_nothing_back(app: App, clock: SetClock) -> None:
    late = Late(app, clock)
    late.at(DUE + timedelta(days=1))
    async with app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, app)
    await _off(app, account_id)
    async with app.db.writing() as conn:
        await a_bill(conn, app, account_id, 40_000, due_on=DUE + timedelta(days=30))
    await late.pay("ACC100", 45_000, "T1")
    assert (await owed(app, account_id), await _bad_debt(app)) == (0, 45_000)


async def test_the_tax_in_what_was_written_off_is_claimed_back_but_for_what_came_after_all(
    app: App, clock: SetClock
) -> None:
    one = WrittenOff(date(2026, 3, 1), "A", "N", "B", "I1", None, 11_600, 1_600, 10_000, 2_900)
    assert (one.tax_minor, one.relief_minor) == (1_379, 979), "of 100.00 and of 71.00, cents cut"
    assert WrittenOff(date(2026, 3, 1), "A", "N", "B", "I1", None, 0, 0, 5, 0).relief_minor == 0
    late = Late(app, clock)
    late.at(DUE + timedelta(days=5))
    async with app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, app)
    await _off(app, account_id)
    await late.pay("ACC100", 20_000, "T1")
    today = app.today()
    async with app.db.reading() as conn:
        [found] = await written_off(conn, app, today, today)
        assert await written_off(conn, app, today, today, branch_code="elsewhere") == []
        assert await written_off(conn, app, today - timedelta(days=9), today - timedelta(days=1)) == []
    assert (found.account, found.amount_minor, found.recovered_minor) == ("ACC100", 50_000, 20_000)
    lines = as_csv([found], "KES").splitlines()
    assert len(lines) == 3 and lines[2].startswith("together,") and lines[2].endswith("500.00,0.00,200.00,0.00")
