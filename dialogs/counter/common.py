"""What several counters need: whose account it is, which phone is at hand, and where a link can be followed."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.outbox import queue
from core.parties import contacts, link
from core.phone import masked
from dialogs.answers import Answer
from dialogs.model import CounterRequest

REFERENCE = "T-1234567-8"
"""A reference as it is read out: the longest, for the checks."""


class Referenced(Answer, frozen=True):
    """What was done has a reference to read out."""

    reference: str


async def text_me(conn: AsyncConnection, context: Context, request: CounterRequest, text: str) -> None:
    """An SMS to the customer's own phone, beside the screen."""
    await queue.enqueue(
        conn,
        context,
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


def own_account(request: CounterRequest) -> int | None:
    """The chosen account if it is the contact's own; None where there is none."""
    return request.account_id if request.account_id in request.accounts else None


def contact_of(request: CounterRequest) -> int:
    """Who asks, whom we must have met."""
    if request.contact_id is None:
        raise Refused("choose.gone")
    return request.contact_id


def actor_of(request: CounterRequest) -> str:
    """The customer, for the record of who did what."""
    return f"customer:{request.contact_id}"


def medium_of(request: CounterRequest) -> str:
    """`phone` where their line is who they are, `chat` elsewhere."""
    return "phone" if request.traits.cellular or request.traits.opened_by_code else "chat"


def follows_here(request: CounterRequest) -> bool:
    """Whether a link can be followed where it is read; elsewhere it is sent by SMS."""
    return not request.traits.cellular


async def phone_at_hand(conn: AsyncConnection, request: CounterRequest) -> tuple[str | None, str]:
    """A phone that may be prompted, and how it is shown: the one they write from, the one their chat is known by, or, masked, the one on
    file with the account."""
    if request.phone or request.traits.forgeable:
        return request.phone, request.phone or ""
    contact = await contacts.by_id(conn, request.contact_id) if request.contact_id is not None else None
    if contact and contact.phone:
        return contact.phone, contact.phone
    account_id = own_account(request)
    record = await link.of_record(conn, account_id) if account_id is not None else None
    return (record[1], masked(record[1])) if record else (None, "")


def private(context: Context, request: CounterRequest) -> bool:
    """Whether nothing personal may be shown yet: the operator asks for a PIN, and it has not been given."""
    rule = context.operator.identity
    return (rule.chat if medium_of(request) == "chat" else rule.ussd) == "pin" and not request.data.get("proven")
