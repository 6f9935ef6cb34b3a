"""Fees: said before they bite, once, under the law's cap, never for what is contested, and taken back with a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.approvals import decide as approvals
from core.billing import verify
from core.billing.queries import bill
from core.billing.tables import invoice, invoice_line
from core.clock import SetClock
from core.config.operator import Operator
from core.context import App
from core.errors import Refused
from core.journeys import approved
from core.journeys.dunning import fee_waiver, run
from core.journeys.follow import follow
from core.ledger import number
from core.ledger.tables import open_item
from tests.core.payments.made import owed
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

D = timedelta(days=1)


def _with(app: App, clock: SetClock, operator: Operator, **fees: str) -> Late:
    rules = operator.collections.model_copy(update={"fees": fees})
    return Late(App(clock, operator.model_copy(update={"collections": rules}), app.db, app.settings, follow), clock)


async def _begin(late: Late, **more: object) -> int:
    late.at(DUE)
    async with late.app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, late.app, **more)
    return account_id


async def _fees(late: Late) -> list[tuple[int, str, int]]:
    query = select(invoice.c.id, invoice_line.c.code, open_item.c.total_minor).where(invoice.c.series == "fee")
    query = query.join(invoice_line, invoice_line.c.invoice_id == invoice.c.id)
    async with late.app.db.reading() as conn:
        return [tuple(row) for row in await conn.execute(query.join(open_item, open_item.c.invoice_id == invoice.c.id))]


async def test_a_late_fee_is_said_first_charged_once_and_stands_in_the_books_like_a_bill(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _with(app, clock, operator, late="250")
    account_id = await _begin(late)
    await late.days(DUE + D, DUE + 8 * D)
    assert "fee of KES 250" in late.texts()[0]
    await run.run(late.app, late.app.today())
    await late.send()
    [(invoice_id, code, minor)] = await _fees(late)
    assert (code, minor, await owed(app, account_id)) == ("late_fee", 25_000, 75_000)
    async with app.db.reading() as conn:
        shown = await bill(conn, invoice_id=invoice_id, context=late.app)
        assert shown is not None and shown.services[0].lines[0].label["sw"] == "Ada ya kuchelewa"
        assert [one for one in await verify.proof(conn) if "FEE" in one] == []


async def test_a_fee_is_not_charged_for_what_is_contested_when_it_would_be(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _with(app, clock, operator, late="250")
    await _begin(late)
    await late.days(DUE + D, DUE + 6 * D)
    late.at(DUE + 7 * D, 7)
    await run.run(late.app, DUE + 7 * D)
    async with app.db.writing() as conn:
        await conn.execute(update(open_item).values(disputed_minor=open_item.c.open_minor))
    await late.send()
    assert await _fees(late) == []


@pytest.mark.parametrize("cap", [None, "30"])
async def test_money_that_reconnects_costs_one_fee_under_the_cap(
    app: App, clock: SetClock, operator: Operator, cap: str | None
) -> None:
    late = _with(app, clock, operator, reconnection="250", **({"reconnection_cap": cap} if cap else {}))
    await _begin(late)
    await late.days(DUE + D, DUE + 15 * D)
    assert await _fees(late) == []
    await late.pay("ACC100", 50_000, "T1")
    await late.pay("ACC100", 100, "T2")
    assert [(code, minor) for _, code, minor in await _fees(late)] == [("reconnection_fee", 3_000 if cap else 25_000)]


async def test_a_restriction_the_network_never_carried_out_costs_nothing(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _with(app, clock, operator, reconnection="250")
    late.network.manners = ["down"]
    await _begin(late)
    await late.days(DUE + D, DUE + 15 * D)
    await late.pay("ACC100", 50_000, "T1")
    assert await _fees(late) == []


async def _charged(late: Late) -> tuple[int, int]:
    account_id = await _begin(late)
    await late.days(DUE + D, DUE + 8 * D)
    [(invoice_id, *_)] = await _fees(late)
    return account_id, invoice_id


async def test_a_fee_is_taken_back_with_a_reason_once_by_a_note_and_they_hear_of_it(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _with(app, clock, operator, late="250")
    account_id, invoice_id = await _charged(late)
    for whose, reason, why in (
        (account_id, " x ", "reason"),
        (account_id + 1, "first time", "unknown"),
        (account_id, "first time", ""),
        (account_id, "again", "done"),
    ):
        async with app.db.writing() as conn:
            if why:
                with pytest.raises(Refused, match=rf"fee\.waive\.{why}"):
                    await fee_waiver.waive(conn, late.app, whose, invoice_id, reason=reason, actor="user:a")
            else:
                note = await fee_waiver.waive(conn, late.app, whose, invoice_id, reason=reason, actor="user:a")
                assert note is not None and (note.number, note.amount_minor) == ("CN-000001", 25_000)
    assert await owed(app, account_id) == 50_000
    await late.send()
    assert "took back a fee of KES 250" in late.texts()[-1]
    async with app.db.reading() as conn:
        [row] = await fee_waiver.fees_of(conn, account_id)
        assert (row.number, row.open_minor, row.waived) == ("FEE-000001", 0, "CN-000001")
        assert [one for one in await verify.problems(conn) if "FEE" in one or "fee" in one or "CN" in one] == []


async def test_a_fee_that_was_paid_comes_back_as_credit(app: App, clock: SetClock, operator: Operator) -> None:
    late = _with(app, clock, operator, late="250")
    account_id, invoice_id = await _charged(late)
    await late.pay("ACC100", 75_000, "T1")
    async with app.db.writing() as conn:
        await fee_waiver.waive(conn, late.app, account_id, invoice_id, reason="our mistake", actor="user:a")
    assert await owed(app, account_id) == -25_000


async def test_a_fee_above_the_credit_limit_is_taken_back_by_two(app: App, clock: SetClock, operator: Operator) -> None:
    billing = operator.billing.model_copy(update={"credit_limit": "100"})
    late = _with(app, clock, operator.model_copy(update={"billing": billing}), late="250")
    account_id, invoice_id = await _charged(late)
    async with app.db.writing() as conn:
        assert await fee_waiver.waive(conn, late.app, account_id, invoice_id, reason="a flood", actor="user:a") is None
        with pytest.raises(Refused, match=r"fee\.waive\.asked"):
            await fee_waiver.waive(conn, late.app, account_id, invoice_id, reason="a flood", actor="user:a")
    assert await owed(app, account_id) == 75_000
    async with app.db.writing() as conn:
        [asked] = await approvals.waiting(conn)
        await approved.decide(conn, late.app, asked.id, checker="user:b", seen=asked.seal, yes=True)
    assert await owed(app, account_id) == 50_000


async def test_a_gap_in_the_numbers_of_fees_is_found(app: App, clock: SetClock, operator: Operator) -> None:
    late = _with(app, clock, operator, late="250")
    await _charged(late)
    async with app.db.writing() as conn:
        await number.take(conn, "fee", 1)
        assert "fee number 2 is missing" in await verify.problems(conn)


async def test_what_was_paid_too_much_pays_the_fee(app: App, clock: SetClock, operator: Operator) -> None:
    late = _with(app, clock, operator, reconnection="250")
    account_id = await _begin(late)
    await late.days(DUE + D, DUE + 15 * D)
    await late.pay("ACC100", 80_000, "T1")
    assert await owed(app, account_id) == -5_000
    async with app.db.reading() as conn:
        assert (await conn.execute(select(open_item.c.open_minor))).scalars().all() == [0, 0]
