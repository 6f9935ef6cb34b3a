"""What several counters need: whose account it is, which phone is at hand, and where a link can be followed."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.outbox import queue
from core.parties import contacts, link
from core.phone import masked
from dialogs.model import Asked

Answer = dict[str, Any]


async def text_me(conn: AsyncConnection, context: Context, asked: Asked, text: str) -> None:
    """An SMS to the customer's own phone, beside the screen."""
    await queue.enqueue(
        conn,
        context,
        key=f"text:{asked.key}",
        kind="reply",
        template="reply.text",
        params={"text": text},
        channel="sms",
        contact_id=asked.contact_id,
        account_id=asked.account_id,
        priority=1,
        resend_unknown=True,
    )


def account_of(asked: Asked) -> int:
    """The chosen account, which must be the contact's own."""
    if asked.account_id is None or asked.account_id not in asked.accounts:
        raise Refused("choose.gone")
    return asked.account_id


BY_PHONE, PAGE = ("ussd", "sms"), "page"
"""Where her line is who she is; and her own pages, which a code to that line opened."""
UNPROVEN = ("email",)
"""Anybody can write any sender on a letter: no prompt reaches a phone on its word."""


def medium_of(asked: Asked) -> str:
    """`phone` where her line is who she is, `chat` elsewhere."""
    return "phone" if asked.channel in (*BY_PHONE, PAGE) else "chat"


def follows_here(asked: Asked) -> bool:
    """Whether a link can be followed where she reads it; elsewhere it is sent by SMS."""
    return asked.channel not in BY_PHONE


async def phone_at_hand(conn: AsyncConnection, asked: Asked) -> tuple[str | None, str]:
    """A phone that may be prompted, and how it is shown to her: the one she writes from, the one her chat is known by, or, masked,
    the one on file with her account."""
    if asked.phone or asked.channel in UNPROVEN:
        return asked.phone, asked.phone or ""
    known = await contacts.by_id(conn, asked.contact_id) if asked.contact_id is not None else None
    if known and known.phone:
        return known.phone, known.phone
    hers = asked.account_id if asked.account_id in asked.accounts else None
    record = await link.of_record(conn, hers) if hers is not None else None
    return (record[1], masked(record[1])) if record else (None, "")


def private(context: Context, asked: Asked) -> bool:
    """Whether nothing personal may be shown yet: the operator asks for a PIN, and it has not been given."""
    rule = context.operator.identity
    return (rule.chat if medium_of(asked) == "chat" else rule.ussd) == "pin" and not asked.data.get("proven")
