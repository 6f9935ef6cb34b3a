"""How many months a period is, so that a bill of two months or of nine days is charged its share.

An anchor of 31 closes on 28 February and on 31 March: both are whole months, because what counts is the day of the month
the account is billed on, not the number of days.
"""

from calendar import monthrange
from datetime import date
from fractions import Fraction


def _last(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _whole(first: date, last: date) -> bool:
    same = first.day == last.day
    return same or (_last(first) and last.day >= first.day) or (_last(last) and first.day >= last.day)


def plus_months(day: date, months: int) -> date:
    """The same day of a later month, or its last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_of(first: date, last: date) -> Fraction:
    """Months in [first, last): whole ones, and the rest by the days of the month it lies in."""
    months = (last.year - first.year) * 12 + last.month - first.month
    if _whole(first, last):
        return Fraction(months)
    if plus_months(first, months) > last:
        months -= 1
    since = plus_months(first, months)
    return months + Fraction((last - since).days, (plus_months(first, months + 1) - since).days)
