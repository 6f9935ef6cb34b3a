"""What Stripe says, read into our words: webhook events, and the things it shows when asked. Pure.

A payment is known by its PaymentIntent (`pi_`): the Checkout session and the intent both speak of it, so both make one receipt. A
card that failed on the Checkout page may be tried again there, so only the session's end is an end.
"""

from collections.abc import Callable
from typing import Any

from core.payments.providers.contract import ProviderEventIn, Queried, Saved
from core.payments.providers.parse import card, from_units, maybe, month_end, short, units, unix

DECIMALS = {"UGX": 2, "ISK": 2}
"""Currencies that Stripe counts with two decimals though they have none."""

REASONS = {
    "insufficient_funds": "funds", "expired_card": "closed", "lost_card": "closed", "stolen_card": "closed",
    "payment_method_invalid": "closed", "authentication_required": "cancelled", "processing_error": "technical",
    "issuer_not_available": "technical", "try_again_later": "technical",
}  # fmt: skip
"""Stripe's decline codes -> words of `payments.reason.*`."""

Thing = dict[str, Any]


def reason(error: Thing) -> str:
    """Why a card was refused."""
    said = error.get("decline_code") or error.get("code")
    return REASONS.get(str(said), "declined")


def intent_state(thing: Thing) -> Queried:
    """A PaymentIntent as it stands."""
    ref, state = str(thing["id"]), thing["status"]
    if state == "succeeded":
        return Queried(
            "succeeded", ref, txn=ref, amount_minor=_amount(thing, "amount_received"), currency=_currency(thing)
        )
    if state == "canceled" or (state in ("requires_payment_method", "requires_action") and _off_session(thing)):
        return Queried("failed", ref, reason=reason(thing.get("last_payment_error") or {}))
    return Queried("awaiting_customer", ref)


def session_state(thing: Thing) -> Queried:
    """A Checkout session as it stands."""
    ref = str(thing["id"])
    if thing.get("payment_status") == "paid":
        return Queried(
            "succeeded",
            ref,
            txn=thing.get("payment_intent"),
            amount_minor=_amount(thing, "amount_total"),
            currency=_currency(thing),
        )
    if thing.get("status") == "expired":
        return Queried("expired", ref, reason="expired")
    return Queried("awaiting_customer", ref, redirect_url=thing.get("url"))


def refund_state(thing: Thing) -> Queried:
    """A refund as it stands."""
    ref, state = str(thing["id"]), thing["status"]
    if state == "succeeded":
        return Queried("succeeded", ref, txn=ref, amount_minor=_amount(thing, "amount"))
    if state in ("failed", "canceled"):
        return Queried("failed", ref, reason="declined")
    return Queried("awaiting_customer", ref)


def read(said: Thing) -> ProviderEventIn:
    """One webhook event."""
    kind, thing = said["type"], said["data"]["object"]
    base: Thing = {"key": short(said["id"]), "verified_by": "signature", "at": unix(said.get("created")), "raw": said}
    reader = READERS.get(kind)
    told = reader(thing, kind) if reader else None
    return ProviderEventIn(**base, **(told or {"kind": "ignored"}))


def _currency(thing: Thing) -> str:
    return str(thing["currency"]).upper()


def _amount(thing: Thing, field: str) -> int:
    currency = str(thing["currency"]).upper()
    return from_units(units(thing[field]), currency, DECIMALS)


def _paid(thing: Thing, field: str) -> Thing:
    return {"method": "card", "amount_minor": _amount(thing, field), "currency": str(thing["currency"]).upper()}


def _marks(thing: Thing) -> Thing:
    return thing.get("metadata") or {}


def _off_session(thing: Thing) -> bool:
    return _marks(thing).get("how") == "off_session"


def _session(thing: Thing, kind: str) -> Thing | None:
    about = {"attempt_key": maybe(thing.get("client_reference_id")), "provider_ref": short(thing["id"])}
    if kind.endswith("expired"):
        return about | {"kind": "expired", "reason": "expired"}
    if kind.endswith("async_payment_failed"):
        return about | {"kind": "failed", "reason": "declined"}
    if thing.get("payment_status") != "paid" or thing.get("mode") == "setup":
        return None
    return about | _paid(thing, "amount_total") | {"kind": "succeeded", "txn": short(thing["payment_intent"])}


