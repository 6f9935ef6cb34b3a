"""Reads what a mail server says of a letter of ours: delivery status notifications, RFC 3464.

It names our letter by the Message-ID that we gave it, in the copy of our headers that comes along; without one it says nothing we could
use.
"""

from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser

from channels import errors
from channels.errors import SendError
from channels.form import clean
from core.message import Delivery

REASONS: dict[str, SendError] = {
    "5.1": errors.UNKNOWN_SUBSCRIBER,
    "5.2.1": errors.INACTIVE,
    "5.2.2": errors.UNDELIVERED,
    "5.4": errors.NO_ROUTE,
    "5.7": errors.REJECTED,
    "4.": errors.EXPIRED,
}
"""By the beginning of a status code: no such address, a mailbox that is shut, one that is full, no way there, not wanted, tried too long."""
GONE = frozenset({errors.UNKNOWN_SUBSCRIBER.code, errors.INACTIVE.code})
"""Reasons for which the next letter to that address would come back too."""
FATES = {"failed": "failed", "delivered": "delivered", "relayed": "sent", "expanded": "sent", "delayed": "sent"}


def bounce(raw: bytes) -> Delivery | None:
    """What became of a letter of ours; None when this is no such notification, or does not say of which letter."""
    if b"delivery-status" not in raw.lower():
        return None
    try:
        letter = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw)
        if letter.get_content_type() != "multipart/report":
            return None
        ref, recipient = _ours(letter), _last_recipient(letter)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):  # the library stumbles on odd headers
        return None
    if not ref or recipient is None:
        return None
    action, status, address = recipient
    fate = FATES.get(action, "unknown")
    if fate == "failed":
        error = next((reason for begins, reason in REASONS.items() if status.startswith(begins)), errors.UNDELIVERED)
        details = {"gone": address} if error.code in GONE and address else {}
        return Delivery("email", ref, "failed", True, error.code, None, {**details, "status": status})
    if fate == "delivered":
        return Delivery("email", ref, "delivered", True)
    return Delivery("email", ref, "sent", False)


def _ours(letter: EmailMessage) -> str:
    """The Message-ID of the letter that came back."""
    for part in letter.walk():
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            copy = inner[0] if isinstance(inner, list) and inner else None
            return clean(str(copy.get("Message-ID", ""))).strip()[:300] if isinstance(copy, Message) else ""
        if part.get_content_type() == "text/rfc822-headers":
            body = part.get_payload(decode=True)
            headers = BytesParser(policy=policy.default).parsebytes(body if isinstance(body, bytes) else b"")
            return clean(str(headers.get("Message-ID", ""))).strip()[:300]
    return ""


def _last_recipient(letter: EmailMessage) -> tuple[str, str, str] | None:
    """The action, status and address of its last recipient (our letters have one each)."""
    recipient = None
    for part in letter.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if isinstance(block, Message) and "Action" in block:
                who = str(block.get("Original-Recipient") or block.get("Final-Recipient") or "").rpartition(";")[2]
                action, status = str(block["Action"]).strip().lower(), str(block.get("Status", "")).strip()[:20]
                recipient = action, status, clean(who).strip().strip("<>").lower()[:254]
    return recipient
