"""What GoCardless says, read into our words: events of payments, mandates, refunds and billing requests. Pure.

`confirmed` is the money in our hands, `paid_out` only moves it on to our bank; `failed` and `charged_back` may follow weeks later.
"""

from collections.abc import Callable, Mapping
from typing import Any

from core.payments.providers.contract import ProviderEventIn, Queried
from core.payments.providers.parse import iso, short

CAUSES = {
    "insufficient_funds": "funds", "bank_account_closed": "closed", "bank_account_transferred": "closed",
    "invalid_bank_details": "closed", "mandate_cancelled": "no_mandate", "mandate_expired": "no_mandate",
    "no_mandate": "no_mandate", "authorisation_disputed": "disputed", "direct_debit_not_enabled": "closed",
    "refer_to_payer": "declined", "refund_requested": "disputed", "other": "declined", "test_failure": "declined",
    "account_blocked": "closed", "invalid_bank_account": "closed", "mandate_suspended_by_payer": "disputed",
    "direct_debit_limit_exceeded": "funds", "initiation_failed": "technical",
}  # fmt: skip
"""`details.cause` -> words of `payments.reason.*`."""

MANDATES = {
    "active": "active", "reinstated": "active", "cancelled": "cancelled", "failed": "failed", "expired": "expired",
    "blocked": "failed", "consumed": "expired",
}  # fmt: skip
"""What a mandate has become."""

Thing = dict[str, Any]


def payment_state(thing: Thing) -> Queried:
    """A payment as it stands."""
    ref, state = str(thing["id"]), thing["status"]
    if state in ("confirmed", "paid_out", "charged_back"):
        currency = str(thing.get("currency") or "")
        return Queried("succeeded", ref, txn=ref, amount_minor=thing["amount"], currency=currency)
    if state in ("failed", "cancelled", "customer_approval_denied"):
        return Queried("failed", ref, reason="declined")
    return Queried("awaiting_customer", ref)


def refund_state(thing: Thing) -> Queried:
    """A refund as it stands."""
    ref = str(thing["id"])
    match thing.get("status", "submitted"):
        case "paid":
            return Queried("succeeded", ref, txn=ref, amount_minor=thing["amount"])
        case "cancelled" | "bounced" | "funds_returned":
            return Queried("failed", ref, reason="declined")
        case _:
            return Queried("awaiting_customer", ref)


def read(said: Thing) -> ProviderEventIn:
    """One event."""
    action, details = short(said["action"]), said.get("details") or {}
    base: Thing = {
        "key": short(said["id"]),
        "verified_by": "signature",
        "at": iso(said.get("created_at")),
        "raw": said,
    }
    reader = READERS.get(str(said["resource_type"]))
    told = reader(action, said["links"], str(details.get("cause") or "")) if reader else None
    return ProviderEventIn(**base, **(told or {"kind": "ignored"}))


def _payment(action: str, links: Mapping[str, Any], cause: str) -> Thing | None:
    ref = short(links["payment"])
    why = CAUSES.get(cause, "declined")
    match action:
        case "confirmed":
            return {"kind": "succeeded", "provider_ref": ref, "txn": ref, "method": "direct_debit"}
        case "failed" | "cancelled":
            return {"kind": "failed", "provider_ref": ref, "txn": ref, "reason": why, "state": "debit_return"}
        case "late_failure_settled" | "charged_back":
            return {"kind": "reversed", "provider_ref": ref, "txn": ref, "reason": why, "state": "debit_return"}
        case "chargeback_cancelled":
            return {"kind": "reinstated", "provider_ref": ref, "txn": ref}
        case _:
            return None


def _mandate(action: str, links: Mapping[str, Any], _cause: str) -> Thing | None:
    if action == "replaced":
        named = short(links["new_mandate"])
        return {"kind": "mandate", "reference": short(links["mandate"]), "provider_ref": named, "state": "named"}
    state = MANDATES.get(action)
    return {"kind": "mandate", "provider_ref": short(links["mandate"]), "state": state} if state else None


def _request(action: str, links: Mapping[str, Any], _cause: str) -> Thing | None:
    """Their bank page is done: the mandate we knew by its billing request now has a name."""
    if action != "fulfilled" or "mandate_request_mandate" not in links:
        return None
    named = short(links["mandate_request_mandate"])
    return {"kind": "mandate", "reference": short(links["billing_request"]), "provider_ref": named, "state": "named"}


def _refund(action: str, links: Mapping[str, Any], _cause: str) -> Thing | None:
    ref = short(links["refund"])
    if action == "paid":
        return {"kind": "succeeded", "provider_ref": ref, "txn": ref}
    if action in ("failed", "bounced", "funds_returned"):
        return {"kind": "failed", "provider_ref": ref, "reason": "declined"}
    return None


READERS: Mapping[str, Callable[[str, Mapping[str, Any], str], Thing | None]] = {
    "payments": _payment, "mandates": _mandate, "billing_requests": _request, "refunds": _refund,
}  # fmt: skip
