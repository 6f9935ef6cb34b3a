"""Reminders: a few days before the due day, once each, only for what is open and undisputed."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select, update

from core.context import App
from core.ledger.tables import open_item
from core.notices import reminders
from core.outbox.queue import outbox
from tests.people import a_bill, a_branch, a_customer

DUE = date(2026, 3, 24)


async def _keys(app: App) -> list[str]:
    async with app.db.reading() as conn:
        return list((await conn.execute(select(outbox.c.key).order_by(outbox.c.key))).scalars())


async def _bills(app: App) -> list[int]:
    """One wholly open, one paid, one wholly disputed, one due later."""
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        return [
            await a_bill(conn, app, customer, due=DUE, token="a", month=1),
            await a_bill(conn, app, customer, due=DUE, open_minor=0, token="b", month=2),
            await a_bill(conn, app, customer, due=DUE, open_minor=500, disputed=500, token="c", month=3),
            await a_bill(conn, app, customer, due=DUE + timedelta(days=9), token="d", month=4),
        ]


async def test_a_reminder_is_due_three_days_before_and_once(app: App) -> None:
    first, *_ = await _bills(app)
    assert await reminders.due(app, DUE - timedelta(days=4)) == 0
    assert await reminders.due(app, DUE - timedelta(days=3)) == 1
    assert await reminders.due(app, DUE - timedelta(days=3)) == 0
    assert await _keys(app) == [f"reminder:{first}:2026-03-24"]


async def test_a_missed_day_is_caught_up_until_the_due_day_and_not_after(app: App) -> None:
    await _bills(app)
    assert await reminders.due(app, DUE + timedelta(days=1)) == 0
    assert await reminders.due(app, DUE) == 1


async def test_a_day_that_moves_is_reminded_of_anew(app: App) -> None:
    first, *_ = await _bills(app)
    await reminders.due(app, DUE)
    async with app.db.writing() as conn:
        await conn.execute(
            update(open_item).where(open_item.c.invoice_id == first).values(due_on=DUE + timedelta(days=2))
        )
    assert await reminders.due(app, DUE + timedelta(days=1)) == 1
    assert await _keys(app) == [f"reminder:{first}:2026-03-24", f"reminder:{first}:2026-03-26"]


async def test_more_than_a_batch_is_reminded(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bills = [await a_bill(conn, app, customer, due=DUE, token=str(at), revision=at) for at in range(12)]
    reminders.BATCH, kept = 5, reminders.BATCH
    try:
        assert await reminders.due(app, DUE) == len(bills)
    finally:
        reminders.BATCH = kept


async def test_who_is_left_out_to_compare_with_gets_none(app: App) -> None:
    first, *_ = await _bills(app)
    assert first
    async with app.db.reading() as conn:
        theirs = int(await conn.scalar(select(open_item.c.account_id).limit(1)) or 0)
    share = theirs // 7 % 100
    for percent, told in ((share + 1, 0), (share, 1)):
        rules = app.operator.notices.model_copy(update={"reminder_holdout": percent})
        some = replace(app, operator=app.operator.model_copy(update={"notices": rules}))
        assert await reminders.due(some, DUE) == told
