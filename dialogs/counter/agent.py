"""A person, please: a place in the queue where she chats, a call at a time she chooses where she does not."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import callback_request, hours, talks, tickets
from core.context import House
from core.errors import Refused
from core.parties import contacts
from dialogs.counter.common import Answer, medium_of
from dialogs.model import Asked
from dialogs.redact import without_cards
from dialogs.values import moment


async def how(conn: AsyncConnection, house: House, asked: Asked) -> Answer:
    """Which way a person can be had from here, now."""
    phone = await _phone(conn, asked)
    told: dict[str, Any] = {"phone": phone or "", "can_call": bool(phone), "opens": ""}
    if medium_of(asked) == "phone":  # nobody can wait there for an answer: a person calls back
        return {"is": "call", **told}
    if await talks.of_contact(conn, _contact(asked)):
        return {"is": "standing", **told}
    now = house.clock.now()
    if hours.is_open(house.operator, now):
        return {"is": "chat", **told}
    opens = hours.opens_at(house.operator, now)
    return {"is": "closed", **told, "opens": moment(opens) if opens else "-"}


async def ask_for_a_person(conn: AsyncConnection, house: House, asked: Asked) -> Answer:
    """Into the queue."""
    about = without_cards(str(asked.data["about"]))
    await talks.ask(
        conn, house, contact_id=_contact(asked), account_id=asked.account_id, channel=asked.channel, about=about
    )
    return {"is": "done"}


async def queue_place(conn: AsyncConnection, _house: House, asked: Asked) -> Answer:
    """How many are served before her, herself included."""
    found = await talks.of_contact(conn, _contact(asked))
    return {"place": max(1, await talks.place(conn, found)) if found else 1}


async def pass_on(conn: AsyncConnection, house: House, asked: Asked) -> Answer:
    """What she writes is for the clerk, who reads it in the log; unless she leaves, or the talk is over."""
    if asked.data.get("leaving"):
        await talks.leave(conn, house, _contact(asked))
        return {"is": "left", "leaving": False}
    return {"is": "done" if await talks.heard(conn, house, _contact(asked)) else "over"}


async def leave_word(conn: AsyncConnection, house: House, asked: Asked) -> Answer:
    """Nobody is there: her words become a ticket."""
    opened = await tickets.open_ticket(
        conn,
        house,
        key=asked.key,
        kind="message",
        contact_id=asked.contact_id,
        account_id=asked.account_id,
        description=without_cards(str(asked.data["about"])),
    )
    return {"is": "done", "reference": opened.reference}


async def call_times(_conn: AsyncConnection, house: House, _asked: Asked) -> Answer:
    """When we can call."""
    return {
        "rows": [
            {"value": begin.isoformat(), "begin": moment(begin), "end": f"{end.astimezone(house.zone):%H:%M}"}
            for begin, end in callback_request.slots(house)
        ]
    }


async def call_time(conn: AsyncConnection, house: House, asked: Asked) -> Answer:
    """What is about to be promised."""
    begins = datetime.fromisoformat(str(asked.data["slot"]))
    return {"when": moment(begins), "phone": await _phone(conn, asked) or ""}


async def order_call(conn: AsyncConnection, house: House, asked: Asked) -> Answer:
    """A call is promised; who waits for one already is told its reference."""
    opened, new = await callback_request.order(
        conn,
        house,
        contact_id=_contact(asked),
        account_id=asked.account_id,
        begins=datetime.fromisoformat(str(asked.data["slot"])),
        key=asked.key,
    )
    return {"is": "done" if new else "already", "reference": opened.reference}


async def _phone(conn: AsyncConnection, asked: Asked) -> str | None:
    """The phone she writes from, else the one her contact is known by."""
    if asked.phone or asked.contact_id is None:
        return asked.phone
    found = await contacts.by_id(conn, asked.contact_id)
    return found.phone if found else None


def _contact(asked: Asked) -> int:
    if asked.contact_id is None:
        raise Refused("choose.gone")
    return asked.contact_id
