"""A switch's CSV by the operator's mapping: one item a row. Texts repeat, so quantities and numbers are each read once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from csv import reader as csv_reader
from zoneinfo import ZoneInfo

from core import money, phone
from core.errors import BadInput
from core.metering.events.clock import EventClock
from core.metering.events.mapping import Amount, Mapping, Party, Quantity, Stamp, UseMapping
from core.metering.events.model import UNIT_OF, Call, Declared, Filtered, key_of
from core.metering.formats.csv_line import joined
from core.metering.model import Reject
from core.metering.units import EVENT_UNITS, MICRO, Unreadable, used, written
from core.numbers import of_file
from core.text import say

MOST_KEPT = 100_000
Item = Call | Reject | Filtered | Declared
How = tuple[int | None, int, str, int | None]
"""How much of a use: the column, micro-units of one, the unit, and the column that names the unit instead."""


class MappedCsv:
    """Reads rows of one file; `head` are the names of its columns."""

    def __init__(
        self, mapping: Mapping, head: Sequence[str], *, zone: ZoneInfo, country: str, currency: str, where: str
    ) -> None:
        self.mapping, self.where, self.country, self.currency = mapping, where, country, currency
        self.head = [name.strip() for name in head]
        fields = mapping.fields
        at = fields.at if isinstance(fields.at, Stamp) else Stamp(column=fields.at)
        who = fields.party if isinstance(fields.party, Party) else Party(column=fields.party)
        source = ZoneInfo(mapping.zone) if mapping.zone else zone
        self.clock = EventClock(source, zone, at.format)
        self.at, self.party, self.phone = self._place(at.column), self._place(who.column), who.phone
        self.use = fields.use
        self.use_at = self._place(fields.use.column) if isinstance(fields.use, UseMapping) else None
        self.destination, self.record, self.value = map(self._maybe, (fields.destination, fields.record, fields.value))
        self.only = [(self._place(name), frozenset(texts)) for name, texts in mapping.only.items()]
        self.hows = self._hows(fields.quantity)
        self.notation = of_file(mapping.decimal) if mapping.decimal else None
        self.numbers: dict[str, str] = {}
        self.values: dict[tuple[str, int], int] = {}

    def rows(self, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Item]:
        """One item for each (number, cells); blank rows are none."""
        trailer = self.mapping.trailer
        width, only = len(self.head), self.only
        for number, row in rows:
            if not row:
                continue
            if trailer and row[0].strip() == trailer.first:
                yield self._declared(number, row)
            elif len(row) == width and any(row[at].strip() not in texts for at, texts in only):
                yield Filtered(number)
            else:
                yield self._read(number, row)

    def _read(self, number: int, row: Sequence[str]) -> Call | Reject:
        line = joined(row)
        try:
            if len(row) != len(self.head):
                raise Unreadable("reject.columns", found=len(row), wanted=len(self.head))
            use = self._used(row)
            unit, quantity = self._quantity(use, row)
            at, offset = self.clock.read(row[self.at])
            party = row[self.party].strip()
            if self.phone:
                party = self._number(party)
            to = None if self.destination is None else row[self.destination].strip() or None
            value = None if self.value is None else self._money(row[self.value])
            own = "" if self.record is None else row[self.record].strip()
        except Unreadable as why:
            return Reject(number, line, say("en", why.key, **why.params))
        key = key_of("#", own) if own else key_of(use, to, quantity, value)
        return Call(number, line, party, use, unit, at, offset, quantity, to, value, key)

    def _used(self, row: Sequence[str]) -> str:
        if isinstance(self.use, str):
            return self.use
        text = row[self.use_at or 0].strip()
        match = self.use.values.get(text)
        if match is None:
            raise Unreadable("reject.use", text=text[:40])
        return match

    def _quantity(self, use: str, row: Sequence[str]) -> tuple[str, int]:
        how = self.hows.get(use) or self.hows.get("")
        if how is None:
            raise Unreadable("reject.use", text=use)
        column, scale, unit, unit_column = how
        if unit_column is not None:
            text = row[unit_column].strip()
            known = EVENT_UNITS.get(text.lower())
            if known is None:
                raise Unreadable("reject.unit_unknown", text=text[:10])
            unit, scale = known
        if unit != UNIT_OF.get(use, unit):
            raise Unreadable("reject.use_unit", unit=unit, use=use, wanted=UNIT_OF[use])
        if column is None:
            return unit, scale
        text = row[column]
        match = self.values.get((text, scale))
        if match is None:
            if len(self.values) >= MOST_KEPT:
                self.values.clear()
            match = self.values[text, scale] = (
                written(text, self.notation, scale) if self.notation else used(text, scale)
            )
        return unit, match

    def _number(self, text: str) -> str:
        match = self.numbers.get(text)
        if match is None:
            if len(self.numbers) >= MOST_KEPT:
                self.numbers.clear()
            parsed = phone.from_provider(text) if text[:1] == "+" else phone.parse(text, self.country)
            if parsed is None:
                raise Unreadable("reject.number", text=text[:20])
            match = self.numbers[text] = parsed
        return match

    def _money(self, text: str) -> int | None:
        try:
            if not text.strip():
                return None
            return money.read(text, self.currency, self.notation) if self.notation else money.parse(text, self.currency)
        except (ValueError, Unreadable):
            raise Unreadable("reject.not_a_number", text=text[:40]) from None

    def _declared(self, number: int, row: Sequence[str]) -> Declared | Reject:
        trailer = self.mapping.trailer
        assert trailer is not None
        text = row[trailer.count].strip() if trailer.count < len(row) else ""
        if text.isascii() and text.isdigit() and len(text) < 15:
            return Declared(int(text))
        return Reject(number, joined(row), say("en", "reject.trailer"))

    def _hows(self, given: Quantity | dict[str, Quantity]) -> dict[str, How]:
        each = given if isinstance(given, dict) else {"": given}
        return {use: self._how(use, how) for use, how in each.items()}

    def _how(self, use: str, how: Quantity) -> How:
        if not isinstance(how, Amount):
            return None, how * MICRO, UNIT_OF.get(use, "event"), None
        unit, scale = EVENT_UNITS[how.unit.lower()] if how.unit else ("", 0)
        return self._place(how.column), scale, unit, self._maybe(how.unit_column)

    def _maybe(self, name: str | None) -> int | None:
        return None if name is None else self._place(name)

    def _place(self, name: str) -> int:
        try:
            return self.head.index(name)
        except ValueError:
            raise BadInput(
                f"{self.where}, line 1",
                f"there is no column {name}.",
                "Correct the source's mapping, or ask for the file again.",
            ) from None


def parser(
    mapping: Mapping, *, zone: ZoneInfo, country: str, currency: str, where: str
) -> Callable[[Iterable[str]], Iterator[Item]]:
    """Items of a file's lines."""

    def items(lines: Iterable[str]) -> Iterator[Item]:
        rows = csv_reader(lines, delimiter=mapping.delimiter)
        head = mapping.columns or next(rows, [])
        read = MappedCsv(mapping, head, zone=zone, country=country, currency=currency, where=where)
        yield from read.rows(enumerate(rows, start=1 if mapping.columns else 2))

    return items
