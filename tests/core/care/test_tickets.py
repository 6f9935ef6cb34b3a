"""Tickets: one for one trouble, a reference that survives a keypad, linked to what we know already."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.care import outages, queries, reference, tickets
from core.care.model import Ticket
from core.care.tables import ticket
from core.clock import SetClock
from core.context import House
from core.errors import Refused
from core.outbox.queue import outbox
from core.parties.tables import premise
from tests.people import Customer, a_branch, a_customer


async def someone(house: House, number: int = 1, area: str = "Kibera") -> tuple[Customer, int]:
    """A customer and her premise."""
    async with house.db.writing() as conn:
        if number == 1:
            await a_branch(conn, house)
        customer = await a_customer(conn, house, number, area=area)
        home = (await conn.execute(select(func.max(premise.c.id)))).scalar_one()
    return customer, int(home)


async def tell(house: House, who: tuple[Customer, int], key: str, kind: str = "no_supply") -> Ticket:
    async with house.db.writing() as conn:
        return await tickets.open_ticket(
            conn,
            house,
            key=key,
            kind=kind,
            contact_id=who[0].contact_id,
            account_id=who[0].account_id,
            premise_id=who[1],
        )


@pytest.mark.parametrize("number", ["4821937", "1000000", "9999999"])
def test_a_wrong_digit_and_two_swapped_ones_are_noticed(number: str) -> None:
    digits = reference.written(number).replace("T", "").replace("-", "")
    assert reference.read(f"t {digits}") == reference.written(number)
    for at, digit in enumerate(digits):
        for other in "0123456789".replace(digit, ""):
            assert reference.read(digits[:at] + other + digits[at + 1 :]) is None
        if at and digits[at - 1] != digit:
            assert reference.read(digits[: at - 1] + digit + digits[at - 1] + digits[at + 1 :]) is None


@pytest.mark.parametrize("typed", ["", "T-", "5", "hello", "٤٨٢١٩٣٧٥", "4821937"])
def test_what_is_no_reference_is_none(typed: str) -> None:
    assert reference.read(typed) is None


async def test_the_same_key_opens_one_ticket_even_at_the_same_instant(house: House) -> None:
    who = await someone(house)
    found = await asyncio.gather(*(tell(house, who, "turn:1", "meter") for _ in range(10)))
    assert len({one.reference for one in found}) == 1
    assert found[0].branch_id is not None and found[0].severity == "normal"


async def test_the_same_trouble_told_again_is_the_same_ticket_until_it_is_solved(house: House) -> None:
    who = await someone(house)
    first = await tell(house, who, "a")
    again = [await tell(house, who, "b"), await tell(house, who, "b")]
    assert [one.id for one in again] == [first.id, first.id]
    assert (await tell(house, who, "c", "meter")).id != first.id
    async with house.db.writing() as conn:
        await tickets.move(conn, house, first.id, "solved", actor="user:ann")
        log = [entry.kind for entry in await queries.log_of(conn, first.id)]
    assert log == ["opened", "reported_again", "solved"]
    assert (await tell(house, who, "d")).id != first.id


async def test_a_ticket_is_found_by_its_reference_and_by_its_owner(house: House) -> None:
    who = await someone(house)
    made = await tell(house, who, "a")
    async with house.db.reading() as conn:
        found = await tickets.by_reference(conn, made.reference.replace("-", " ").lower())
        assert found == made
        assert await tickets.tickets_of(conn, contact_id=who[0].contact_id, open_only=True) == [made]
        assert await tickets.tickets_of(conn, account_id=who[0].account_id) == [made]
        assert await tickets.tickets_of(conn) == []
        assert await tickets.by_reference(conn, reference.written("1234567")) is None


async def test_a_ticket_goes_only_where_it_may(house: House) -> None:
    made = await tell(house, await someone(house), "a")
    async with house.db.writing() as conn:
        await tickets.move(conn, house, made.id, "closed", actor="user:ann")
        for to in ("open", "solved", "waiting"):
            with pytest.raises(Refused, match=r"ticket\.no_such_move"):
                await tickets.move(conn, house, made.id, to, actor="user:ann")


async def test_the_customer_hears_when_it_is_solved_and_what_a_clerk_writes(house: House) -> None:
    made = await tell(house, await someone(house), "a")
    async with house.db.writing() as conn:
        await tickets.move(conn, house, made.id, "waiting", actor="user:ann")
        await tickets.reply(conn, house, made.id, actor="user:ann", text="Is the main switch on?")
        await tickets.reply(conn, house, made.id, actor="customer:1", text="Yes")
        assert (await queries.by_id(conn, made.id)).state == "open"
        await tickets.move(conn, house, made.id, "solved", actor="user:ann")
        await tickets.move(conn, house, made.id, "solved", actor="user:ann")
        sent = (await conn.execute(select(outbox.c.template).order_by(outbox.c.id))).scalars().all()
    assert sent == ["ticket.replied", "ticket.solved"]


async def test_a_known_outage_explains_a_new_ticket_and_a_new_outage_the_open_ones(
    house: House, clock: SetClock
) -> None:
    early, late = await someone(house), await someone(house, 2)
    elsewhere = await someone(house, 3, area="Karen")
    first, other, meter = (
        await tell(house, early, "a"),
        await tell(house, elsewhere, "b"),
        await tell(house, early, "c", "meter"),
    )
    async with house.db.writing() as conn:
        outage = await outages.begin(
            conn,
            house,
            commodity="electricity",
            area="kibera",
            cause="a fallen line",
            actor="user:ann",
            expected_until=clock.now() + timedelta(hours=2),
        )
        again = await outages.begin(conn, house, commodity="electricity", area="Kibera", cause="x", actor="user:ann")
        assert again.id == outage.id
        assert await outages.known(conn, house, area="Kibera", commodity="electricity") == outage
        assert await outages.known(conn, house, area="Kibera", commodity="water") is None
        assert await outages.running(conn) == [outage]
    second = await tell(house, late, "d")
    async with house.db.writing() as conn:
        linked = {row.id: row.outage_id for row in await conn.execute(select(ticket.c.id, ticket.c.outage_id))}
        assert linked == {first.id: outage.id, second.id: outage.id, other.id: None, meter.id: None}
        assert await outages.end(conn, house, outage.id, "user:ann") == 2
        assert await outages.end(conn, house, outage.id, "user:ann") == 0
        told = (await conn.execute(select(outbox.c.contact_id).order_by(outbox.c.contact_id))).scalars().all()
        states = {row.id: row.state for row in await conn.execute(select(ticket.c.id, ticket.c.state))}
    assert told == sorted([early[0].contact_id, late[0].contact_id])
    assert [states[one.id] for one in (first, second, other, meter)] == ["solved", "solved", "open", "open"]


async def test_the_gravest_ticket_comes_first_in_the_queue(house: House) -> None:
    who = await someone(house)
    await tell(house, who, "a", "meter")
    await tell(house, who, "b", "danger")
    async with house.db.reading() as conn:
        assert [one.kind for one in await queries.queue(conn)] == ["danger", "meter"]
        assert await queries.queue(conn, queries.Chosen(branch_id=99)) == []
