"""CSV for people's spreadsheets: what begins like a formula is text there, and is never run.

A name such as `=HYPERLINK(...)` came from a customer and is opened by a clerk. An apostrophe before it makes it text in every spreadsheet
(OWASP, CSV injection). Amounts and phone numbers, `-12.50` and `+254712345678`, are no formulas and stay as they are.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?[0-9][0-9 .,]*")


def safe(cell: object) -> str:
    """The cell as a spreadsheet may open it."""
    text = "" if cell is None else str(cell).replace("\r\n", "\n").replace("\r", "\n")
    begins = text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA)
    return f"'{text}" if begins and not _NUMBER.fullmatch(text) else text


def written(rows: Iterable[Sequence[object]]) -> str:
    """Rows as one text, the first of them usually the names of the columns."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()
