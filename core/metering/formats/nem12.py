"""NEM12, the Australian market's interval file: 100 head, 200 a stream, 300 a day of it, 400 flags of some intervals, 900 end.

A 300 record whose quality is `V` has its flags in the 400 records after it, so a day is settled when the next other record
comes. Its days are the market's, which never changes its clock (`days.py: Market`). A bad interval costs only itself. The line of a reject is its 200, 300 and 400 records, so that it can be read by itself. Source: AEMO, "Meter Data File Format Specification NEM12 & NEM13".
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from core.errors import BadInput
from core.metering.dst_calendar import Market
from core.metering.model import ACTUAL, ESTIMATED, SUBSTITUTED, Record, Reject
from core.metering.units import UNITS, Unreadable, used
from core.text import say

LENGTHS = (5, 15, 30)
NO_VALUE, VARIABLE = "N", "V"
QUALITIES = {"A": ACTUAL, "S": SUBSTITUTED, "F": SUBSTITUTED, "E": ESTIMATED, NO_VALUE: NO_VALUE, VARIABLE: VARIABLE}


@dataclass(frozen=True, slots=True)
class _Stream:
    """A 200 record: which register of which meter, in what unit, in intervals how long."""

    serial: str
    register: str
    unit: str
    scale: int
    minutes: int
    line: str = ""

    @property
    def intervals(self) -> int:
        return 1440 // self.minutes


@dataclass(slots=True)
class _Day:
    """A 300 record and the 400 records that belong to it."""

    row: int
    line: str
    stream: _Stream
    day: date
    values: list[str]
    qualities: list[str]
    bad: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


def records(lines: Iterable[str], shift_years: int, where: str, market: Market) -> Iterator[Record | Reject]:
    """Intervals in the order of the file; BadInput when it is no NEM12."""
    rows = csv.reader(lines)
    head = next(rows, [])
    if head[:2] != ["100", "NEM12"]:
        raise BadInput(f"{where}, line 1", "it does not begin with 100,NEM12.", "Give the file as the market sent it.")
    yield from _Walk(shift_years, market).all(rows)


class _Walk:
    """Where in the file we are: the stream, and the day whose 400 records may still come."""

    def __init__(self, shift_years: int, market: Market) -> None:
        self.shift, self.market = shift_years, market
        self.stream: _Stream | Unreadable = Unreadable("reject.nem12_no_stream")
        self.day: _Day | None = None
        self.ended = False
        self.row = 1

    def all(self, rows: Iterable[list[str]]) -> Iterator[Record | Reject]:
        """Every interval of the rows after the head."""
        for self.row, row in enumerate(rows, start=2):
            if row and row[0] != "400":
                yield from self._settled()
            try:
                if row:
                    self._take(row)
            except Unreadable as why:
                yield Reject(self.row, ",".join(row), _say(why))
        yield from self._settled()
        if not self.ended:
            yield Reject(self.row + 1, "", say("en", "reject.nem12_no_end"))

    def _take(self, row: list[str]) -> None:
        match row[0]:
            case "200":
                try:
                    self.stream = _stream(row)
                except Unreadable as why:
                    self.stream = why
                    raise
            case "300":
                if isinstance(self.stream, Unreadable):
                    raise self.stream
                self.day = self._opened(row, self.stream)
            case "400":
                if self.day is not None:  # else its day was rejected, and it with it
                    _flag(self.day, row)
            case "900":
                self.ended = True
            case "500":
                pass  # a manual reading of the register: not interval data
            case other:
                raise Unreadable("reject.nem12_record", text=other[:10])

    def _opened(self, row: list[str], stream: _Stream) -> _Day:
        count = stream.intervals
        if len(row) < count + 3:
            raise Unreadable("reject.columns", found=len(row), wanted=count + 7)
        try:
            day = datetime.strptime(row[1], "%Y%m%d").date()  # noqa: DTZ007 - a day of the market's clock
            day = day.replace(year=day.year + self.shift)
        except ValueError:
            raise Unreadable("reject.not_a_time", text=row[1][:40]) from None
        quality = _quality(row[count + 2])
        return _Day(self.row, ",".join(row), stream, day, row[2 : count + 2], [quality] * count)

    def _settled(self) -> Iterator[Record | Reject]:
        day, self.day = self.day, None
        if day is None:
            return
        stream = day.stream
        line = "\n".join((stream.line, day.line, *day.flags))
        for at, (text, quality) in enumerate(zip(day.values, day.qualities, strict=True)):
            try:
                if quality in (NO_VALUE, VARIABLE):
                    raise Unreadable("reject.no_value")
                quantity = used(text, stream.scale)
            except Unreadable as why:
                day.bad.append(say("en", "reject.interval", at=at + 1, why=_say(why)))
                continue
            local, minute = self.market.place(day.day, at * stream.minutes)
            yield Record(
                day.row,
                line,
                stream.serial,
                stream.register,
                local,
                minute,
                stream.minutes,
                quantity,
                quality,
                stream.unit,
            )
        if day.bad:
            yield Reject(day.row, line, " ".join(day.bad), len(day.bad))


def _stream(row: list[str]) -> _Stream:
    if len(row) < 9:
        raise Unreadable("reject.columns", found=len(row), wanted=10)
    unit = UNITS.get(row[7].strip().lower())
    if unit is None:
        raise Unreadable("reject.unit_unknown", text=row[7][:10])
    minutes = int(row[8]) if row[8].strip() in {str(length) for length in LENGTHS} else 0
    if not minutes:
        raise Unreadable("reject.nem12_length", text=row[8][:10])
    return _Stream(row[6].strip() or row[1].strip(), row[4].strip(), *unit, minutes, ",".join(row))


def _flag(day: _Day, row: list[str]) -> None:
    """A 400 record: the quality of the intervals from its first up to its last (counted from 1)."""
    if len(row) < 4 or not (row[1].isdigit() and row[2].isdigit()):
        raise Unreadable("reject.nem12_flags")
    first, last = int(row[1]), int(row[2])
    if not 1 <= first <= last <= len(day.values):
        raise Unreadable("reject.nem12_flags")
    day.flags.append(",".join(row))
    day.qualities[first - 1 : last] = [_quality(row[3])] * (last - first + 1)


def _quality(text: str) -> str:
    match = QUALITIES.get(text.strip()[:1].upper())
    if match is None:
        raise Unreadable("reject.quality", text=text[:40])
    return match


def _say(why: Unreadable) -> str:
    return say("en", why.key, **why.params)
