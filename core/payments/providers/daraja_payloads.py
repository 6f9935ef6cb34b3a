"""What Daraja says, read into our words: STK results, paybill (C2B) confirmations, status results, pulled transactions. Pure.

`Body.stkCallback{CheckoutRequestID, ResultCode, ResultDesc, CallbackMetadata.Item[{Name, Value?}]}`: the metadata comes on success
only, and an Item may lack its Value. A confirmation's MSISDN is masked or hashed, so it identifies nobody: BillRefNumber does.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.payments.model import masked
from core.payments.providers.contract import ProviderEventIn
from core.payments.providers.parse import amount, short, words

REASONS = {"1": "funds", "1001": "busy", "1019": "expired", "1032": "cancelled", "1037": "unreachable", "2001": "pin"}
"""ResultCode -> a word of `payments.reason.*`."""

REFUSALS = {"account": "C2B00012", "amount": "C2B00013", "shortcode": "C2B00015", "other": "C2B00016"}
"""Why a paybill payment is refused at validation -> Daraja's code."""

STATUSES = {
    "Completed": "proven", "Cancelled": "denied", "Declined": "denied", "Failed": "denied", "Expired": "denied",
    "Reversed": "denied",
}  # fmt: skip
"""What a status query says of a transaction -> whether that proves it; anything else may still become something."""

_EAT = ZoneInfo("Africa/Nairobi")


def read_result(said: dict[str, Any], currency: str, about: str) -> ProviderEventIn:
    """An STK result; success must be confirmed by query before it is believed."""
    result = said["Body"]["stkCallback"]
    ref, code = short(result["CheckoutRequestID"]), str(result["ResultCode"])
    items = result.get("CallbackMetadata", {}).get("Item", [])
    told = {item["Name"]: item.get("Value") for item in items}
    paid = code == "0"
    return ProviderEventIn(
        key=f"stk:{ref}:{short(code)}",
        kind="succeeded" if paid else "failed",
        verified_by="query",
        attempt_id=about_attempt(about),
        provider_ref=ref,
        txn=short(told["MpesaReceiptNumber"]) if paid else None,
        method="mobile_push",
        amount_minor=amount(told["Amount"], currency) if paid else None,
        currency=currency,
        payer=masked(str(told.get("PhoneNumber") or ""))[:40],
        reason=None if paid else REASONS.get(code, "declined"),
        at=_at(told.get("TransactionDate")),
        raw=said,
    )


def about_attempt(about: str) -> int | None:
    """The attempt that our callback URL carried, if it is one."""
    return int(about) if about.isascii() and about.isdigit() and len(about) < 19 else None


def read_confirmation(said: dict[str, Any], currency: str, shortcode: str) -> ProviderEventIn:
    """A paybill payment, which no request of ours may stand behind."""
    if str(said["BusinessShortCode"]) != shortcode:
        raise ValueError("the payment is another paybill's")
    txn = short(said["TransID"])
    return ProviderEventIn(
        key=f"c2b:{txn}",
        kind="inbound",
        verified_by="none",
        txn=txn,
        method="mobile_inbound",
        amount_minor=amount(said["TransAmount"], currency),
        currency=currency,
        reference=words(said.get("BillRefNumber"), 80),
        payer=masked(str(said.get("MSISDN") or "").replace("\x00", ""))[:40],
        at=_at(said.get("TransTime")),
        raw=said,
    )


def read_status(said: dict[str, Any], currency: str) -> list[ProviderEventIn]:
    """The result of a status query: what the transaction was, under the conversation in which we asked."""
    result = said["Result"]
    told = {
        item["Key"]: item.get("Value") for item in (result.get("ResultParameters") or {}).get("ResultParameter", [])
    }
    if str(result.get("ResultCode")) != "0" or not told.get("ReceiptNo"):
        return []
    conversation, txn = short(result["ConversationID"]), short(told["ReceiptNo"])
    state = STATUSES.get(str(told.get("TransactionStatus")), "pending")
    return [
        ProviderEventIn(
            key=f"status:{conversation}",
            kind="proof",
            verified_by="none",
            provider_ref=conversation,
            txn=txn,
            amount_minor=amount(told["Amount"], currency),
            currency=currency,
            state=state,
            raw=said,
        )
    ]


def read_pulled(said: dict[str, Any], currency: str) -> list[ProviderEventIn]:
    """A page of pulled transactions; each has the key of its confirmation, so it is the same event."""
    if str(said.get("ResponseCode")) != "1000":
        raise ValueError("not a page of transactions")
    rows = [row for page in said["Response"] for row in (page if isinstance(page, list) else [page])]
    return [_pulled(row, currency) for row in rows if row.get("transactionId")]


def _pulled(row: dict[str, Any], currency: str) -> ProviderEventIn:
    txn = short(row["transactionId"])
    return ProviderEventIn(
        key=f"c2b:{txn}",
        kind="inbound",
        verified_by="answer",
        txn=txn,
        method="mobile_inbound",
        amount_minor=amount(row["amount"], currency),
        currency=currency,
        reference=words(row.get("billreference"), 80),
        payer=masked(words(row.get("msisdn"), 40)),
        at=_listed(row.get("trxDate")),
        raw=row,
    )


def _listed(stamp: object) -> datetime | None:
    """`2026-03-10T12:02:59` (or with a blank) in East Africa Time."""
    try:
        return datetime.fromisoformat(str(stamp)[:19]).replace(tzinfo=_EAT).astimezone(UTC)
    except ValueError:
        return None


def _at(stamp: object) -> datetime | None:
    try:
        return datetime.strptime(str(stamp), "%Y%m%d%H%M%S").replace(tzinfo=_EAT).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
