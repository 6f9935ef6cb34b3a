"""Each provider's own report as it comes out of its dashboard or its API, told in our words: no column has to be named by hand.

A format is known by the columns (or names) it must have. Every row becomes a line, or is left out because it is no transaction (the
payout itself), or is refused in words: a row nobody understands must not vanish. Amounts keep their signs. Pure.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core import money
from core.numbers import Notation
from core.payments.providers.parse import from_units
from core.payments.providers.paystack_payloads import DECIMALS

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReportedLine:
    """One line of a report. `kind` fee: the provider kept something, and no payment is behind it."""

    key: str
    txn: str
    kind: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    day: date
    payout: str | None = None
    own: bool = True
    """`key` is the provider's own and comes once; else it is made of what the line says, and equals of a file are counted."""


@dataclass(frozen=True, slots=True)
class Format:
    """A provider's format: the names it is known by, and what a row means (None: it is no transaction)."""

    needs: frozenset[str]
    read: Callable[[Row, str, Notation], ReportedLine | None]


def _fee(key: str, kept_minor: int, currency: str, day: date, payout: str | None, *, own: bool = False) -> ReportedLine:
    return ReportedLine(key, key, "fee", 0, kept_minor, -kept_minor, currency, day, payout, own)


STRIPE_KINDS = {
    "charge": "payment", "refund": "refund", "partial_capture_reversal": "refund", "refund_failure": "refund",
    "dispute": "chargeback", "dispute_reversal": "payment",
}  # fmt: skip
STRIPE_FEES = ("fee", "network_cost", "tax")
STRIPE_NOT = (
    "payout",
    "payout_reversal",
    "payout_minimum_balance_hold",
    "payout_minimum_balance_release",
    "risk_reserved_funds",
)


def stripe(row: Row, _house_currency: str, notation: Notation) -> ReportedLine | None:
    """Stripe's itemized payout reconciliation (`payout_reconciliation.itemized`): whole units, negative where money left."""
    category, currency = row["reporting_category"], row["currency"].upper()
    if category in STRIPE_NOT:
        return None
    gross, fee, net = (money.read(row[name] or "0", currency, notation) for name in ("gross", "fee", "net"))
    day, key = _day(row.get("created_utc") or row["created"]), row["balance_transaction_id"]
    payout = row.get("automatic_payout_id") or None
    if category in STRIPE_FEES:
        return _fee(key, -net, currency, day, payout, own=True)
    if category not in STRIPE_KINDS or not row.get("payment_intent_id"):
        raise ValueError(f"we do not know what a {category!r} without a payment is")
    txn = row["payment_intent_id"]
    if category == "dispute_reversal":
        txn = f"{txn}:{row['source_id']}"
    return ReportedLine(key, txn, STRIPE_KINDS[category], gross, fee, net, currency, day, payout)


def gocardless(row: Row, _house_currency: str, notation: Notation) -> ReportedLine | None:
    """GoCardless's payout breakdown (dashboard, Export transactions): fees are told positive and taken off."""
    currency, day = row["currency"].upper(), _day(row.get("resources.charge_date") or row["resources.created_at"])
    gross, net = (money.read(row[name] or "0", currency, notation) for name in ("gross_amount", "net_amount"))
    kept = sum(
        money.read(row.get(name) or "0", currency, notation)
        for name in ("gocardless_fees", "app_fees", "surcharge_fees")
    )
    payment, refund, payout = row["payments.id"], row.get("refunds.id"), row["payouts.id"]
    if not payment:
        return _fee(f"{payout}:{row['resources.type']}:{day}", -net, currency, day, payout)
    kind = "payment" if gross > 0 else "refund" if refund else "chargeback"
    return ReportedLine(f"{payout}:{refund or payment}:{kind}", payment, kind, gross, kept, net, currency, day, payout)


