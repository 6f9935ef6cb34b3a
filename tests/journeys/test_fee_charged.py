"""Fees: said before they bite, once, under the law's cap, never for what is contested, and taken back with a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.billing import fee_note, verify
from core.billing.queries import bill
from core.billing.tables import invoice, invoice_line, open_item
from core.clock import SetClock
from core.config import Operator
from core.house import House
from core.journeys import ladder_run
from tests.core.payments.made import owed
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

D = timedelta(days=1)


def _with(house: House, clock: SetClock, operator: Operator, **fees: str) -> Late:
    rules = operator.collections.model_copy(update={"fees": fees})
    return Late(House(house.db, clock, operator.model_copy(update={"collections": rules}), house.settings), clock)


async def _begin(late: Late, **more: object) -> int:
    late.at(DUE)
    async with late.house.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, late.house, **more)
    return account_id


async def _fees(late: Late) -> list[tuple[int, str, int]]:
    query = select(invoice.c.id, invoice_line.c.code, open_item.c.total_minor).where(invoice.c.series == "fee")
    query = query.join(invoice_line, invoice_line.c.invoice_id == invoice.c.id)
    async with late.house.db.reading() as conn:
        return [tuple(row) for row in await conn.execute(query.join(open_item, open_item.c.invoice_id == invoice.c.id))]


async def test_a_late_fee_is_said_first_charged_once_and_stands_in_the_books_like_a_bill(
    house: House, clock: SetClock, operator: Operator
) -> None:
    late = _with(house, clock, operator, late="250")
    account_id = await _begin(late)
    await late.days(DUE + D, DUE + 8 * D)
    assert "fee of KES 250" in late.texts()[0]
    await ladder_run.run(late.house, late.house.today())
    await late.send()
    [(invoice_id, code, minor)] = await _fees(late)
    assert (code, minor, await owed(house, account_id)) == ("late_fee", 25_000, 75_000)
    async with house.db.reading() as conn:
        shown = await bill(conn, invoice_id=invoice_id, house=late.house)
        assert shown is not None and shown.services[0].lines[0].label["sw"] == "Ada ya kuchelewa"
        assert [one for one in await verify.proof(conn) if "FEE" in one] == []


async def test_a_fee_is_not_charged_for_what_is_contested_when_it_would_be(
    house: House, clock: SetClock, operator: Operator
) -> None:
    late = _with(house, clock, operator, late="250")
    await _begin(late)
    await late.days(DUE + D, DUE + 6 * D)
    late.at(DUE + 7 * D, 7)
    await ladder_run.run(late.house, DUE + 7 * D)
    async with house.db.writing() as conn:
        await conn.execute(update(open_item).values(disputed_minor=open_item.c.open_minor))
    await late.send()
    assert await _fees(late) == []


@pytest.mark.parametrize("cap", [None, "30"])
async def test_money_that_reconnects_costs_one_fee_under_the_cap(
    house: House, clock: SetClock, operator: Operator, cap: str | None
) -> None:
    late = _with(house, clock, operator, reconnection="250", **({"reconnection_cap": cap} if cap else {}))
    await _begin(late)
    await late.days(DUE + D, DUE + 15 * D)
    assert await _fees(late) == []
    await late.pay("ACC100", 50_000, "T1")
    await late.pay("ACC100", 100, "T2")
    assert [(code, minor) for _, code, minor in await _fees(late)] == [("reconnection_fee", 3_000 if cap else 25_000)]


async def test_a_restriction_the_network_never_carried_out_costs_nothing(
    house: House, clock: SetClock, operator: Operator
) -> None:
    late = _with(house, clock, operator, reconnection="250")
    late.network.manners = ["down"]
    await _begin(late)
    await late.days(DUE + D, DUE + 15 * D)
    await late.pay("ACC100", 50_000, "T1")
    assert await _fees(late) == []


async def test_a_fee_is_taken_back_with_a_reason_once(house: House, clock: SetClock, operator: Operator) -> None:
    late = _with(house, clock, operator, late="250")
    account_id = await _begin(late)
    await late.days(DUE + D, DUE + 8 * D)
    [(invoice_id, *_)] = await _fees(late)
    async with house.db.writing() as conn:
        first = await fee_note.waive(conn, late.house, invoice_id, reason="first time", actor="user:a")
        assert (first, await fee_note.waive(conn, late.house, invoice_id, reason="again", actor="user:a")) == (
            25_000,
            0,
        )
    assert await owed(house, account_id) == 50_000


async def test_what_was_paid_too_much_pays_the_fee(house: House, clock: SetClock, operator: Operator) -> None:
    late = _with(house, clock, operator, reconnection="250")
    account_id = await _begin(late)
    await late.days(DUE + D, DUE + 15 * D)
    await late.pay("ACC100", 80_000, "T1")
    assert await owed(house, account_id) == -5_000
    async with house.db.reading() as conn:
        assert (await conn.execute(select(open_item.c.open_minor))).scalars().all() == [0, 0]
