"""The reversal of an M-Pesa payment: what we ask for, and what its result means. Pure.

Daraja has no idempotency key for it and signs nothing. So it is asked for once; the answer names a conversation, and a result is
believed only under that. Where the answer was lost the result is a hint: by the conversation it names we ask, and Safaricom's own answer
counts. Codes we are not sure about are asked about too: money that went back must not be hers a second time.
"""

from typing import Any

from core.payments.providers.contract import Begun, Declined, ProviderEventIn, Started, StartRequest, Unanswered
from core.payments.providers.daraja_payloads import about_attempt
from core.payments.providers.http import Reply
from core.payments.providers.parse import short

REFUSED = {"1", "11", "17", "26", "2001", "2006", "2028", "8006", "R000002"}
"""ResultCodes that surely mean that nothing went back: no funds, a party in the wrong state, no such transaction, not allowed."""


def request(wanted: StartRequest, shortcode: str, step_minor: int) -> dict[str, Any]:
    """The body, but for who asks. `RecieverIdentifierType` is spelled as Safaricom spells it; 11 is an organisation's number."""
    if wanted.amount_minor % step_minor:
        raise ValueError("M-Pesa gives back whole shillings only")
    hook = wanted.callback_url
    return {
        "CommandID": "TransactionReversal",
        "TransactionID": wanted.txn,
        "Amount": wanted.amount_minor // step_minor,
        "ReceiverParty": shortcode,
        "RecieverIdentifierType": "11",
        "ResultURL": f"{hook}/reversal?attempt={wanted.attempt_id}",
        "QueueTimeOutURL": f"{hook}/timeout",
        "Remarks": wanted.description[:100] or "refund",
        "Occasion": wanted.key[:100],
    }


def begun(reply: Reply) -> Started:
    """What the answer to the request says: taken under a conversation, refused (4xx), or nothing that is certain."""
    body = reply.body
    if reply.status == 200 and str(body.get("ResponseCode")) == "0" and body.get("ConversationID"):
        return Begun(_ref(body))
    if 400 <= reply.status < 500 and reply.status != 429 and body.get("errorCode"):
        return Declined("declined")
    return Unanswered(f"HTTP {reply.status}")


def _ref(said: dict[str, Any]) -> str:
    """Both names of a conversation: Safaricom's, which results carry, and the originator's, by which it can be asked about."""
    return f"{short(said['ConversationID'])}:{short(said.get('OriginatorConversationID') or said['ConversationID'])}"


def originator(ref: str) -> str:
    """The name a status query takes."""
    return ref.rpartition(":")[2]


def read(said: dict[str, Any], currency: str, about: str) -> ProviderEventIn:
    """The result of a reversal."""
    result = said["Result"]
    ref, code = _ref(result), str(result["ResultCode"])
    sure = code == "0" or code in REFUSED
    return ProviderEventIn(
        key=f"reversal:{ref}:{short(code)}",
        kind="succeeded" if code == "0" else "failed",
        verified_by="conversation" if sure else "query",
        attempt_id=about_attempt(about),
        provider_ref=ref,
        txn=short(result["TransactionID"]) if result.get("TransactionID") else None,
        method="refund",
        currency=currency,
        reason=None if code == "0" else "declined",
        raw=said,
    )
