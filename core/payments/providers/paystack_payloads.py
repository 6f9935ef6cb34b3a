"""What Paystack says, read into our words: payments, cards on file, refunds, disputes. Pure.

It has no event id, so an event is known by its kind and reference. Why a card was refused is a sentence of the bank's
(`gateway_response`), told apart by what it contains: a card that is gone ends the mandate, anything else is tried again or asked about.
"""

from collections.abc import Mapping
from typing import Any

from core.payments.providers.contract import ProviderEventIn, Queried, Saved, State
from core.payments.providers.parse import card, from_units, iso, maybe, month_end, short, units, words

DECIMALS = {"XOF": 2, "RWF": 2, "UGX": 2}
"""Paystack counts hundredths where the world counts none."""
ENDED: Mapping[str, State] = {
    "success": "succeeded",
    "reversed": "succeeded",
    "failed": "failed",
    "abandoned": "expired",
}
SENTENCES = (
    ("insufficient", "funds"), ("exceeds withdrawal", "funds"), ("exceeds limit", "funds"), ("expired", "closed"),
    ("lost card", "closed"), ("stolen card", "closed"), ("pick-up card", "closed"), ("pick up card", "closed"),
    ("restricted card", "closed"), ("invalid card", "closed"), ("not permitted to cardholder", "closed"),
    ("no card record", "closed"), ("closed account", "closed"), ("authorization", "closed"),
    ("inoperative", "technical"), ("system malfunction", "technical"), ("timeout", "technical"),
    ("otp", "cancelled"), ("token", "cancelled"), ("authentication", "cancelled"),
)  # fmt: skip
"""What a refusal contains -> a word of `payments.reason.*`; the first that fits."""

LONGEST = 200
"""Letters of a token and the e-mail it belongs to."""

Thing = dict[str, Any]


def reason(sentence: object) -> str:
    """Why a card was refused."""
    said = str(sentence or "").lower()
    return next((word for part, word in SENTENCES if part in said), "declined")


def stands(said: Thing, currency: str) -> Queried:
    """A transaction as it stands."""
    state = ENDED.get(said["status"], "awaiting_customer")
    why = {"failed": reason(said.get("gateway_response")), "expired": "expired"}.get(state)
    return Queried(
        state=state,
        provider_ref=str(said["reference"]),
        txn=str(said["reference"]),
        amount_minor=from_units(units(said["amount"]), currency, DECIMALS) if state == "succeeded" else None,
        reason=why,
        at=iso(said.get("paid_at")),
        saved=_saved(said) if state == "succeeded" else None,
        currency=str(said.get("currency") or ""),
    )


def _saved(data: Thing) -> Saved | None:
    """The card it was paid with. An authorization belongs to the e-mail it was made with, so they are kept together."""
    left = data.get("authorization") or {}
    code, email = left.get("authorization_code"), (data.get("customer") or {}).get("email")
    if not code or not email or len(f"{code}:{email}") > LONGEST:
        return None
    return Saved(
        f"{code}:{email}",
        card(left.get("brand") or left.get("card_type"), left.get("last4")),
        month_end(left.get("exp_year"), left.get("exp_month")),
        left.get("reusable") is True,
    )


def read(said: Thing) -> list[ProviderEventIn]:
    """One webhook event; a dispute that is lost is two: how it stands, and its money."""
    kind, data = str(said["event"]), said["data"]
    if kind.startswith("charge.dispute."):
        lost = _dispute(data) if kind == "charge.dispute.resolve" else None
        events = [_disputed(kind, data), *([lost] if lost else [])]
        return [ProviderEventIn(**{"verified_by": "signature", "raw": said, **one}) for one in events]
    make = {"charge.success": _charge, "refund.processed": _back}.get(kind)
    told = make(data) if make else None
    ref = data.get("reference") or data.get("transaction_reference") or data.get("id")
    base: Thing = {"key": f"{kind}:{short(ref)}", "verified_by": "signature", "raw": said}
    return [ProviderEventIn(**(base | (told or {"kind": "ignored"})))]


def _money(data: Thing) -> Thing:
    currency = short(data["currency"])
    value = data["amount"] if type(data["amount"]) is int else int(str(data["amount"]))
    return {"currency": currency, "amount_minor": from_units(units(value), currency, DECIMALS)}


def _charge(data: Thing) -> Thing:
    if data["status"] != "success":
        raise ValueError("a success that is none")
    ref = short(data["reference"])
    return _money(data) | {
        "kind": "succeeded",
        "attempt_key": ref.replace("-", ":"),
        "provider_ref": ref,
        "txn": ref,
        "method": "card",
        "at": iso(data.get("paid_at")),
        "reference": str((data.get("metadata") or {}).get("account") or "")[:80],
        "saved": _saved(data),
    }


def _back(data: Thing) -> Thing:
    """A refund: ours is known by the note it carries, another was made on Paystack's own pages."""
    number = short(data.get("id") or data["refund_reference"])
    ours = maybe(data.get("merchant_note"))
    base = _money(data) | {"key": f"refund.processed:{number}", "txn": f"refund:{number}"}
    if ours and ours.startswith("refund:"):
        return base | {"kind": "succeeded", "attempt_key": ours, "provider_ref": number}
    return base | {"kind": "reversed", "state": "refund", "txn": short(data["transaction_reference"])}


ACCEPTED = ("merchant-accepted", "auto-accepted")
DISPUTES = {
    "awaiting-merchant-feedback": "open", "pending": "open", "awaiting-bank-feedback": "answered",
}  # fmt: skip
"""How a dispute stands, until it is resolved."""


def _disputed(kind: str, data: Thing) -> Thing:
    """A dispute and until when Paystack takes evidence."""
    number, status = short(data["id"]), str(data["status"])
    state = DISPUTES.get(status, "")
    if kind == "charge.dispute.resolve" or status == "resolved":
        state = "lost" if data.get("resolution") in ACCEPTED else "won"
    until = str(data.get("dueAt") or data.get("due_at") or "")
    asked = data.get("refund_amount") or data["transaction"]["amount"]
    return {
        "key": f"{kind}:{number}:{short(status)}:{until}"[:200],
        "kind": "dispute",
        "provider_ref": number,
        "state": state,
        "txn": short(data["transaction"]["reference"]),
        "reason": words(data.get("category") or "disputed", 40),
        "due_at": iso(until),
        "at": iso(data.get("resolvedAt") or data.get("createdAt")),
        **_money({"amount": asked, "currency": data.get("currency") or data["transaction"]["currency"]}),
    }


def _dispute(data: Thing) -> Thing | None:
    """A dispute that was lost takes its money."""
    if data.get("resolution") not in ACCEPTED:
        return None
    return {
        "key": f"charge.dispute.resolve:{short(data['id'])}",
        "kind": "reversed",
        "state": "chargeback",
        "txn": short(data["transaction"]["reference"]),
        "reason": "disputed",
        **_money({"amount": data["refund_amount"], "currency": data["currency"]}),
    }
