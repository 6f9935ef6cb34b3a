"""When a bill falls due: so many days after it is issued, moved to the next day on which banks work."""

from datetime import date, timedelta

from core.bank_days import bank_day_from
from core.house import House


def due_on(house: House, issued_on: date) -> date:
    """The due day of a bill issued on that date, by the operator's rule and country."""
    return bank_day_from(house.operator.country, issued_on + timedelta(days=house.operator.billing.due_days))
