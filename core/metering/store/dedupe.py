"""Which records of a batch are new, which are known, which supersede and which cannot be: decided without the database.

The key of a record is (meter, register, day, interval). The same quantity and quality again is a duplicate; another is the
next revision. The order in which different keys come is irrelevant; of one key, the last to come counts. Records of one
meter and day stand together in most files, so what holds for the day is decided once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from core.metering.consumption.installations import register_of, unknown_register
from core.metering.dst_calendar import minutes_of
from core.metering.model import ESTIMATED, Record, Reject
from core.text import say

Day = tuple[int, str, date]
"""(meter, register, day)."""
Latest = tuple[int, int, str]
"""What is stored for an interval: (revision, quantity in micro-units, quality)."""
Known = dict[Day, dict[int, Latest]]
Row = tuple[int, str, date, int, int, int, int, str, int]
"""A row of `usage`: meter, register, day, at, revision, minutes, quantity, quality, file."""


@dataclass(frozen=True, slots=True)
class MeterFacts:
    """What a meter's records are held against."""

    id: int
    serial: str
    unit: str
    kind: str
    minutes: int | None
    installed_on: date
    removed_on: date | None
    registers: str | None = None
    known_as: str | None = None
    """`meter.heard` as it stands stored."""
    heard: list[str] = field(default_factory=list)
    """The same as it becomes while records are taken."""


@dataclass(slots=True)
class IntervalChange:
    """By how much a day or a month changes: readings, quantity, and the part of it that is estimated."""

    readings: int = 0
    quantity_micro: int = 0
    estimated_micro: int = 0

    def add(self, other: "IntervalChange") -> None:
        """Count another change in."""
        self.readings += other.readings
        self.quantity_micro += other.quantity_micro
        self.estimated_micro += other.estimated_micro


@dataclass(slots=True)
class DedupedBatch:
    """A batch decided: rows to write, and what they come to."""

    rows: list[Row] = field(default_factory=list)
    days: dict[Day, IntervalChange] = field(default_factory=dict)
    months: dict[tuple[int, date], IntervalChange] = field(default_factory=dict)
    rejects: dict[int, Reject] = field(default_factory=dict)
    records: int = 0
    accepted: int = 0
    duplicates: int = 0
    revised: int = 0
    rejected: int = 0

    @property
    def quantity_micro(self) -> int:
        """By how much the batch changes what was used."""
        return sum(change.quantity_micro for change in self.months.values())

    def add(self, other: "DedupedBatch") -> None:
        """Count in what another part writes."""
        self.rows += other.rows
        for day, change in other.days.items():
            self.days.setdefault(day, IntervalChange()).add(change)
        for month, change in other.months.items():
            self.months.setdefault(month, IntervalChange()).add(change)

    def reject(self, item: Reject) -> None:
        """Keep the first reason of a line; count all of it."""
        first = self.rejects.get(item.row)
        self.rejects[item.row] = item if first is None else first._replace(intervals=first.intervals + item.intervals)
        self.rejected += item.intervals
        self.records += item.intervals


@dataclass(frozen=True, slots=True)
class Frame:
    """The instant after which readings are of the future, as the operator's clock shows it; and the file they came in."""

    zone: ZoneInfo
    today: date
    minute: int
    file_id: int


def settle(
    items: Iterable[Record | Reject], meters: Mapping[str, MeterFacts], known: Known, frame: Frame
) -> DedupedBatch:
    """Decide a batch. `known`: what is stored for its meters and days; it is brought up to date as records are taken."""
    result = DedupedBatch()
    for _, run in groupby(items, key=_meter_and_day):
        together = list(run)
        records = [item for item in together if isinstance(item, Record)]
        for item in together:
            if isinstance(item, Reject):
                result.reject(item)
        if records:
            _settle_day(result, records, meters, known, frame)
    return result


def _meter_and_day(item: Record | Reject) -> tuple[Any, ...]:
    return item[2:5]  # serial, register and day of a record


