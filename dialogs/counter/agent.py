"""A person, please: a place in the queue where she chats, a call at a time she chooses where she does not."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import call_back, hours, talks, tickets
from core.errors import Refused
from core.house import House
from core.parties import contacts
from dialogs.counter.common import Answer, medium_of
from dialogs.model import CounterRequest
from dialogs.redact import without_cards
from dialogs.values import moment


async def how(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Which way a person can be had from here, now."""
    phone = await _phone(conn, request)
    told: dict[str, Any] = {"phone": phone or "", "can_call": bool(phone), "opens": ""}
    if medium_of(request) == "phone":  # nobody can wait there for an answer: a person calls back
        return {"is": "call", **told}
    if await talks.of_contact(conn, _contact(request)):
        return {"is": "standing", **told}
    now = house.clock.now()
    if hours.is_open(house.operator, now):
        return {"is": "chat", **told}
    opens = hours.opens_at(house.operator, now)
    return {"is": "closed", **told, "opens": moment(opens) if opens else "-"}


async def ask_for_a_person(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Into the queue."""
    about = without_cards(str(request.data["about"]))
    await talks.ask(
        conn, house, contact_id=_contact(request), account_id=request.account_id, channel=request.channel, about=about
    )
    return {"is": "done"}


async def queue_place(conn: AsyncConnection, _house: House, request: CounterRequest) -> Answer:
    """How many are served before her, herself included."""
    found = await talks.of_contact(conn, _contact(request))
    return {"place": max(1, await talks.place(conn, found)) if found else 1}


async def pass_on(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """What she writes is for the clerk, who reads it in the log; unless she leaves, or the talk is over."""
    if request.data.get("leaving"):
        await talks.leave(conn, house, _contact(request))
        return {"is": "left", "leaving": False}
    return {"is": "done" if await talks.heard(conn, house, _contact(request)) else "over"}


async def leave_word(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Nobody is there: her words become a ticket."""
    opened = await tickets.open_ticket(
        conn,
        house,
        key=request.key,
        kind="message",
        contact_id=request.contact_id,
        account_id=request.account_id,
        description=without_cards(str(request.data["about"])),
    )
    return {"is": "done", "reference": opened.reference}


async def call_times(_conn: AsyncConnection, house: House, _asked: CounterRequest) -> Answer:
    """When we can call."""
    return {
        "rows": [
            {"value": begin.isoformat(), "begin": moment(begin), "end": f"{end.astimezone(house.zone):%H:%M}"}
            for begin, end in call_back.slots(house)
        ]
    }


async def call_time(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """What is about to be promised."""
    begins = datetime.fromisoformat(str(request.data["slot"]))
    return {"when": moment(begins), "phone": await _phone(conn, request) or ""}


async def order_call(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """A call is promised; who waits for one already is told its reference."""
    opened, new = await call_back.order(
        conn,
        house,
        contact_id=_contact(request),
        account_id=request.account_id,
        begins=datetime.fromisoformat(str(request.data["slot"])),
        key=request.key,
    )
    return {"is": "done" if new else "already", "reference": opened.reference}


async def _phone(conn: AsyncConnection, request: CounterRequest) -> str | None:
    """The phone she writes from, else the one her contact is known by."""
    if request.phone or request.contact_id is None:
        return request.phone
    found = await contacts.by_id(conn, request.contact_id)
    return found.phone if found else None


def _contact(request: CounterRequest) -> int:
    if request.contact_id is None:
        raise Refused("choose.gone")
    return request.contact_id
