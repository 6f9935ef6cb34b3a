"""When a bill falls due: so many days after it is issued, moved to the next day on which banks work."""

from datetime import date, timedelta

from core import bankdays
from core.context import House


def due_on(house: House, issued_on: date) -> date:
    """The due day of a bill issued on that date, by the operator's rule and country."""
    return bankdays.on_or_after(issued_on + timedelta(days=house.operator.billing.due_days), house.operator.country)
