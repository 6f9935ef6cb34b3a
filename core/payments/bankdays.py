"""Days on which banks work: a direct debit moves from a weekend or public holiday to the next of them. Pure."""

from datetime import date, timedelta
from functools import cache

import holidays


@cache
def _calendar(country: str) -> holidays.HolidayBase | None:
    return holidays.country_holidays(country) if country in holidays.list_supported_countries() else None


def on_or_after(day: date, country: str) -> date:
    """The first bank business day on or after `day`; Monday to Friday where a country's holidays are not known."""
    calendar = _calendar(country)
    while not (calendar.is_working_day(day) if calendar is not None else day.weekday() < 5):
        day += timedelta(days=1)
    return day
