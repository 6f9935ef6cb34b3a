"""What several counters need: whose account it is, and a word by SMS beside the screen."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core import outbox
from core.errors import Refused
from core.house import House
from dialogs.model import Asked

Answer = dict[str, Any]


async def text_me(conn: AsyncConnection, house: House, asked: Asked, text: str) -> None:
    """An SMS to the customer's own phone, beside the screen."""
    await outbox.enqueue(
        conn, house, key=f"text:{asked.key}", kind="reply", template="reply.text", params={"text": text}, channel="sms",
        contact_id=asked.contact_id, account_id=asked.account_id, priority=1, resend_unknown=True,
    )  # fmt: skip


def account_of(asked: Asked) -> int:
    """The chosen account, which must be the contact's own."""
    if asked.account_id is None or asked.account_id not in asked.accounts:
        raise Refused("choose.gone")
    return asked.account_id


def medium_of(asked: Asked) -> str:
    """`phone` where her line is who she is, `chat` elsewhere."""
    return "phone" if asked.channel in ("ussd", "sms") else "chat"


def private(house: House, asked: Asked) -> bool:
    """Whether nothing personal may be shown yet: the operator asks for a PIN, and it has not been given."""
    rule = house.operator.identity
    return (rule.chat if medium_of(asked) == "chat" else rule.ussd) == "pin" and not asked.data.get("proven")
