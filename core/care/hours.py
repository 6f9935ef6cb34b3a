"""When people are there to answer: the operator's hours by weekday, less the public holidays of its country. Pure."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.bankdays import is_holiday
from core.config.operator import Operator, Weekday

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_AHEAD = timedelta(days=30)
Span = tuple[datetime, datetime]


def is_open(operator: Operator, at: datetime) -> bool:
    """Whether somebody answers at an instant."""
    local = at.astimezone(operator.zoneinfo)
    return any(begin <= local < end for begin, end in _spans(operator, local.date(), local.date()))


def opens_at(operator: Operator, at: datetime) -> datetime | None:
    """When the doors open next; None when they do not within a month."""
    local = at.astimezone(operator.zoneinfo)
    spans = _spans(operator, local.date(), local.date() + LOOK_AHEAD)
    return next((begin for begin, end in spans if begin > local), None)


def call_slots(operator: Operator, at: datetime, most: int) -> list[Span]:
    """The next times in which we can call back, each within the hours and none begun already."""
    local, length = at.astimezone(operator.zoneinfo), timedelta(hours=operator.desk.call_slot_hours)
    rows: list[Span] = []
    for begin, end in _spans(operator, local.date(), local.date() + LOOK_AHEAD):
        start = begin
        while start < end and len(rows) < most:
            if start > local:
                rows.append((start, min(start + length, end)))
            start += length
    return rows


def _spans(operator: Operator, first: date, last: date) -> Iterator[Span]:
    day = first
    while day <= last:
        hours = operator.desk.hours.get(WEEKDAYS[day.weekday()])
        if hours and not is_holiday(day, operator.country):
            begin, end = (_at(day, part, operator.zoneinfo) for part in hours.split("-"))
            yield begin, end
        day += timedelta(days=1)


def _at(day: date, text: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), zone)
