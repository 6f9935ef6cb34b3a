"""The bill as one line of SMS: who, which bill, total, until when, and where to see all of it."""

from core.billing.model import Bill
from core.billing.shown import day
from core.money import show
from core.text import say


def render(bill: Bill, lang: str, *, operator: str | None = None) -> str:
    """One line; `operator` (the short name) where the full one is too long for a segment."""
    key = "bill.short.sms" if bill.to_pay_minor > 0 else "bill.short.sms_paid"
    total = show(bill.total_minor, bill.currency, lang)
    words = say(
        lang, key, operator=operator or bill.operator, number=bill.number or "", total=total,
        due=day(bill.due_on, lang), url=bill.url,
    )  # fmt: skip
    return words.strip()
