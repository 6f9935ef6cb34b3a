"""A row of a CSV as one line again, so that a reject can be shown, corrected and read once more."""

import csv
import io
from collections.abc import Sequence


def joined(row: Sequence[str]) -> str:
    """The cells with commas between them, quoted where they must be."""
    line = ",".join(row)
    if '"' not in line and "\n" not in line and line.count(",") == len(row) - 1:
        return line
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row)
    return out.getvalue()


def cells(line: str) -> list[str]:
    """The cells of such a line."""
    return next(csv.reader(io.StringIO(line)), [])
