"""NEM13, the Australian market's file of register reads: a 250 record has what the dials showed before and now.

Both readings go to the readings' own rules, which hold what cannot be. An estimate is no reading: Hodi estimates by itself, and
marks it. Source: AEMO, "Meter Data File Format Specification NEM12 & NEM13".
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import BadInput
from core.metering.consumption.installations import EXPORT
from core.metering.formats.csv_line import joined
from core.metering.model import Reject
from core.metering.store import store
from core.metering.store.readings import Read, Recorded, record
from core.metering.units import UNITS, Unreadable, used
from core.text import say

ACTUAL = "ASF"
"""Qualities that are readings: actual, substituted and final substituted."""


class ReadPair(NamedTuple):
    """A 250 record: the reading before (if it can be used) and the reading now."""

    row: int
    line: str
    unit: str
    before: Read | None
    now: Read


def records(lines: Iterable[str], shift_years: int, where: str) -> Iterator[ReadPair | Reject]:
    """One item a 250 record; BadInput when the file is no NEM13."""
    rows = csv.reader(lines)
    if next(rows, [])[:2] != ["100", "NEM13"]:
        raise BadInput(f"{where}, line 1", "it does not begin with 100,NEM13.", "Give the file as the market sent it.")
    ended = False
    number = 1
    for number, row in enumerate(rows, start=2):
        if row and row[0] == "250":
            yield read(number, row, shift_years)
        elif row and row[0] not in ("550", "900"):
            yield Reject(number, joined(row), say("en", "reject.nem13_record", text=row[0][:10]))
        ended = ended or row[:1] == ["900"]
    if not ended:
        yield Reject(number + 1, "", say("en", "reject.nem12_no_end"))


def read(number: int, row: Sequence[str], shift_years: int = 0) -> ReadPair | Reject:
    """A 250 record as two readings, or why not."""
    line = joined(row)
    try:
        if len(row) < 20:
            raise Unreadable("reject.columns", found=len(row), wanted=23)
        unit = UNITS.get(row[19].strip().lower())
        if unit is None:
            raise Unreadable("reject.unit_unknown", text=row[19][:10])
        register = (EXPORT if row[7].strip().upper() == "E" else "") + row[3].strip()
        serial = row[6].strip() or row[1].strip()
        if row[15].strip()[:1].upper() not in ACTUAL:
            raise Unreadable("reject.estimate")
        now = _reading(row[13], row[14], serial, register, shift_years, unit[1])
        known = row[10].strip()[:1].upper() in ACTUAL and row[8].strip() and row[9].strip()
        before = _reading(row[8], row[9], serial, register, shift_years, unit[1]) if known else None
    except Unreadable as why:
        return Reject(number, line, say("en", why.key, **why.params))
    return ReadPair(number, line, unit[0], before, now)


def _reading(value: str, at: str, serial: str, register: str, shift_years: int, scale: int) -> Read:
    return Read(serial, _day(at, shift_years), used(value, scale), "field", register)


def _day(text: str, shift_years: int) -> date:
    try:
        day = datetime.strptime(text.strip()[:8], "%Y%m%d").date()  # noqa: DTZ007 - a day of the operator's own clock
        return day.replace(year=day.year + shift_years)
    except ValueError:
        raise Unreadable("reject.not_a_time", text=text[:40]) from None


class RecordOutcome(NamedTuple):
    """What became of one item: accepted, duplicate or rejected, and why."""

    item: ReadPair | Reject
    state: str
    reason: str = ""


async def keep(
    conn: AsyncConnection, context: Context, file_id: int, batch: Sequence[ReadPair | Reject]
) -> list[RecordOutcome]:
    """Record the readings; what became of each. A reading that is held for a person is kept, and counts as accepted."""
    pairs = [item for item in batch if isinstance(item, ReadPair)]
    meters = await store.meters(conn, {item.now.serial for item in pairs})
    wrong = {}
    for item in pairs:
        meter = meters.get(item.now.serial)
        if meter is not None and meter.unit != item.unit:
            wrong[item.row] = say("en", "reject.wrong_unit", unit=item.unit, wanted=meter.unit, serial=meter.serial)
    good = [item for item in pairs if item.row not in wrong]
    reads = [(item.row, one) for item in good for one in (item.before, item.now) if one is not None]
    told = await record(conn, context, [one for _, one in reads], file_id=file_id)
    last = {row: answer for (row, _), answer in zip(reads, told, strict=True)}
    return [_outcome(item, wrong, last) for item in batch]


def _outcome(item: ReadPair | Reject, wrong: dict[int, str], last: dict[int, Recorded]) -> RecordOutcome:
    if isinstance(item, Reject):
        return RecordOutcome(item, "rejected", item.reason)
    if item.row in wrong:
        return RecordOutcome(item, "rejected", wrong[item.row])
    answer = last[item.row]
    return RecordOutcome(item, "accepted" if answer.state == "held" else answer.state, answer.reason or "")


async def take(
    conn: AsyncConnection, context: Context, file_id: int, cursor: int, batch: Sequence[ReadPair | Reject]
) -> int:
    """Take one batch of a file; how many records it was."""
    outcomes = await keep(conn, context, file_id, batch)
    rejects = [Reject(one.item.row, one.item.line, one.reason) for one in outcomes if one.state == "rejected"]
    states = [one.state for one in outcomes]
    counts = {
        "accepted": states.count("accepted"),
        "duplicates": states.count("duplicate"),
        "rejected": len(rejects),
    }
    if not await store.advance(conn, file_id, cursor, len(batch), counts):
        raise BadInput(*store.BUSY)
    await store.put_rejects(conn, file_id, rejects)
    return len(batch)
