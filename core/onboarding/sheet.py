"""A CSV file row by row, by the names of its columns; comma, semicolon or tab, as spreadsheets save it."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TextIO, TypeVar

from core import files
from core.dates import DateLayout
from core.errors import BadInput
from core.numbers import UNSTATED, Notation
from core.onboarding.columns import Column

Got = TypeVar("Got")
OURS = ("", "row", "reason")
"""Columns that may stand in any file: those of a reject file, so that it can be corrected and imported itself."""
DAYS = ("opened_on", "installed_on", "removed_on", "read_on")
"""Columns that hold a day."""
CHUNK = 1_000
"""Rows that are taken in one transaction."""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """How a file differs from the documented columns: our column -> its column, our column -> one value for all rows, how days are
    written."""

    names: Mapping[str, str] = field(default_factory=dict)
    fill: Mapping[str, str] = field(default_factory=dict)
    notation: Notation = UNSTATED
    """How it writes numbers."""
    dates: str | None = None


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of the file: its number (the head is 1), its texts as they stand, and by our columns (blank where absent)."""

    number: int
    texts: Sequence[str]
    values: Mapping[str, str]
    notation: Notation = UNSTATED


class CsvSheet:
    """An open file of one kind. Raises BadInput when its head or its bytes do not fit."""

    def __init__(self, file: TextIO, path: Path, columns: Sequence[Column], choice: ColumnChoice) -> None:
        self._path, self._choice = path, choice
        self._written = _layout(path, choice.dates)
        first = self._guarded(file.readline)
        self.delimiter = files.delimiter_of(first)
        self.head = [name.strip() for name in next(csv.reader([first], delimiter=self.delimiter), [])]
        self._places = self._placed(columns)
        self._rows = csv.reader(file, delimiter=self.delimiter)

    def chunks(self) -> Iterator[list[SheetRow]]:
        """Up to `CHUNK` rows at a time; empty rows are passed over."""
        while chunk := self._guarded(lambda: list(islice(self._lines(), CHUNK))):
            yield chunk

    def _lines(self) -> Iterator[SheetRow]:
        for texts in self._rows:
            if any(text.strip() for text in texts):
                values = {name: texts[at].strip() for name, at in self._places.items() if at < len(texts)}
                values |= {name: self._iso(values[name]) for name in DAYS if values.get(name) and self._choice.dates}
                yield SheetRow(self._rows.line_num + 1, texts, {**values, **self._choice.fill}, self._choice.notation)

    def _iso(self, text: str) -> str:
        """A day as we write it; what is none stays as it is, and is refused where it is read."""
        try:
            return self._written.day(text).isoformat()
        except ValueError:
            return text

    def _placed(self, columns: Sequence[Column]) -> dict[str, int]:
        """Our columns -> where they stand; refuses a head that lacks one, or has one nobody knows."""
        head = [name.lower() for name in self.head]
        places = {}
        self._names_known(columns)
        for column in columns:
            wanted = self._choice.names.get(column.name, column.name).lower()
            if wanted in head:
                places[column.name] = head.index(wanted)
            elif column.needed and column.name not in self._choice.fill:
                close = get_close_matches(wanted, head, 1)
                hint = f"Is it {close[0]!r}? Rename it." if close else "Name the columns as docs/guides/import.md does."
                raise BadInput(f"{self._path.name}, line 1", f"there is no column {wanted!r}.", hint)
        unknown = [name for at, name in enumerate(head) if at not in places.values() and name not in OURS]
        if unknown and not self._choice.names:
            raise BadInput(
                f"{self._path.name}, line 1",
                f"the column {unknown[0]!r} is not known.",
                f"Remove it, or rename it to one of: {', '.join(column.name for column in columns)}.",
            )
        return places

    def _names_known(self, columns: Sequence[Column]) -> None:
        """A slip in the name of one of our own columns would otherwise be passed over in silence."""
        ours = [column.name for column in columns]
        for name in (*self._choice.names, *self._choice.fill):
            if name not in ours:
                close = get_close_matches(name, ours, 1)
                hint = f"Is it {close[0]!r}?" if close else f"One of: {', '.join(ours)}."
                raise BadInput(self._path.name, f"{name!r} is no column of ours.", hint)

    def _guarded(self, read: Callable[[], Got]) -> Got:
        try:
            return read()
        except files.UNREADABLE as why:
            raise BadInput(
                str(self._path), "it is not readable text.", "Save it as CSV in UTF-8 and try again."
            ) from why


def _layout(path: Path, said: str | None) -> DateLayout:
    try:
        return DateLayout.of(said)
    except ValueError as why:
        raise BadInput(path.name, f"{why}.", "Say how the file writes its days.") from why
