"""Days on which banks work: a bill falls due, and a direct debit is collected, on the next of them. Pure.

The country's own weekend counts (Friday and Saturday where that is so), and its public holidays.
"""

from datetime import date, timedelta
from functools import cache

import holidays

BACS = "BACS"
"""The days of Bacs, by which British banks settle: those of England and Wales."""


@cache
def _calendar(country: str) -> holidays.HolidayBase | None:
    if country == BACS:
        return holidays.country_holidays("GB", subdiv="ENG")
    if country in holidays.list_supported_financial():
        return holidays.financial_holidays(country)
    return holidays.country_holidays(country) if country in holidays.list_supported_countries() else None


def is_holiday(day: date, country: str) -> bool:
    """Whether `day` is a public holiday; False where a country's holidays are not known."""
    calendar = _calendar(country)
    return calendar is not None and day in calendar


def works(day: date, country: str) -> bool:
    """Whether banks work on that day; Monday to Friday where a country's holidays are not known."""
    calendar = _calendar(country)
    return calendar.is_working_day(day) if calendar is not None else day.weekday() < 5


def on_or_after(day: date, country: str) -> date:
    """The first bank business day on or after `day`.

    `country` may also be a financial calendar: `ECB` are the days of TARGET, on which the euro area's banks settle, `BACS` Britain's.
    """
    while not works(day, country):
        day += timedelta(days=1)
    return day
