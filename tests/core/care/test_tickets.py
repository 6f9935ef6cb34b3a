"""Tickets: one for one trouble, a reference that survives a keypad, linked to what we know already."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.care import outages, queries, reference, tickets
from core.care.model import Ticket
from core.care.tables import ticket
from core.clock import SetClock
from core.context import App
from core.errors import Refused
from core.outbox.queue import outbox
from core.parties.tables import premise
from tests.people import Customer, a_branch, a_customer


async def someone(app: App, number: int = 1, area: str = "Kibera") -> tuple[Customer, int]:
    """A customer and their premise."""
    async with app.db.writing() as conn:
        if number == 1:
            await a_branch(conn, app)
        customer = await a_customer(conn, app, number, area=area)
        home = (await conn.execute(select(func.max(premise.c.id)))).scalar_one()
    return customer, int(home)


async def tell(app: App, who: tuple[Customer, int], key: str, kind: str = "no_supply") -> Ticket:
    async with app.db.writing() as conn:
        return await tickets.open_ticket(
            conn,
            app,
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


async def test_the_same_key_opens_one_ticket_even_at_the_same_instant(app: App) -> None:
    who = await someone(app)
    found = await asyncio.gather(*(tell(app, who, "turn:1", "meter") for _ in range(10)))
    assert len({one.reference for one in found}) == 1
    assert found[0].branch_id is not None and found[0].severity == "normal"


async def test_the_same_trouble_told_again_is_the_same_ticket_until_it_is_solved(app: App) -> None:
    who = await someone(app)
    first = await tell(app, who, "a")
    again = [await tell(app, who, "b"), await tell(app, who, "b")]
    assert [one.id for one in again] == [first.id, first.id]
    assert (await tell(app, who, "c", "meter")).id != first.id
    async with app.db.writing() as conn:
        await tickets.move(conn, app, first.id, "solved", actor="user:ann")
        log = [entry.kind for entry in await queries.log_of(conn, first.id)]
    assert log == ["opened", "reported_again", "solved"]
    assert (await tell(app, who, "d")).id != first.id


async def test_a_ticket_is_found_by_its_reference_and_by_its_owner(app: App) -> None:
    who = await someone(app)
    made = await tell(app, who, "a")
    async with app.db.reading() as conn:
        found = await tickets.by_reference(conn, made.reference.replace("-", " ").lower())
        assert found == made
        assert await tickets.tickets_of(conn, contact_id=who[0].contact_id, open_only=True) == [made]
        assert await tickets.tickets_of(conn, account_id=who[0].account_id) == [made]
        assert await tickets.tickets_of(conn) == []
        assert await tickets.by_reference(conn, reference.written("1234567")) is None


async def test_a_ticket_goes_only_where_it_may(app: App) -> None:
    made = await tell(app, await someone(app), "a")
    async with app.db.writing() as conn:
        await tickets.move(conn, app, made.id, "closed", actor="user:ann")
        for to in ("open", "solved", "waiting"):
            with pytest.raises(Refused, match=r"ticket\.no_such_move"):
                await tickets.move(conn, app, made.id, to, actor="user:ann")


async def test_the_customer_hears_when_it_is_solved_and_what_a_clerk_writes(app: App) -> None:
    made = await tell(app, await someone(app), "a")
    async with app.db.writing() as conn:
        await tickets.move(conn, app, made.id, "waiting", actor="user:ann")
        await tickets.reply(conn, app, made.id, actor="user:ann", text="Is the main switch on?")
        await tickets.reply(conn, app, made.id, actor="customer:1", text="Yes")
        assert (await queries.by_id(conn, made.id)).state == "open"
        await tickets.move(conn, app, made.id, "solved", actor="user:ann")
        await tickets.move(conn, app, made.id, "solved", actor="user:ann")
        sent = (await conn.execute(select(outbox.c.template).order_by(outbox.c.id))).scalars().all()
    assert sent == ["ticket.replied", "ticket.solved"]


async def test_a_known_outage_explains_a_new_ticket_and_a_new_outage_the_open_ones(app: App, clock: SetClock) -> None:
    early, late = await someone(app), await someone(app, 2)
    elsewhere = await someone(app, 3, area="Karen")
    first, other, meter = (
        await tell(app, early, "a"),
        await tell(app, elsewhere, "b"),
        await tell(app, early, "c", "meter"),
    )
    async with app.db.writing() as conn:
        outage = await outages.begin(
            conn,
            app,
            commodity="electricity",
            area="kibera",
            cause="a fallen line",
            actor="user:ann",
            expected_until=clock.now() + timedelta(hours=2),
        )
        again = await outages.begin(conn, app, commodity="electricity", area="Kibera", cause="x", actor="user:ann")
        assert again.id == outage.id
        assert await outages.known(conn, app, area="Kibera", commodity="electricity") == outage
        assert await outages.known(conn, app, area="Kibera", commodity="water") is None
        assert await outages.running(conn) == [outage]
    second = await tell(app, late, "d")
    async with app.db.writing() as conn:
        linked = {row.id: row.outage_id for row in await conn.execute(select(ticket.c.id, ticket.c.outage_id))}
        assert linked == {first.id: outage.id, second.id: outage.id, other.id: None, meter.id: None}
        assert await outages.end(conn, app, outage.id, "user:ann") == 2
        assert await outages.end(conn, app, outage.id, "user:ann") == 0
        told = (await conn.execute(select(outbox.c.contact_id).order_by(outbox.c.contact_id))).scalars().all()
        states = {row.id: row.state for row in await conn.execute(select(ticket.c.id, ticket.c.state))}
    assert told == sorted([early[0].contact_id, late[0].contact_id])
    assert [states[one.id] for one in (first, second, other, meter)] == ["solved", "solved", "open", "open"]


async def test_the_gravest_ticket_comes_first_in_the_queue(app: App) -> None:
    who = await someone(app)
    await tell(app, who, "a", "meter")
    await tell(app, who, "b", "danger")
    async with app.db.reading() as conn:
        assert [one.kind for one in await queries.queue(conn)] == ["danger", "meter"]
        assert await queries.queue(conn, queries.Chosen(branch_id=99)) == []
