"""Reads MT940 statements by the library mt-940, and puts right what banks do to it.

Its line :61: takes the second letter of a mark such as `CR` for a code of the currency, and a reversal's sign as it comes; account and name of the other side
(?31, ?32) are asked for apart. In the purpose, EREF+, MREF+ and SVWZ+ are told apart by the library; a returned debit (NRTI, GVC 109)
carries its reason there.
"""

import re
from datetime import date
from typing import Any

from core import money
from core.payments.bank.model import Entry, Statement, numbered

NOTHING = (None, "", "NOTPROVIDED", "NONREF")
RETURNED = ("NRTI", "NRDT")
RETURN_CODES = ("108", "109", "159", "184")
_REASON = re.compile(r"\b([A-Z]{2}\d{2})\b")


def read(raw: bytes) -> list[Statement]:
    """Every statement of a file; ValueError when it is no MT940."""
    import mt940

    try:
        told = mt940.parse_statements(raw.decode("utf-8", "replace"), options=mt940.Options(applicant_iban=True))
        found = [_statement(one) for one in told]
    except Exception as why:
        raise ValueError(f"it is no MT940 ({why})" if isinstance(why, ValueError) else "it is no MT940") from why
    if not found:
        raise ValueError("it is no MT940")
    return found


def _statement(told: Any) -> Statement:
    data = told.data
    opening = data.get("final_opening_balance") or data.get("intermediate_opening_balance")
    closing = data.get("final_closing_balance") or data.get("intermediate_closing_balance")
    if opening is None or closing is None:
        raise ValueError("a statement without opening or closing balance")
    currency = str(closing.amount.currency)
    entries = [_entry(one.data, currency) for one in told]
    days = [entry.booked_on for entry in entries] or [_day(closing.date)]
    return Statement(
        account=str(data.get("account_identification") or "").strip(), currency=currency,
        number=f"{data.get('statement_number') or ''}/{data.get('sequence_number') or ''}", from_on=min(days),
        to_on=max(days), opening_minor=_minor(opening.amount, currency), closing_minor=_minor(closing.amount, currency),
        entries=numbered(entries),
    )  # fmt: skip


def _entry(data: dict[str, Any], currency: str) -> Entry:
    size = abs(_minor(data["amount"], currency))
    minor = size if data["status"] in ("C", "RD") else -size
    purpose = " ".join(str(data.get(name) or "") for name in ("purpose", "additional_purpose", "extra_details")).strip()
    plain = data.get("transaction_details")
    end_to_end = _first(data.get("end_to_end_reference"), data.get("customer_reference"))
    returned = str(data.get("id") or "") in RETURNED or str(data.get("transaction_code") or "")[:3] in RETURN_CODES
    reason = _REASON.search(purpose) if returned else None
    return Entry(
        booked_on=_day(data.get("entry_date") or data["date"]), amount_minor=minor,
        bank_ref=str(data.get("bank_reference") or "").strip(), end_to_end=end_to_end,
        mandate=data.get("additional_position_reference"), name=str(data.get("applicant_name") or ""),
        purpose=(purpose or str(plain or ""))[:300], returned=returned, reason=reason[1] if reason else None,
    )  # fmt: skip


def _first(*texts: object) -> str | None:
    return next((str(text).strip() for text in texts if text not in NOTHING), None)


def _minor(amount: Any, currency: str) -> int:
    return money.parse(f"{amount.amount:f}", currency)


def _day(told: Any) -> date:
    return date(told.year, told.month, told.day)
