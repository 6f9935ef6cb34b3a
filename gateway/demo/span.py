"""Which meters a readings file holds, and which whole months."""

import csv
import gzip
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Span:
    """`serials` in order of appearance; from the first day of the first month to the first day after the last month."""

    serials: list[str]
    first: date
    after: date


def span_of(file: Path) -> Span:
    """Read the span of a file of customer_id, reading_datetime, kwh."""
    if not file.is_file():
        raise BadInput(str(file), "there is no such file.", "Check the path.")
    serials: dict[str, None] = {}
    months: set[str] = set()
    with gzip.open(file, "rt", newline="") if file.suffix == ".gz" else file.open(newline="") as lines:
        rows = csv.reader(lines)
        next(rows, None)
        for row in rows:
            if len(row) >= 2:
                serials[row[0]] = None
                months.add(row[1][:7])
    if not months:
        raise BadInput(str(file), "holds no readings.", "It needs the columns customer_id, reading_datetime, kwh.")
    last = date.fromisoformat(f"{max(months)}-01")
    after = date(last.year + last.month // 12, last.month % 12 + 1, 1)
    return Span(list(serials), date.fromisoformat(f"{min(months)}-01"), after)
