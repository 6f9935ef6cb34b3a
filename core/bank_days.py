"""Bank business days of a country: the day on which a bill may fall due and a bank will collect.

The country's own weekend counts (Friday and Saturday where that is so), and its public holidays; for a country whose holidays are
not known, Saturday and Sunday are all that is left out.
"""

from datetime import date, timedelta
from functools import cache

from holidays import HolidayBase, country_holidays

SATURDAY = 5


@cache
def _calendar(country: str) -> HolidayBase | None:
    try:
        return country_holidays(country)
    except NotImplementedError:
        return None


def is_bank_day(country: str, day: date) -> bool:
    """Whether banks of the country (ISO 3166 code) work on that day."""
    calendar = _calendar(country)
    return day.weekday() < SATURDAY if calendar is None else bool(calendar.is_working_day(day))


def bank_day_from(country: str, day: date) -> date:
    """The first bank business day on or after `day`."""
    while not is_bank_day(country, day):
        day += timedelta(days=1)
    return day
