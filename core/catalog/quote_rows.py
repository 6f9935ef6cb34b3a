"""One row of usage in a quote: meter, quantity, and where given its instants, its destination, its value."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from core.rating.charges.event import SECONDS
from core.rating.errors import CannotRate
from core.rating.exact import MICRO
from core.rating.guard import MOST_MINOR, MOST_UNITS
from core.rating.quote import Row
from core.rating.tariff import Tariff
from core.rating.times import DAY_SECONDS, EPOCH, Clockface

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?")
_FIELDS = {"meter", "quantity", "unit", "at", "until", "destination", "value"}
_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - counts local seconds


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request's rows are read against: the versions of the tariff, what they know together, and the period."""

    versions: Sequence[Tariff]
    tariff: Tariff
    since: date
    until: date

    def version_at(self, start: int | None) -> Tariff:
        """The version in which a row starts; the last one for a row without its time."""
        if start is None:
            return self.versions[-1]
        day = day_of(start)
        return next((one for one in reversed(self.versions) if one.valid_from <= day), self.versions[0])


def row_of(asked: Asked, row: Mapping[str, Any], where: str) -> Row:
    """The row in micro-units and local seconds; refused with a sentence where it makes no sense."""
    tariff = asked.tariff
    strange = sorted(set(row) - _FIELDS)
    if strange:
        raise CannotRate(where, f"{strange[0]!r} is no part of a row", f"use {', '.join(sorted(_FIELDS))}")
    meter, unit = meter_of(tariff, row, where)
    start, start_zone = _instant(tariff, row.get("at"), where)
    end, end_zone = _instant(tariff, row.get("until"), where)
    if start is not None and not seconds_of(asked.since) <= start < seconds_of(asked.until):
        wrong = f"{row['at']} is outside the period from {asked.since} to {asked.until}"
        raise CannotRate(where, wrong, "correct `at` or the period")
    length = None
    if start_zone is not None and end_zone is not None:
        length = Fraction(end_zone - start_zone)
        if length < 0:
            raise CannotRate(where, "it ends before it begins", "let `until` be after `at`")
    quantity = _quantity(row, unit, length, where)
    version = asked.version_at(start)
    if length and unit not in SECONDS and start is not None and end is not None:
        _of_one_time(version, start, end, where)
    value = None if row.get("value") is None else amount_of(row["value"], tariff, f"{where} value")
    return Row(meter, quantity, start, _destination(version, row.get("destination"), where), value, start_zone)


def quantity_of(tariff: Tariff, row: Mapping[str, Any], where: str) -> tuple[str, int]:
    """Meter and micro-units of a row that is only a total."""
    meter, _ = meter_of(tariff, row, where)
    return meter, _micro(row.get("quantity"), where)


def meter_of(tariff: Tariff, row: Mapping[str, Any], where: str) -> tuple[str, str]:
    """The row's meter and unit; a tariff with a single meter needs none named."""
    meters = tariff.meters
    meter = str(row.get("meter", next(iter(meters)) if len(meters) == 1 else None))
    meter = next((whole for whole, parts in tariff.sums.items() if meter in parts), meter)
    if meter not in meters:
        raise CannotRate(where, f"{meter[:40]!r} is no meter of {tariff.code}", f"use {', '.join(meters) or 'none'}")
    unit = str(row.get("unit", meters[meter]))[:40]
    if unit != meters[meter]:
        raise CannotRate(
            where, f"{meter} is measured in {meters[meter]}, not in {unit}", f"convert it to {meters[meter]}"
        )
    return meter, unit


def amount_of(given: Any, tariff: Tariff, where: str) -> int:
    """Whole minor units of a money text."""
    value = number(given, where) * 10**tariff.exponent
    if value.denominator != 1:
        raise CannotRate(where, f"{given} has more decimals than {tariff.currency} has", "round it first")
    if value > MOST_MINOR:
        raise CannotRate(where, f"{given} is absurdly large", "check the amount")
    return int(value)


def number(given: Any, where: str) -> Fraction:
    """A plain decimal text (or a whole number) as it is; nothing negative, no NaN, no float."""
    if isinstance(given, float):
        given = str(Decimal(repr(given)))
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise CannotRate(where, f"{str(given)[:40]!r} is no number", 'write it as text, such as "42"')
    text = str(given).strip()
    if text.startswith("-"):
        raise CannotRate(
            where, f"{text[:40]} is negative", "correct it; what the customer delivers has a meter of its own"
        )
    if not _NUMBER.fullmatch(text):
        raise CannotRate(where, f"{text[:40]!r} is no plain number", 'write digits, such as "42" or "0.5"')
    return Fraction(text)


def _micro(given: Any, where: str) -> int:
    value = number(given, where) * MICRO
    if value.denominator != 1:
        raise CannotRate(where, f"{given} has more than six decimals", "round it to the millionth of a unit")
    if value > MOST_UNITS * MICRO:
        raise CannotRate(where, f"{given} is absurdly large", "check the reading and its unit")
    return int(value)


def _quantity(row: Mapping[str, Any], unit: str, length: Fraction | None, where: str) -> int:
    if row.get("quantity") is not None:
        return _micro(row["quantity"], where)
    if length is not None and unit in SECONDS:
        micro = length * MICRO / SECONDS[unit]
        return -(-micro.numerator // micro.denominator)
    if row.get("value") is not None or row.get("destination") is not None:
        return MICRO
    raise CannotRate(where, "it has no quantity", 'add "quantity", or `at` and `until` where the meter counts time')


def seconds_of(day: date) -> int:
    """The local second at which a day begins."""
    return (day - EPOCH).days * DAY_SECONDS


def day_of(second: int) -> date:
    """The day of a local second."""
    return EPOCH + timedelta(days=second // DAY_SECONDS)


def _instant(tariff: Tariff, text: Any, where: str) -> tuple[int | None, int | None]:
    """Local seconds of the tariff's zone, and true seconds (by which lengths are measured)."""
    if text is None:
        return None, None
    zone = ZoneInfo(tariff.zone)
    try:
        instant = datetime.fromisoformat(str(text))
        aware = instant.replace(tzinfo=zone) if instant.tzinfo is None else instant.astimezone(zone)
        local = aware.replace(tzinfo=None) - _LOCAL_EPOCH
        return local.days * DAY_SECONDS + local.seconds, int(aware.timestamp())
    except (ValueError, OverflowError) as why:
        raise CannotRate(where, f"{str(text)[:40]!r} is no instant", "write 2023-07-01T18:00:00+03:00") from why


def _destination(tariff: Tariff, text: Any, where: str) -> int | None:
    if text is None or tariff.destinations is None:
        return None
    code = tariff.destinations.code(str(text))
    if code < 0:
        known = ", ".join(tariff.destinations.names)
        raise CannotRate(where, f"no prefix of the tariff fits {str(text)[:40]!r}", f"its destinations are {known}")
    return code


def _of_one_time(tariff: Tariff, start: int, end: int, where: str) -> None:
    """A measured interval that lies in two times of use cannot be told apart: refuse it rather than guess."""
    if tariff.times is None or end <= start:
        return
    face = Clockface.over(tariff.times, start, end)
    if int(face.ends()[(start - face.origin) // face.seconds]) < end:
        raise CannotRate(where, "it lies in two times of use", "give one row for each, or shorter intervals")
