"""The bill in three lines for a feature phone: total and due day, which bill, what is left and what was used (or the next instalment).

Together at most 156 GSM-7 units (80 where the language needs UCS-2): a name or a number too long is cut, never the amounts.
"""

from babel.dates import format_date

from core.billing.model import Bill
from core.billing.render.view_model import number
from core.money import show
from core.text import say
from core.text.days import days_of

LONGEST = 156


def render(bill: Bill, lang: str) -> str:
    """Three lines."""
    due = format_date(bill.due_on, "d MMM", locale=lang)
    total = say(lang, "bill.short.total", total=show(bill.total_minor, bill.currency, lang), due=due)
    first, last = days_of(bill.from_date, bill.to_date, lang, "d MMM")
    key = "bill.short.estimated" if bill.estimated else "bill.short.period"
    period = say(lang, key, number=bill.number or "", first=first, last=last)
    left = show(max(0, bill.to_pay_minor), bill.currency, lang)
    coming = bill.plan.next if bill.plan else None
    if coming is not None and bill.plan is not None:
        third = say(
            lang,
            "bill.plan.short",
            amount=show(coming.left_minor, bill.currency, lang),
            date=format_date(coming.due_on, "d MMM", locale=lang),
            left=show(bill.plan.left_minor, bill.currency, lang),
        )
    elif bill.use:
        used = f"{number(bill.use[-1].quantity_micro, lang)} {bill.use_unit}"
        third = say(lang, "bill.short.left", left=left, used=used)
    else:
        third = say(lang, "bill.short.left_only", left=left)
    return "\n".join((total, period[: LONGEST - len(total) - len(third) - 2], third))
