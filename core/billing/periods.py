"""Which days a bill covers, for a bill day (anchor) of 1 to 31. Pure.

The anchor is kept: 31 closes on 28 February and on 31 March again, never drifting to 28. Periods are half-open and tile the time
without gap or overlap; a first or last period that is short is its days over the days of the whole period it is cut from.
"""

from calendar import monthrange
from datetime import date
from fractions import Fraction

Period = tuple[date, date, Fraction]


def close_day(year: int, month: int, anchor: int) -> date:
    """The day of that month on which an account of this anchor closes."""
    if not 1 <= anchor <= 31:
        raise ValueError(f"{anchor} is no bill day: choose 1 to 31")
    return date(year, month, min(anchor, monthrange(year, month)[1]))


def close_after(anchor: int, day: date) -> date:
    """The first close strictly after `day`."""
    this_month = close_day(day.year, day.month, anchor)
    if this_month > day:
        return this_month
    months = day.year * 12 + day.month
    return close_day(months // 12, months % 12 + 1, anchor)


def close_up_to(anchor: int, day: date) -> date:
    """The last close on or before `day`."""
    this_month = close_day(day.year, day.month, anchor)
    if this_month <= day:
        return this_month
    months = day.year * 12 + day.month - 2
    return close_day(months // 12, months % 12 + 1, anchor)


def whole_period(anchor: int, day: date) -> tuple[date, date]:
    """The whole period [from, to) of the anchor in which `day` lies."""
    return close_up_to(anchor, day), close_after(anchor, day)


def next_period(anchor: int, from_: date) -> tuple[date, date]:
    """The period that begins on `from_` and closes on the anchor's next close."""
    return from_, close_after(anchor, from_)


def periods(anchor: int, from_: date, to: date) -> list[Period]:
    """[(from, to, fraction)] of a service that starts on `from_` and stops on `to`; the fraction of a whole period is 1."""
    rows: list[Period] = []
    while from_ < to:
        whole_from, whole_to = whole_period(anchor, from_)
        end = min(whole_to, to)
        rows.append((from_, end, Fraction((end - from_).days, (whole_to - whole_from).days)))
        from_ = end
    return rows


def cycles_json(anchor: int, from_: date, to: date) -> list[dict[str, str]]:
    """What `hodi cycles --json` prints: `[{"from", "to", "fraction": "9/28"}]`."""
    return [
        {"from": start.isoformat(), "to": end.isoformat(), "fraction": str(fraction)}
        for start, end, fraction in periods(anchor, from_, to)
    ]
