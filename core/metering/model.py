"""Readings on their way in, and what a file came to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

Progress = Callable[[int, int], None]
"""Called with how much of the file (in bytes as stored) is settled, and how much there is."""

ACTUAL, SUBSTITUTED, ESTIMATED, CUSTOMER = "A", "S", "E", "C"


class Record(NamedTuple):
    """One interval as a file says it; `minute` counts from the day's midnight by the clock that has no gaps."""

    row: int
    line: str
    serial: str
    register: str
    day: date
    minute: int
    minutes: int | None
    """How long the interval is; None: as long as the meter's."""
    quantity_micro: int
    quality: str
    unit: str


class Reject(NamedTuple):
    """A line that was not taken (or so many `intervals` of it), and why."""

    row: int
    line: str
    reason: str
    intervals: int = 1


class Lying(NamedTuple):
    """A file in a folder: its name, and how it lies there."""

    name: str
    size: int
    changed: int

    @property
    def mark(self) -> str:
        """What changes when the file does."""
        return f"{self.name}|{self.size}|{self.changed}"


@dataclass(frozen=True, slots=True)
class Total:
    """What a file brought for one meter in one month: new readings, and by how much it changed what was used."""

    readings: int
    quantity_micro: int


@dataclass(frozen=True, slots=True)
class FileReport:
    """What came of a file: `rows` = accepted + duplicates + revised + rejected + recycled + filtered, always.

    `totals[serial, "2025-03"]` are its control totals; over all files they sum to what is stored. `repeated` says that the
    very same file was there before, and that this is the answer it got then.
    """

    file_id: int
    rows: int
    accepted: int
    duplicates: int
    revised: int
    rejected: int
    quantity_micro: int
    totals: dict[tuple[str, str], Total] = field(default_factory=dict)
    repeated: bool = False
    recycled: int = 0
    filtered: int = 0
