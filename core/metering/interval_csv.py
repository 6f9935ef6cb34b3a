"""Interval usage as CSV: a meter, a stamp and a quantity a row; the head names the columns, and the quantity's is its unit.

`customer_id,reading_datetime,kwh` is read as it is published; `hodi import usage` documents the names (docs/guides/import.md).
A stamp is the interval's start, in the operator's zone unless it carries an offset.
"""

import csv
from collections.abc import Iterable, Iterator

from core.errors import BadInput
from core.metering.days import Stamps
from core.metering.model import ACTUAL, CUSTOMER, ESTIMATED, SUBSTITUTED, Record, Reject
from core.metering.units import UNITS, Unreadable, used
from core.text import say

METER = ("meter", "customer_id", "serial")
START = ("start", "reading_datetime", "at")
COLUMNS = {
    "meter": "the meter's serial number (`customer_id` and `serial` are understood)",
    "start": "when the interval began: `2025-01-31T23:30`, with an offset if not in the operator's zone (`reading_datetime`, `at`)",
    "kwh": "what was used in it; the column is named by its unit: " + ", ".join(sorted(UNITS)),
    "register": "optional: which register of the meter, such as `E1`; blank where it has one",
    "quality": "optional: A actual (also when blank), S substituted, E estimated, C the customer's own",
}
QUALITIES = {"": ACTUAL, ACTUAL: ACTUAL, SUBSTITUTED: SUBSTITUTED, ESTIMATED: ESTIMATED, CUSTOMER: CUSTOMER}
MOST_VALUES = 100_000


def records(lines: Iterable[str], stamps: Stamps, where: str) -> Iterator[Record | Reject]:
    """One item a row, in order; BadInput when the head lacks a column."""
    rows = csv.reader(lines)
    head = [name.strip().lower() for name in next(rows, [])]
    reader = _Reader(head, stamps, where)
    for number, row in enumerate(rows, start=2):
        if row:
            yield reader.read(number, row)


class _Reader:
    """Where the columns are, and what was read before: quantities repeat, so each text is parsed once."""

    def __init__(self, head: list[str], stamps: Stamps, where: str) -> None:
        units = [name for name in head if name in UNITS]
        self.width, self.stamps = len(head), stamps
        self.meter, self.start = _place(head, METER, where), _place(head, START, where)
        self.quantity = _place(head, tuple(units) or ("kwh",), where)
        self.unit, self.scale = UNITS[head[self.quantity]]
        self.register = head.index("register") if "register" in head else None
        self.quality = head.index("quality") if "quality" in head else None
        self.values: dict[str, int] = {}

    def read(self, number: int, row: list[str]) -> Record | Reject:
        """The row as a record, or why not."""
        line = ",".join(row)
        try:
            if len(row) != self.width:
                raise Unreadable("reject.columns", found=len(row), wanted=self.width)
            serial, text = row[self.meter].strip(), row[self.quantity]
            quantity = self.values.get(text)
            if quantity is None:
                quantity = self._quantity(text)
            day, minute = self.stamps.read(row[self.start], serial)
            register = "" if self.register is None else row[self.register].strip()
            quality = ACTUAL if self.quality is None else self._quality(row[self.quality])
        except Unreadable as why:
            return Reject(number, line, say("en", why.key, **why.params))
        return Record(number, line, serial, register, day, minute, None, quantity, quality, self.unit)

    def _quantity(self, text: str) -> int:
        if len(self.values) >= MOST_VALUES:
            self.values.clear()
        value = self.values[text] = used(text, self.scale)
        return value

    def _quality(self, text: str) -> str:
        found = QUALITIES.get(text.strip().upper())
        if found is None:
            raise Unreadable("reject.quality", text=text[:40])
        return found


def _place(head: list[str], names: tuple[str, ...], where: str) -> int:
    for name in names:
        if name in head:
            return head.index(name)
    raise BadInput(
        f"{where}, line 1", f"there is no column {names[0]}.", "Name the columns as docs/guides/import.md does."
    )
