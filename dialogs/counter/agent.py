"""A person, please: a place in the queue where she chats, a call at a time she chooses where she does not."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import callback_request, hours, talks, tickets
from core.context import Context
from core.errors import Refused
from core.parties import contacts
from dialogs.counter.common import Answer, medium_of
from dialogs.model import Asked
from dialogs.redact import without_cards
from dialogs.values import moment


async def how(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Which way a person can be had from here, now."""
    phone = await _phone(conn, asked)
    told: dict[str, Any] = {"phone": phone or "", "can_call": bool(phone), "opens": ""}
    if medium_of(asked) == "phone":  # nobody can wait there for an answer: a person calls back
        return {"is": "call", **told}
    if await talks.of_contact(conn, _contact(asked)):
        return {"is": "standing", **told}
    now = context.clock.now()
    if hours.is_open(context.operator, now):
        return {"is": "chat", **told}
    opens = hours.opens_at(context.operator, now)
    return {"is": "closed", **told, "opens": moment(opens) if opens else "-"}


async def ask_for_a_person(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Into the queue."""
    about = without_cards(str(asked.data["about"]))
    await talks.ask(
        conn, context, contact_id=_contact(asked), account_id=asked.account_id, channel=asked.channel, about=about
    )
    return {"is": "done"}


async def queue_place(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """How many are served before her, herself included."""
    found = await talks.of_contact(conn, _contact(asked))
    return {"place": max(1, await talks.place(conn, found)) if found else 1}


async def pass_on(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """What she writes is for the clerk, who reads it in the log; unless she leaves, or the talk is over."""
    if asked.data.get("leaving"):
        await talks.leave(conn, context, _contact(asked))
        return {"is": "left", "leaving": False}
    return {"is": "done" if await talks.heard(conn, context, _contact(asked)) else "over"}


async def leave_word(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Nobody is there: her words become a ticket."""
    opened = await tickets.open_ticket(
        conn,
        context,
        key=asked.key,
        kind="message",
        contact_id=asked.contact_id,
        account_id=asked.account_id,
        description=without_cards(str(asked.data["about"])),
    )
    return {"is": "done", "reference": opened.reference}


async def call_times(_conn: AsyncConnection, context: Context, _asked: Asked) -> Answer:
    """When we can call."""
    return {
        "rows": [
            {"value": begin.isoformat(), "begin": moment(begin), "end": f"{end.astimezone(context.zone):%H:%M}"}
            for begin, end in callback_request.slots(context)
        ]
    }


async def call_time(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """What is about to be promised."""
    begins = datetime.fromisoformat(str(asked.data["slot"]))
    return {"when": moment(begins), "phone": await _phone(conn, asked) or ""}


async def order_call(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """A call is promised; who waits for one already is told its reference."""
    opened, new = await callback_request.order(
        conn,
        context,
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
