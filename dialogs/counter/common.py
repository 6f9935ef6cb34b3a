"""What several counters need: whose account it is, which phone is at hand, and where a link can be followed."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core import outbox
from core.errors import Refused
from core.house import House
from core.parties import contacts, link
from core.phone import masked
from dialogs.model import CounterRequest

Answer = dict[str, Any]


async def text_me(conn: AsyncConnection, house: House, request: CounterRequest, text: str) -> None:
    """An SMS to the customer's own phone, beside the screen."""
    await outbox.enqueue(
        conn,
        house,
        key=f"text:{request.key}",
        kind="reply",
        template="reply.text",
        params={"text": text},
        channel="sms",
        contact_id=request.contact_id,
        account_id=request.account_id,
        priority=1,
        resend_unknown=True,
    )


def account_of(request: CounterRequest) -> int:
    """The chosen account, which must be the contact's own."""
    if request.account_id is None or request.account_id not in request.accounts:
        raise Refused("choose.gone")
    return request.account_id


BY_PHONE, PAGE = ("ussd", "sms"), "page"
"""Where her line is who she is; and her own pages, which a code to that line opened."""
UNPROVEN = ("email",)
"""Anybody can write any sender on a letter: no prompt reaches a phone on its word."""


def medium_of(request: CounterRequest) -> str:
    """`phone` where her line is who she is, `chat` elsewhere."""
    return "phone" if request.channel in (*BY_PHONE, PAGE) else "chat"


def follows_here(request: CounterRequest) -> bool:
    """Whether a link can be followed where she reads it; elsewhere it is sent by SMS."""
    return request.channel not in BY_PHONE


async def phone_at_hand(conn: AsyncConnection, request: CounterRequest) -> tuple[str | None, str]:
    """A phone that may be prompted, and how it is shown to her: the one she writes from, the one her chat is known by, or, masked,
    the one on file with her account."""
    if request.phone or request.channel in UNPROVEN:
        return request.phone, request.phone or ""
    known = await contacts.by_id(conn, request.contact_id) if request.contact_id is not None else None
    if known and known.phone:
        return known.phone, known.phone
    hers = request.account_id if request.account_id in request.accounts else None
    record = await link.of_record(conn, hers) if hers is not None else None
    return (record[1], masked(record[1])) if record else (None, "")


def private(house: House, request: CounterRequest) -> bool:
    """Whether nothing personal may be shown yet: the operator asks for a PIN, and it has not been given."""
    rule = house.operator.identity
    return (rule.chat if medium_of(request) == "chat" else rule.ussd) == "pin" and not request.data.get("proven")
