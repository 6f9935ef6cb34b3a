"""What the demo bills: an operator's own readings, moved to recent years, or readings made up for the last months."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from core.clock import SystemClock
from core.errors import BadInput
from gateway.demo.people import Neighbour, neighbours
from gateway.demo.readings import write_csv
from gateway.demo.span import span_of
from gateway.demo.totals import Control, read_controls

SHIFT_YEARS = 12
MADE_UP_METERS = [f"7{at:07d}" for at in range(1, 26)]
MADE_UP_MONTHS = 3


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """`people` live from `first`; their newest cycles close on `last`."""

    file: Path
    people: list[Neighbour]
    shift_years: int
    first: date
    last: date
    controls: list[Control]

    @property
    def after(self) -> datetime:
        """When the readings are taken in: the morning of the last day."""
        return datetime(self.last.year, self.last.month, self.last.day, 6, tzinfo=UTC)


def plan_of(meters: Path | None, totals: Path | None, folder: Path) -> DemoPlan:
    """The plan for a readings file; without one, a file is made up in `folder`."""
    if meters is None:
        return _made_up(folder)
    span = span_of(meters)
    first, last = (day.replace(year=day.year + SHIFT_YEARS) for day in (span.first, span.after))
    if totals is not None and not totals.is_file():
        raise BadInput(str(totals), "there is no such file.", "Check the path.")
    controls = read_controls(totals, SHIFT_YEARS) if totals else []
    return DemoPlan(meters, neighbours(span.serials, bill_day=1), SHIFT_YEARS, first, last, controls)


def _made_up(folder: Path) -> DemoPlan:
    last = SystemClock().now().date()
    month = last.year * 12 + last.month - 1 - MADE_UP_MONTHS
    first = date(month // 12, month % 12 + 1, 1)
    write_csv(folder / "readings.csv", MADE_UP_METERS, first, last)
    return DemoPlan(folder / "readings.csv", neighbours(MADE_UP_METERS, last.day, spread=True), 0, first, last, [])
