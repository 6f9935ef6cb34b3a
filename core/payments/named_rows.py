"""Rows of a CSV of money by our names of its columns: however its columns are parted and called, its letters and its days written."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core import files
from core.dates import DateLayout
from core.errors import BadInput
from core.numbers import UNSTATED, Notation


@dataclass(frozen=True, slots=True)
class Ways:
    """How a file differs: our column -> its column, our column -> one value for all rows, how its days are written."""

    columns: Mapping[str, str] = field(default_factory=dict)
    fill: Mapping[str, str] = field(default_factory=dict)
    dates: str | None = None
    notation: Notation = UNSTATED
    """How it writes amounts."""

    def layout(self, path: Path) -> DateLayout:
        """How its days are written; BadInput when that says no day."""
        try:
            return DateLayout.of(self.dates)
        except ValueError as why:
            raise BadInput(str(path), f"{why}.", "Say how the file writes its days.") from why


async def text_of(path: Path) -> str:
    """The text of a file; BadInput when it is none."""
    try:
        return files.decoded(await asyncio.to_thread(path.read_bytes))
    except UnicodeDecodeError as why:
        raise BadInput(str(path), "it is not readable text.", "Save it as CSV in UTF-8 and try again.") from why


def rows(
    path: Path, text: str, ways: Ways, needed: Sequence[str], may: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, our column -> text) of every row; BadInput when a column is missing, or one is named that is none of ours."""
    ours = (*needed, *may)
    for name in (*ways.columns, *ways.fill):
        if name not in ours:
            raise BadInput(str(path), f"{name!r} is no column of ours.", f"One of: {', '.join(ours)}.")
    found = files.table(text)
    _, head = next(found, (1, []))
    places = {name.strip(): at for at, name in enumerate(head)}
    names = {name: ways.columns.get(name, name) for name in ours}
    lacking = [names[name] for name in needed if names[name] not in places and name not in ways.fill]
    lacking += [name for name in ways.columns.values() if name not in places and name not in lacking]
    if lacking:
        raise BadInput(str(path), f"has no column {', '.join(lacking)}.", f"Name yours: --column {needed[0]}=YOURS.")
    at = {name: places[column] for name, column in names.items() if column in places}
    for number, cells in found:
        told = {name: cells[place].strip() if place < len(cells) else "" for name, place in at.items()}
        yield number, dict.fromkeys(ours, "") | told | dict(ways.fill)