def _settle_day(
    made: DedupedBatch, records: list[Record], meters: Mapping[str, MeterFacts], known: Known, frame: Frame
) -> None:
    first = records[0]
    meter = meters.get(first.serial)
    if meter is None:
        _reject_all(made, records, say("en", "reject.unknown_meter", serial=first.serial[:40]))
        return
    if (reason := _no_such_day(meter, first.day, frame)) is not None or meter.minutes is None:
        _reject_all(made, records, reason or "")
        return
    fitting = [item for item in records if _fits(made, item, meter, meter.minutes, frame)]
    if not fitting:
        return
    register = register_of(meter.registers, meter.heard, first.register)
    if register is None:
        _reject_all(made, fitting, unknown_register(meter.serial, meter.registers, meter.heard, first.register))
        return
    _take(made, fitting, meter, register, known, frame.file_id)


def _take(
    made: DedupedBatch, records: list[Record], meter: MeterFacts, register: str, known: Known, file_id: int
) -> None:
    minutes, day = meter.minutes or 1, records[0].day
    meter_id = meter.id
    key = (meter_id, register, day)
    stored = known.setdefault(key, {})
    change, new = IntervalChange(), 0
    for item in records:
        quantity, quality, at = item.quantity_micro, item.quality, item.minute // minutes
        before = stored.get(at)
        if before is None:
            revision, new = 0, new + 1
            change.quantity_micro += quantity
        elif before[1] == quantity and before[2] == quality:
            made.duplicates += 1
            continue
        else:
            revision = before[0] + 1
            made.revised += 1
            change.quantity_micro += quantity - before[1]
            change.estimated_micro -= before[1] if before[2] == ESTIMATED else 0
        change.estimated_micro += quantity if quality == ESTIMATED else 0
        stored[at] = (revision, quantity, quality)
        made.rows.append((meter_id, register, day, at, revision, minutes, quantity, quality, file_id))
    made.records += len(records)
    made.accepted += new
    change.readings = new
    made.days.setdefault(key, IntervalChange()).add(change)
    made.months.setdefault((meter_id, day.replace(day=1)), IntervalChange()).add(change)


def _reject_all(made: DedupedBatch, records: list[Record], reason: str) -> None:
    for item in records:
        made.reject(Reject(item.row, item.line, reason))


def _no_such_day(meter: MeterFacts, day: date, frame: Frame) -> str | None:
    """Why this meter has no intervals on this day; None when it has."""
    if meter.minutes is None or meter.kind != "interval":
        return say("en", "reject.no_intervals", serial=meter.serial)
    if day > frame.today:
        return say("en", "reject.future")
    if day < meter.installed_on or (meter.removed_on is not None and day >= meter.removed_on):
        return say("en", "reject.not_installed", serial=meter.serial, day=day)
    return None


def _fits(made: DedupedBatch, item: Record, meter: MeterFacts, minutes: int, frame: Frame) -> bool:
    """Whether a record can be of this meter; its rejection is noted when it cannot."""
    end, reason = item.minute + minutes, None
    if item.unit != meter.unit:
        reason = say("en", "reject.wrong_unit", unit=item.unit, wanted=meter.unit, serial=meter.serial)
    elif item.minutes is not None and item.minutes != minutes:
        reason = say("en", "reject.wrong_length", minutes=item.minutes, wanted=minutes, serial=meter.serial)
    elif item.minute % minutes or (end > SHORTEST_DAY and end > minutes_of(item.day, frame.zone)):
        reason = say("en", "reject.off_the_grid", wanted=minutes, serial=meter.serial)
    elif item.day == frame.today and end > frame.minute:
        reason = say("en", "reject.future")
    if reason is not None:
        made.reject(Reject(item.row, item.line, reason))
    return reason is None


SHORTEST_DAY = 1380
"""Minutes that every day has, also when the clock goes forward."""


def span(items: Iterable[Record]) -> tuple[date, date]:
    """The first day of the records and the day after the last."""
    days = {item.day for item in items}
    return min(days), max(days) + timedelta(days=1)