def _intent(thing: Thing, kind: str) -> Thing | None:
    key = maybe(_marks(thing).get("attempt"))
    if key is None:
        return None
    if kind.endswith("succeeded"):
        txn = short(thing["id"])
        return _paid(thing, "amount_received") | {"kind": "succeeded", "attempt_key": key, "txn": txn}
    if not _off_session(thing):
        return None
    why = reason(thing.get("last_payment_error") or {})
    return {"kind": "failed", "attempt_key": key, "provider_ref": short(thing["id"]), "reason": why}


def _saved(thing: Thing, _kind: str) -> Thing | None:
    mandate = maybe(_marks(thing).get("mandate"))
    if mandate is None:
        return None
    ref = f"{short(thing['customer'])}:{short(thing['payment_method'])}"
    return {"kind": "mandate", "mandate": mandate, "provider_ref": ref, "state": "active"}


def _card(thing: Thing, kind: str) -> Thing | None:
    """A card on file: told about as it is saved, or renewed by its bank (Stripe's account updater)."""
    if not thing.get("customer"):
        return None
    shown = thing.get("card") or {}
    saved = Saved(
        f"{short(thing['customer'])}:{short(thing['id'])}",
        card(shown.get("brand"), shown.get("last4")),
        month_end(shown.get("exp_year"), shown.get("exp_month")),
    )
    return {"kind": "mandate", "saved": saved, "state": "described" if kind.endswith("attached") else "renewed"}


def _refund(thing: Thing, _kind: str) -> Thing | None:
    key, state = maybe(_marks(thing).get("attempt")), thing.get("status")
    ref = short(thing["id"])
    if key:
        now = refund_state(thing).state
        return (
            None
            if now == "awaiting_customer"
            else _paid(thing, "amount")
            | {
                "kind": now,
                "attempt_key": key,
                "provider_ref": ref,
                "txn": ref,
                "reason": "declined",
            }
        )
    if state != "succeeded":
        return None
    return _paid(thing, "amount") | {
        "kind": "reversed",
        "state": "refund",
        "txn": short(thing["payment_intent"]),
        "provider_ref": ref,
    }


def _dispute(thing: Thing, kind: str) -> Thing:
    back = "reversed" if kind.endswith("withdrawn") else "reinstated"
    return _paid(thing, "amount") | {
        "kind": back,
        "state": "chargeback",
        "txn": short(thing["payment_intent"]),
        "provider_ref": short(thing["id"]),
        "reason": str(thing.get("reason") or "disputed")[:40],
    }


DISPUTES = {
    "warning_needs_response": "open", "needs_response": "open", "warning_under_review": "answered",
    "under_review": "answered", "warning_closed": "won", "won": "won", "lost": "lost", "prevented": "won",
}  # fmt: skip
"""How a dispute stands."""


def _disputed(thing: Thing, _kind: str) -> Thing:
    """A dispute and until when Stripe takes evidence; its money is told by `funds_withdrawn` and `funds_reinstated`."""
    due = unix((thing.get("evidence_details") or {}).get("due_by"))
    return _dispute(thing, "") | {"kind": "dispute", "state": DISPUTES.get(str(thing["status"]), ""), "due_at": due}


READERS: dict[str, Callable[[Thing, str], Thing | None]] = {
    "checkout.session.completed": _session,
    "checkout.session.async_payment_succeeded": _session,
    "checkout.session.async_payment_failed": _session,
    "checkout.session.expired": _session,
    "payment_intent.succeeded": _intent,
    "payment_intent.payment_failed": _intent,
    "setup_intent.succeeded": _saved,
    "payment_method.attached": _card,
    "payment_method.updated": _card,
    "payment_method.automatically_updated": _card,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
    "charge.dispute.created": _disputed,
    "charge.dispute.updated": _disputed,
    "charge.dispute.closed": _disputed,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
}
"""The events we act on; every other is taken and ignored (`charge.refunded`: its refunds are told one by one)."""
