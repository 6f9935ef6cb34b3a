"""When a bill falls due: so many days after it is issued, moved to the next day on which banks work."""

from datetime import date, timedelta

from core import bankdays
from core.context import Context


def due_on(context: Context, issued_on: date) -> date:
    """The due day of a bill issued on that date, by the operator's rule and country."""
    return bankdays.on_or_after(issued_on + timedelta(days=context.operator.billing.due_days), context.operator.country)
