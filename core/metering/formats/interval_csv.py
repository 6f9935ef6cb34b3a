"""Interval usage as CSV: a meter, a stamp and a quantity a row; the head names the columns, and the quantity's is its unit.

`customer_id,reading_datetime,kwh` is read as it is published; `hodi import usage` documents the names (docs/guides/import.md). What a
file writes otherwise is said by a mapping (`interval_mapping.py`). A stamp is the interval's start unless its column is named `end`; a
column that says another thing than it is taken for is refused, because nothing would shift a whole month more quietly.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import islice

from core import files
from core.errors import BadInput
from core.metering.dst_calendar import Stamps
from core.metering.formats.csv_line import joined
from core.metering.formats.interval_mapping import POWER, Intervals, says_end, says_power, says_start
from core.metering.model import ACTUAL, CUSTOMER, ESTIMATED, SUBSTITUTED, Record, Reject
from core.metering.units import UNITS, Unreadable, used, written
from core.numbers import of_file
from core.rating.rounding import Mode, one
from core.text import say

METER = ("meter", "customer_id", "serial")
START = ("start", "reading_datetime", "at")
END = ("end", "interval_end", "reading_end")
GUIDE = "Name the columns as docs/guides/import.md does, or say what they are called: --column {}=YOURS."
COLUMNS = {
    "meter": "the meter's serial number (`customer_id` and `serial` are understood)",
    "start": "when the interval began: `2025-01-31T23:30`, with an offset if not in the operator's zone (`reading_datetime`, `at`); a file "
    "that stamps the ends has `end` instead",
    "kwh": "what was used in it; the column is named by its unit: " + ", ".join(sorted(UNITS)) + "; or the average power: "
    + ", ".join(sorted(POWER)),
    "register": "optional: which register of the meter, such as `E1`; blank where it has one",
    "quality": "optional: A actual (also when blank), S substituted, E estimated, C the customer's own",
}  # fmt: skip
QUALITIES = {"": ACTUAL, ACTUAL: ACTUAL, SUBSTITUTED: SUBSTITUTED, ESTIMATED: ESTIMATED, CUSTOMER: CUSTOMER}
MOST_VALUES = 100_000
FED_IN = re.compile(r"export|injection|einspeis|teruglever|generation|fed.?in", re.IGNORECASE)
"""Words for what a customer gave: never to be taken for what they used."""
MakeStamps = Callable[[Intervals, int], Stamps]
"""The stamps of a file of this mapping, whose intervals begin so many minutes before them."""


def records(lines: Iterable[str], mapping: Intervals, stamps: MakeStamps, where: str) -> Iterator[Record | Reject]:
    """One item a row, in order; BadInput when the head lacks a column."""
    source = iter(lines)
    for _ in islice(source, mapping.skip):
        pass
    first = next(source, "")
    delimiter = mapping.delimiter or files.delimiter_of(first)
    head = next(csv.reader([first], delimiter=delimiter), [])
    reader = _Reader(head, mapping, stamps, where)
    for number, row in enumerate(csv.reader(source, delimiter=delimiter), start=mapping.skip + 2):
        if row:
            yield reader.read(number, row)


class _Reader:
    """Where the columns are, and what was read before: quantities repeat, so each text is parsed once."""

    def __init__(self, head: list[str], mapping: Intervals, stamps: MakeStamps, where: str) -> None:
        self.names, self.mapping, self.where = [name.strip() for name in head], mapping, where
        self.head = [name.lower() for name in self.names]
        self.width, self.fill, self.minutes = len(head), mapping.fill, mapping.length
        self.meter = None if "meter" in self.fill else self._needed("meter", METER)
        self.at, self.ends = self._stamp()
        unit, self.quantity = self._unit()
        self.unit, self.scale = UNITS.get(unit) or POWER[unit]
        self.power = unit in POWER
        self.register = None if "register" in self.fill else self._maybe("register")
        self.quality = None if "quality" in self.fill else self._maybe("quality")
        if (self.ends or self.power) and self.minutes is None:
            what = "stamps the ends of its intervals" if self.ends else f"counts in {unit}"
            raise self._wrong(f"it {what}, and nobody says how long they are.", "Say it: --fill minutes=30.")
        self.stamps = stamps(mapping, (self.minutes or 0) if self.ends else 0)
        self.others = [at for at in range(self.width) if at not in (self.meter, self.at, self.quantity, self.quality)]
        self.values: dict[str, int] = {}
        self.marks: dict[str, str] = {}

    def read(self, number: int, row: list[str]) -> Record | Reject:
        """The row as a record, or why not."""
        try:
            if len(row) != self.width:
                raise Unreadable("reject.columns", found=len(row), wanted=self.width)
            serial, text = self.fill["meter"] if self.meter is None else row[self.meter].strip(), row[self.quantity]
            quantity = self.values.get(text)
            if quantity is None:
                quantity = self._quantity(text)
            register = self._register(row)
            self._no_other_thing(row)
            day, minute = self.stamps.read(row[self.at], f"{serial}\n{register}")
            quality = self.fill.get("quality", ACTUAL) if self.quality is None else row[self.quality]
            quality = self._quality(quality)
        except Unreadable as why:
            return Reject(number, joined(row), say("en", why.key, **why.params))
        return Record(number, joined(row), serial, register, day, minute, self.minutes, quantity, quality, self.unit)

    def _stamp(self) -> tuple[int, bool]:
        """Where the stamps stand, and whether they are ends."""
        answer = next((name for name in ("start", "end") if name in self.mapping.columns), None)
        at, ends = None, answer == "end"
        if answer is not None:
            at = self._needed(answer, ())
        else:
            at = self._found(START)
            if at is None and (at := self._found(END)) is not None:
                ends = True
        if at is None:
            at = self._needed("start", START)
        name = self.names[at]
        if not ends and says_end(name):
            raise self._wrong(
                f"the column {name!r} says that it is the end of the interval.",
                f"Take it as such: --column end={name!r}.",
            )
        if ends and says_start(name):
            raise self._wrong(
                f"the column {name!r} says that it is the start.", f"Take it as such: --column start={name!r}."
            )
        return at, ends

    def _unit(self) -> tuple[str, int]:
        """The unit of the quantities, and where they stand."""
        answer = [name for name in self.mapping.columns if name in UNITS or name in POWER]
        if not answer:
            named = [name for name in self.head if name in UNITS] or [name for name in self.head if name in POWER]
            return (named[0], self.head.index(named[0])) if named else ("kwh", self._needed("kwh", ("kwh",)))
        at = self._needed(answer[0], ())
        power = says_power(self.names[at])
        if power and answer[0] in UNITS:
            raise self._wrong(
                f"the column {self.names[at]!r} counts {power}, which is power.",
                f"Take it as such: --column {power.lower()}=...",
            )
        return answer[0], at

    def _register(self, row: list[str]) -> str:
        if self.register is None:
            return self.fill.get("register", "")
        text = row[self.register].strip()
        match = self.mapping.registers.get(text)
        if match is None:
            if self.mapping.registers or FED_IN.search(text):
                raise Unreadable("reject.register", text=text[:40])
            return text
        return match

    def _no_other_thing(self, row: list[str]) -> None:
        """A row that says itself that it is something else: power where energy was meant, or what was fed in."""
        for at in self.others:
            text = row[at]
            if not text or text[0].isdigit():
                continue
            why = self.marks.get(text)
            if why is None:
                if len(self.marks) >= MOST_VALUES:
                    self.marks.clear()
                why = self.marks[text] = self._mark(text)
            if why:
                raise Unreadable(why, text=text[:40])

    def _mark(self, text: str) -> str:
        """Why a row with such a cell is not taken; "" when it is."""
        if not self.power and says_power(text.partition("(")[2]):
            return "reject.power"
        fed_in = self.register is None and "register" not in self.fill and FED_IN.search(text)
        return "reject.register" if fed_in else ""

    def _quantity(self, text: str) -> int:
        if len(self.values) >= MOST_VALUES:
            self.values.clear()
        answer = self.mapping.decimal
        value = written(text, of_file(answer), self.scale) if answer else used(text, self.scale)
        if self.power:
            value = int(one(Fraction(value * (self.minutes or 0), 60), Fraction(1), Mode.HALF_UP))
        self.values[text] = value
        return value

    def _quality(self, text: str) -> str:
        match = QUALITIES.get(text.strip().upper())
        if match is None:
            raise Unreadable("reject.quality", text=text[:40])
        return match

    def _found(self, names: tuple[str, ...]) -> int | None:
        return next((self.head.index(name) for name in names if name in self.head), None)

    def _maybe(self, ours: str) -> int | None:
        return self._needed(ours, ()) if ours in self.mapping.columns else self._found((ours,))

    def _needed(self, ours: str, names: tuple[str, ...]) -> int:
        said = self.mapping.columns.get(ours)
        at = self._found((said.strip().lower(),) if said else names)
        if at is None:
            raise self._wrong(f"there is no column {said or names[0]}.", GUIDE.format(ours))
        return at

    def _wrong(self, what: str, remedy: str) -> BadInput:
        return BadInput(f"{self.where}, line {self.mapping.skip + 1}", what, remedy)
