"""What Daraja posts to us, read into our words: STK results and paybill (C2B) confirmations. Pure.

`Body.stkCallback{CheckoutRequestID, ResultCode, ResultDesc, CallbackMetadata.Item[{Name, Value?}]}`: the metadata comes on success
only, and an Item may lack its Value. A confirmation's MSISDN is masked or hashed, so it identifies nobody: BillRefNumber does.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core import money
from core.payments.model import masked
from core.payments.providers.contract import ProviderEventIn

REASONS = {"1": "funds", "1001": "busy", "1019": "expired", "1032": "cancelled", "1037": "unreachable", "2001": "pin"}
"""ResultCode -> a word of `payments.reason.*`."""

REFUSALS = {"account": "C2B00012", "amount": "C2B00013", "shortcode": "C2B00015", "other": "C2B00016"}
"""Why a paybill payment is refused at validation -> Daraja's code."""

_EAT = ZoneInfo("Africa/Nairobi")


def read_result(said: dict[str, Any], currency: str, about: str) -> ProviderEventIn:
    """An STK result; success must be confirmed by query before it is believed."""
    result = said["Body"]["stkCallback"]
    ref, code = short(result["CheckoutRequestID"]), str(result["ResultCode"])
    items = result.get("CallbackMetadata", {}).get("Item", [])
    told = {item["Name"]: item.get("Value") for item in items}
    paid = code == "0"
    return ProviderEventIn(
        key=f"stk:{ref}:{short(code)}", kind="succeeded" if paid else "failed", verified_by="query",
        attempt_id=int(about) if about.isascii() and about.isdigit() and len(about) < 19 else None,
        provider_ref=ref, txn=short(told["MpesaReceiptNumber"]) if paid else None, method="mobile_push",
        amount_minor=amount(told["Amount"], currency) if paid else None, currency=currency,
        payer=masked(str(told.get("PhoneNumber") or ""))[:40], reason=None if paid else REASONS.get(code, "declined"),
        at=_at(told.get("TransactionDate")), raw=said,
    )  # fmt: skip


def read_confirmation(said: dict[str, Any], currency: str, shortcode: str) -> ProviderEventIn:
    """A paybill payment, which no request of ours may stand behind."""
    if str(said["BusinessShortCode"]) != shortcode:
        raise ValueError("the payment is another paybill's")
    txn = short(said["TransID"])
    return ProviderEventIn(
        key=f"c2b:{txn}", kind="inbound", verified_by="none", txn=txn, method="mobile_inbound",
        amount_minor=amount(said["TransAmount"], currency), currency=currency,
        reference=str(said.get("BillRefNumber") or "").replace("\x00", "").encode("utf-8", "replace").decode()[:80],
        payer=masked(str(said.get("MSISDN") or "").replace("\x00", ""))[:40], at=_at(said.get("TransTime")), raw=said,
    )  # fmt: skip


def amount(value: object, currency: str) -> int:
    """Minor units of an amount in shillings, as text or as a JSON number; ValueError when it is no positive amount."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"{type(value).__name__} is no amount")
    minor = money.parse(str(value), currency)
    if minor <= 0:
        raise ValueError("money that arrived is more than nothing")
    return minor


def short(value: object) -> str:
    """An identifier of Daraja's: 1-80 printable ASCII letters."""
    text = str(value)
    if not (isinstance(value, str | int) and 0 < len(text) <= 80 and text.isascii() and text.isprintable()):
        raise ValueError("an identifier was expected")
    return text


def _at(stamp: object) -> datetime | None:
    try:
        return datetime.strptime(str(stamp), "%Y%m%d%H%M%S").replace(tzinfo=_EAT).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
