"""Reminders: a few days before the due day, once each, only for what is open and undisputed."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select, update

from core.billing.tables import open_item
from core.context import House
from core.notices import reminders
from core.outbox.queue import outbox
from tests.people import a_bill, a_branch, a_customer

DUE = date(2026, 3, 24)


async def _keys(house: House) -> list[str]:
    async with house.db.reading() as conn:
        return list((await conn.execute(select(outbox.c.key).order_by(outbox.c.key))).scalars())


async def _bills(house: House) -> list[int]:
    """One wholly open, one paid, one wholly disputed, one due later."""
    async with house.db.writing() as conn:
        await a_branch(conn, house)
        customer = await a_customer(conn, house)
        return [
            await a_bill(conn, house, customer, due=DUE, token="a", month=1),
            await a_bill(conn, house, customer, due=DUE, open_minor=0, token="b", month=2),
            await a_bill(conn, house, customer, due=DUE, open_minor=500, disputed=500, token="c", month=3),
            await a_bill(conn, house, customer, due=DUE + timedelta(days=9), token="d", month=4),
        ]


async def test_a_reminder_is_due_three_days_before_and_once(house: House) -> None:
    first, *_ = await _bills(house)
    assert await reminders.due(house, DUE - timedelta(days=4)) == 0
    assert await reminders.due(house, DUE - timedelta(days=3)) == 1
    assert await reminders.due(house, DUE - timedelta(days=3)) == 0
    assert await _keys(house) == [f"reminder:{first}:2026-03-24"]


async def test_a_missed_day_is_caught_up_until_the_due_day_and_not_after(house: House) -> None:
    await _bills(house)
    assert await reminders.due(house, DUE + timedelta(days=1)) == 0
    assert await reminders.due(house, DUE) == 1


async def test_a_day_that_moves_is_reminded_of_anew(house: House) -> None:
    first, *_ = await _bills(house)
    await reminders.due(house, DUE)
    async with house.db.writing() as conn:
        await conn.execute(
            update(open_item).where(open_item.c.invoice_id == first).values(due_on=DUE + timedelta(days=2))
        )
    assert await reminders.due(house, DUE + timedelta(days=1)) == 1
    assert await _keys(house) == [f"reminder:{first}:2026-03-24", f"reminder:{first}:2026-03-26"]


async def test_more_than_a_batch_is_reminded(house: House) -> None:
    async with house.db.writing() as conn:
        await a_branch(conn, house)
        customer = await a_customer(conn, house)
        bills = [await a_bill(conn, house, customer, due=DUE, token=str(at), revision=at) for at in range(12)]
    reminders.BATCH, kept = 5, reminders.BATCH
    try:
        assert await reminders.due(house, DUE) == len(bills)
    finally:
        reminders.BATCH = kept


async def test_who_is_left_out_to_compare_with_gets_none(house: House) -> None:
    first, *_ = await _bills(house)
    assert first
    async with house.db.reading() as conn:
        hers = int(await conn.scalar(select(open_item.c.account_id).limit(1)) or 0)
    share = hers // 7 % 100
    for percent, told in ((share + 1, 0), (share, 1)):
        rules = house.operator.notices.model_copy(update={"reminder_holdout": percent})
        some = replace(house, operator=house.operator.model_copy(update={"notices": rules}))
        assert await reminders.due(some, DUE) == told
