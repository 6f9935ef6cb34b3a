"""A disputed line freezes its amount and nothing else, once; a verdict releases it."""

import asyncio

import pytest
from sqlalchemy import insert, select

from core.billing.tables import invoice_line
from core.care import disputes, queries
from core.care.model import Ticket
from core.context import App
from core.errors import Refused
from core.journeys import dispute_decided, line_disputed
from core.journeys.dispute_decided import DisputeDecision
from core.ledger.tables import open_item
from tests.people import Customer, a_bill, a_branch, a_customer
from tests.readers import disputes_of


async def a_bill_of_two_lines(app: App, *, open_minor: int = 100_00) -> tuple[Customer, int]:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bill = await a_bill(conn, app, customer, total=100_00, open_minor=open_minor)
        for position, amount in ((1, 70_00), (2, 30_00)):
            await conn.execute(
                insert(invoice_line).values(
                    invoice_id=bill,
                    position=position,
                    service_id=1,
                    code=f"c{position}",
                    label={},
                    amount_minor=amount,
                    kind="charge",
                    booked_on=app.today(),
                )
            )
    return customer, bill


async def contest(app: App, customer: Customer, bill: int, key: str, position: int = 1) -> Ticket:
    async with app.db.writing() as conn:
        return await line_disputed.dispute(
            conn,
            app,
            account_id=customer.account_id,
            invoice_id=bill,
            position=position,
            reason="too much",
            contact_id=customer.contact_id,
            key=key,
        )


async def frozen(app: App) -> int:
    async with app.db.reading() as conn:
        return int((await conn.execute(select(open_item.c.disputed_minor))).scalar_one())


async def test_only_the_line_is_frozen_and_once(app: App) -> None:
    customer, bill = await a_bill_of_two_lines(app)
    tickets = await asyncio.gather(*(contest(app, customer, bill, "tap") for _ in range(10)))
    assert len({one.reference for one in tickets}) == 1
    other = await contest(app, customer, bill, "another wish")
    assert other.id == tickets[0].id
    assert await frozen(app) == 70_00


async def test_two_lines_and_the_whole_bill_never_freeze_more_than_is_open(app: App) -> None:
    customer, bill = await a_bill_of_two_lines(app, open_minor=80_00)
    await contest(app, customer, bill, "a", 1)
    await contest(app, customer, bill, "b", 2)
    await contest(app, customer, bill, "c", line_disputed.WHOLE_BILL)
    assert await frozen(app) == 80_00
    async with app.db.reading() as conn:
        assert [one.amount_minor for one in await disputes_of(conn, [bill])] == [70_00, 10_00, 0]


async def test_a_rejected_dispute_is_due_again_and_may_be_opened_anew(app: App) -> None:
    customer, bill = await a_bill_of_two_lines(app)
    ticket = await contest(app, customer, bill, "a")
    async with app.db.writing() as conn:
        [dispute] = await disputes_of(conn, [bill])
        for _ in range(2):
            decided = await dispute_decided.decide(conn, app, dispute.id, "rejected", actor="user:ann")
            assert decided == DisputeDecision("rejected")
        assert (await queries.by_id(conn, ticket.id)).state == "solved"
    assert await frozen(app) == 0
    assert (await contest(app, customer, bill, "b")).id != ticket.id


async def test_nobody_disputes_anothers_bill_or_a_line_that_is_not_there(app: App) -> None:
    customer, bill = await a_bill_of_two_lines(app)
    async with app.db.writing() as conn:
        stranger = await a_customer(conn, app, 2)
    for who, position in ((stranger, 1), (customer, 9)):
        with pytest.raises(Refused, match=r"dispute\.unknown_line"):
            await contest(app, who, bill, f"k{position}", position)
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match=r"dispute\.unknown"):
            await disputes.decide(conn, app, 5, "rejected", "user:ann")
        with pytest.raises(ValueError, match="verdict"):
            await disputes.decide(conn, app, 5, "maybe", "user:ann")