def flutterwave(row: Row, _house_currency: str, _notation: Notation) -> ReportedLine | None:
    """One transaction of Flutterwave's settlement (`GET /v3/settlements/{id}`): whole units."""
    currency = row["currency"].upper()
    gross, net = (_machines(row[name], currency) for name in ("charged_amount", "settlement_amount"))
    kept = sum(_machines(row.get(name) or 0, currency) for name in ("app_fee", "merchant_fee", "stampduty_charge"))
    number = str(row["id"])
    return ReportedLine(
        f"{number}",
        number,
        "payment",
        gross,
        kept,
        net,
        currency,
        _day(row["transaction_date"]),
        _text(row.get("payout")),
    )


def paystack(row: Row, _house_currency: str, _notation: Notation) -> ReportedLine | None:
    """One transaction of Paystack's settlement (`GET /settlement/{id}/transactions`): hundredths."""
    if row["status"] not in ("success", "reversed"):
        return None
    currency = row["currency"].upper()
    gross, kept = (from_units(int(row[name] or 0), currency, DECIMALS) for name in ("amount", "fees"))
    return ReportedLine(
        str(row["id"]),
        row["reference"],
        "payment",
        gross,
        kept,
        gross - kept,
        currency,
        _day(row["paid_at"]),
        _text(row.get("payout")),
    )


def mpesa(row: Row, house_currency: str, notation: Notation) -> ReportedLine | None:
    """A row of the M-Pesa organisation statement. What it was is said by `Reason Type`, or only by `Details`."""
    said = f"{row.get('Reason Type') or ''} {row.get('Details') or ''}".lower()
    if row["Transaction Status"].strip().lower() != "completed":
        return None
    came, went = (money.read(row[name] or "0", house_currency, notation) for name in ("Paid In", "Withdrawn"))
    receipt, day, went = row["Receipt No."].strip(), _day(row["Completion Time"]), abs(went)
    linked = (row.get("Linked Transaction ID") or "").strip()
    if went and ("charge" in said or "fee" in said.split()):
        return _fee(f"{receipt}:fee", went, house_currency, day, None)
    if "revers" in said and linked:
        back = came - went
        return ReportedLine(receipt, linked, "refund", back, 0, back, house_currency, day)
    if came and not went:
        return ReportedLine(receipt, receipt, "payment", came, 0, came, house_currency, day)
    if any(word in said for word in ("settlement", "bank", "funds transfer")):
        return None
    raise ValueError(f"we do not know what {receipt} ({row.get('Reason Type') or row.get('Details')}) is")


FORMATS: Mapping[str, Format] = {
    "stripe": Format(
        frozenset({"balance_transaction_id", "reporting_category", "gross", "fee", "net", "payment_intent_id"}), stripe
    ),
    "gocardless": Format(
        frozenset({"payouts.id", "payments.id", "gross_amount", "net_amount", "currency"}), gocardless
    ),
    "flutterwave": Format(frozenset({"charged_amount", "settlement_amount", "transaction_date"}), flutterwave),
    "paystack": Format(frozenset({"reference", "amount", "fees", "paid_at", "currency"}), paystack),
    "daraja": Format(
        frozenset({"Receipt No.", "Completion Time", "Transaction Status", "Paid In", "Withdrawn"}), mpesa
    ),
}
"""Provider -> its own report."""


def transactions(said: Any) -> Iterator[Row]:
    """The transactions of an API's answer: a list, or a settlement with its list; each knows its payout."""
    data = said.get("data", said) if isinstance(said, dict) else said
    payout = str(data["id"]) if isinstance(data, dict) and "transactions" in data else None
    for row in data["transactions"] if isinstance(data, dict) else data:
        yield {"payout": payout, **row}


def _machines(value: object, currency: str) -> int:
    """Minor units of a number of JSON, or of a text that holds one."""
    return money.parse(f"{value:f}" if isinstance(value, Decimal) else str(value), currency)


def _text(value: object) -> str | None:
    return str(value) if value else None


def _day(text: str) -> date:
    """`2026-03-10...`, or as M-Pesa may write it: `10-03-2026 12:02:59`, `10/03/2026 12:02:59`."""
    head = str(text).strip()[:10]
    if head[2:3] in ("-", "/"):
        day, month, year = head.replace("/", "-").split("-")
        return date(int(year), int(month), int(day))
    return date.fromisoformat(head)
