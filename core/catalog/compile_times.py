"""Compiles times of use, holidays and destinations, and proves that every minute of the year has one name."""

import re
from datetime import date

from core.catalog.document import HolidaysDoc, TimeDoc
from core.catalog.scope import TariffScope
from core.catalog.wrong import refuse
from core.rating.terms import LONGEST_NUMBER, Destinations
from core.rating.times import TimeRule, Times

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YEARS_AHEAD = 20
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_TELL = {"include": None, "exclude": False, "only": True}


def times_of(context: TariffScope) -> Times | None:
    """The tariff's times of use; None where it has none."""
    if not context.doc.times:
        return None
    rules = tuple(_rule(context, rule) for rule in context.doc.times)
    times = Times(tuple(context.times), rules, _holidays(context, context.doc.holidays))
    gap = times.gap()
    if gap is not None:
        minute, weekday, month, holiday = gap
        when = f"{DAYS[weekday]} {minute // 60:02}:{minute % 60:02} in month {month}" + (
            " (holiday)" if holiday else ""
        )
        refuse(f"{context.where}, times", f"{when} belongs to no time", "end with an entry that has only a `code`")
    return times


def _rule(context: TariffScope, doc: TimeDoc) -> TimeRule:
    where = f"{context.where}, time {doc.code}"
    since, until = _minute(doc.since, where), _minute(doc.until, where)
    if since == until:
        refuse(where, f"it lasts from {doc.since} to {doc.until}", "leave both out for the whole day")
    months = frozenset(doc.months or range(1, 13))
    if not months <= frozenset(range(1, 13)):
        refuse(where, "a month must be from 1 to 12", "write `months: [6, 7, 8]`")
    days = _days(doc.days, where)
    if doc.holidays == "only" and doc.days is None:
        days = frozenset()
    return TimeRule(context.times[doc.code], days, since, until, months, _TELL[doc.holidays])


def _minute(text: str, where: str) -> int:
    if not _CLOCK.fullmatch(text):
        refuse(where, f"{text!r} is no time of day", 'write "07:00", in quotes, up to "24:00"')
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _days(text: str | None, where: str) -> frozenset[int]:
    """`mon-fri`, `sat,sun`, `fri-mon`; None is every day."""
    if text is None:
        return frozenset(range(7))
    match: set[int] = set()
    for part in text.replace(" ", "").lower().split(","):
        ends = part.split("-")
        if len(ends) > 2 or any(end not in DAYS for end in ends):
            refuse(where, f"{part!r} are no days", "write `mon-fri` or `sat,sun`")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        match |= {(first + i) % 7 for i in range((last - first) % 7 + 1)}
    return frozenset(match)


def _holidays(context: TariffScope, doc: HolidaysDoc | None) -> frozenset[date]:
    if doc is None:
        asked = [rule.code for rule in context.doc.times if rule.holidays != "include"]
        if asked:
            refuse(
                f"{context.where}, time {asked[0]}",
                "it depends on holidays",
                "add `holidays: {country: KE}` or their days",
            )
        return frozenset()
    known = _of_country(context, doc)
    for day in doc.without:
        if day not in known:
            refuse(f"{context.where}, holidays", f"{day} is no holiday anyway", "leave it out of `without`")
    return frozenset((known | set(doc.days)) - set(doc.without))


def _of_country(context: TariffScope, doc: HolidaysDoc) -> set[date]:
    """The holidays of the country from the year before the tariff begins."""
    where = f"{context.where}, holidays"
    if doc.country is None:
        if doc.subdivision is not None:
            refuse(where, "a `subdivision` is of a country", "add `country`")
        return set()
    import holidays  # a second of tables that a tariff without a country never needs

    parts = holidays.list_supported_countries().get(doc.country)
    if parts is None:
        refuse(where, f"{doc.country!r} is no country with known holidays", "list the `days`")
    if doc.subdivision is not None and doc.subdivision not in parts:
        known = ", ".join(parts) or "none is known"
        refuse(where, f"{doc.subdivision!r} is no part of {doc.country}", f"use one of: {known}")
    first = context.doc.valid_from.year - 1
    years = range(first, first + YEARS_AHEAD)
    return set(holidays.country_holidays(doc.country, subdiv=doc.subdivision, years=years))


def destinations_of(context: TariffScope) -> Destinations | None:
    """The tariff's destinations; None where it has none."""
    prefixes: dict[str, int] = {}
    for name, given in context.doc.destinations.items():
        where = f"{context.where}, destination {name}"
        for prefix in given:
            digits = prefix.strip().lstrip("+")
            if digits and not (digits.isascii() and digits.isdigit()):
                refuse(where, f"{prefix!r} is no prefix", 'write digits, or "" for everywhere else')
            if len(digits) > LONGEST_NUMBER:
                refuse(where, f"prefix {prefix[:20]}... has {len(digits)} digits", f"give at most {LONGEST_NUMBER}")
            if digits in prefixes:
                other = list(context.doc.destinations)[prefixes[digits]]
                refuse(where, f"prefix {prefix!r} is also in {other}", "leave it in one of them")
            prefixes[digits] = context.destinations[name]
    return Destinations(tuple(context.doc.destinations), prefixes) if prefixes else None
