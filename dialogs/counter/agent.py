"""A person, please: a place in the queue of a chat, a call at a time they choose on a phone."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import callback_request, hours, talks, tickets
from core.context import Context
from core.parties import contacts
from dialogs.answers import DONE, Answer, ListAnswer, ListRow
from dialogs.counter.common import Referenced, contact_of, medium_of
from dialogs.model import CounterRequest
from dialogs.redact import without_cards
from dialogs.values import Text, moment


class PersonRoute(Answer, frozen=True):
    """Which way a person can be had: `call`, `standing`, `chat` or `closed`."""

    phone: str
    can_call: bool
    opens: Text = ""


class QueuePlace(Answer, frozen=True):
    """How many are served before they are, themselves included."""

    place: int


class PassedOn(Answer, frozen=True):
    """The clerk has it (`done`), the customer left, or the talk is `over`."""

    leaving: bool


class CallTime(ListRow, frozen=True):
    """From when to when a call may come."""

    begin: Text
    end: str


class CallTimes(ListAnswer, frozen=True):
    """When we can call."""

    rows: tuple[CallTime, ...]


class CallOffer(Answer, frozen=True):
    """What is about to be promised."""

    when: Text
    phone: str


async def how(conn: AsyncConnection, context: Context, request: CounterRequest) -> PersonRoute:
    """Which way a person can be had from here, now."""
    phone = await _phone(conn, request)
    number, can_call = phone or "", bool(phone)
    if medium_of(request) == "phone":  # nobody can wait there for an answer: a person calls back
        return PersonRoute(number, can_call, outcome="call")
    if await talks.of_contact(conn, contact_of(request)):
        return PersonRoute(number, can_call, outcome="standing")
    now = context.clock.now()
    if hours.is_open(context.operator, now):
        return PersonRoute(number, can_call, outcome="chat")
    opens = hours.opens_at(context.operator, now)
    return PersonRoute(number, can_call, moment(opens) if opens else "-", outcome="closed")


async def ask_for_a_person(conn: AsyncConnection, context: Context, request: CounterRequest) -> Answer:
    """Into the queue."""
    about = without_cards(str(request.data["about"]))
    await talks.ask(
        conn,
        context,
        contact_id=contact_of(request),
        account_id=request.account_id,
        channel=request.channel,
        about=about,
    )
    return DONE


async def queue_place(conn: AsyncConnection, _context: Context, request: CounterRequest) -> QueuePlace:
    """Where they stand in the queue now."""
    talk = await talks.of_contact(conn, contact_of(request))
    return QueuePlace(max(1, await talks.place(conn, talk)) if talk else 1)


async def pass_on(conn: AsyncConnection, context: Context, request: CounterRequest) -> PassedOn:
    """What is written is for the clerk, who reads it in the log; unless the customer leaves, or the talk is over."""
    if request.data.get("leaving"):
        await talks.leave(conn, context, contact_of(request))
        return PassedOn(False, outcome="left")
    return PassedOn(False, outcome="done" if await talks.heard(conn, context, contact_of(request)) else "over")


async def leave_word(conn: AsyncConnection, context: Context, request: CounterRequest) -> Referenced:
    """Nobody is there: their words become a ticket."""
    ticket = await tickets.open_ticket(
        conn,
        context,
        key=request.key,
        kind="message",
        contact_id=request.contact_id,
        account_id=request.account_id,
        description=without_cards(str(request.data["about"])),
    )
    return Referenced(ticket.reference)


async def call_times(_conn: AsyncConnection, context: Context, _request: CounterRequest) -> CallTimes:
    """When we can call."""
    return CallTimes(
        tuple(
            CallTime(begin.isoformat(), moment(begin), f"{end.astimezone(context.zone):%H:%M}")
            for begin, end in callback_request.slots(context)
        )
    )


async def call_time(conn: AsyncConnection, _context: Context, request: CounterRequest) -> CallOffer:
    """What is about to be promised."""
    begins = datetime.fromisoformat(str(request.data["slot"]))
    return CallOffer(moment(begins), await _phone(conn, request) or "")


async def order_call(conn: AsyncConnection, context: Context, request: CounterRequest) -> Referenced:
    """A call is promised; who waits for one already is told its reference."""
    ticket, new = await callback_request.order(
        conn,
        context,
        contact_id=contact_of(request),
        account_id=request.account_id,
        begins=datetime.fromisoformat(str(request.data["slot"])),
        key=request.key,
    )
    return Referenced(ticket.reference, outcome="done" if new else "already")


async def _phone(conn: AsyncConnection, request: CounterRequest) -> str | None:
    """The phone they write from, else the one their contact is known by."""
    if request.phone or request.contact_id is None:
        return request.phone
    contact = await contacts.by_id(conn, request.contact_id)
    return contact.phone if contact else None
