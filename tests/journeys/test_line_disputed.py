"""A disputed line freezes its amount and nothing else, once; a verdict releases it."""

import asyncio

import pytest
from sqlalchemy import insert, select

from core.billing.tables import invoice_line, open_item
from core.care import disputes, queries
from core.care.model import Ticket
from core.context import House
from core.errors import Refused
from core.journeys import dispute_decided, line_disputed
from core.journeys.dispute_decided import Decision
from tests.people import Customer, a_bill, a_branch, a_customer
from tests.readers import disputes_of


async def a_bill_of_two_lines(house: House, *, open_minor: int = 100_00) -> tuple[Customer, int]:
    async with house.db.writing() as conn:
        await a_branch(conn, house)
        customer = await a_customer(conn, house)
        bill = await a_bill(conn, house, customer, total=100_00, open_minor=open_minor)
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
                    booked_on=house.today(),
                )
            )
    return customer, bill


async def contest(house: House, customer: Customer, bill: int, key: str, position: int = 1) -> Ticket:
    async with house.db.writing() as conn:
        return await line_disputed.dispute(
            conn,
            house,
            account_id=customer.account_id,
            invoice_id=bill,
            position=position,
            reason="too much",
            contact_id=customer.contact_id,
            key=key,
        )


async def frozen(house: House) -> int:
    async with house.db.reading() as conn:
        return int((await conn.execute(select(open_item.c.disputed_minor))).scalar_one())


async def test_only_the_line_is_frozen_and_once(house: House) -> None:
    customer, bill = await a_bill_of_two_lines(house)
    tickets = await asyncio.gather(*(contest(house, customer, bill, "tap") for _ in range(10)))
    assert len({one.reference for one in tickets}) == 1
    other = await contest(house, customer, bill, "another wish")
    assert other.id == tickets[0].id
    assert await frozen(house) == 70_00


async def test_two_lines_and_the_whole_bill_never_freeze_more_than_is_open(house: House) -> None:
    customer, bill = await a_bill_of_two_lines(house, open_minor=80_00)
    await contest(house, customer, bill, "a", 1)
    await contest(house, customer, bill, "b", 2)
    await contest(house, customer, bill, "c", line_disputed.WHOLE_BILL)
    assert await frozen(house) == 80_00
    async with house.db.reading() as conn:
        assert [one.amount_minor for one in await disputes_of(conn, [bill])] == [70_00, 10_00, 0]


async def test_a_rejected_dispute_is_due_again_and_may_be_opened_anew(house: House) -> None:
    customer, bill = await a_bill_of_two_lines(house)
    ticket = await contest(house, customer, bill, "a")
    async with house.db.writing() as conn:
        [dispute] = await disputes_of(conn, [bill])
        for _ in range(2):
            decided = await dispute_decided.decide(conn, house, dispute.id, "rejected", actor="user:ann")
            assert decided == Decision("rejected")
        assert (await queries.by_id(conn, ticket.id)).state == "solved"
    assert await frozen(house) == 0
    assert (await contest(house, customer, bill, "b")).id != ticket.id


async def test_nobody_disputes_anothers_bill_or_a_line_that_is_not_there(house: House) -> None:
    customer, bill = await a_bill_of_two_lines(house)
    async with house.db.writing() as conn:
        stranger = await a_customer(conn, house, 2)
    for who, position in ((stranger, 1), (customer, 9)):
        with pytest.raises(Refused, match=r"dispute\.unknown_line"):
            await contest(house, who, bill, f"k{position}", position)
    async with house.db.writing() as conn:
        with pytest.raises(Refused, match=r"dispute\.unknown"):
            await disputes.decide(conn, house, 5, "rejected", "user:ann")
        with pytest.raises(ValueError, match="verdict"):
            await disputes.decide(conn, house, 5, "maybe", "user:ann")
