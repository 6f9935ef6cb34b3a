"""Days and stamps as files write them: ISO 8601, or whatever the operator says the file writes (`dd-mm-yyyy HH:MM`, `%d/%m/%Y`, `excel`).

A day whose order nobody told is never guessed: 02/11 is two days, so it is refused until the file's way of writing is said. Pure.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

EXCEL = "excel"
"""Days since 30 December 1899, as spreadsheets keep them."""
_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - its zone is the file's
_WORDS = re.compile(r"yyyy|yy|dd|d|hh|h|ss|mm|m", re.IGNORECASE)
_OTHER = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?!\d)")
_SERIAL = re.compile(r"[2-9]\d{4}([.,]\d+)?")
DAYS_KEPT = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class DateLayout:
    """How a file writes its days and times; `pattern` None is ISO 8601."""

    pattern: str | None = None

    @classmethod
    def of(cls, said: str | None) -> "DateLayout":
        """By what the operator says; ValueError when that says no day."""
        said = (said or "").strip()
        if said.lower() in ("", "iso"):
            return cls()
        if said.lower() == EXCEL:
            return cls(EXCEL)
        pattern = said if "%" in said else _pattern(said)
        try:
            known = datetime(2001, 12, 31).strftime(pattern)  # noqa: DTZ001
            same = datetime.strptime(known, pattern).date() == date(2001, 12, 31)  # noqa: DTZ007
        except ValueError:
            same = False
        if not same:
            raise ValueError(f"{said!r} is no way to write a day: such as dd-mm-yyyy HH:MM, %d/%m/%Y or excel")
        return cls(pattern)

    def stamp(self, text: str) -> datetime:
        """The instant or the clock's time that stands there; ValueError with the remedy when there is none."""
        text = text.strip()
        try:
            if self.pattern is None:
                return datetime.fromisoformat(text)
            if self.pattern == EXCEL:
                return _serial(text)
            return datetime.strptime(text, self.pattern)  # noqa: DTZ007 - its zone is the file's
        except (ValueError, InvalidOperation, OverflowError):
            raise ValueError(self.reason(text)) from None

    def day(self, text: str) -> date:
        """The day that stands there, with or without a time behind it."""
        text = text.strip()
        if self.pattern is None and re.fullmatch(r"\d{4}-\d\d-\d\d(?!\d).*", text):
            try:
                return date.fromisoformat(text[:10])
            except ValueError:
                raise ValueError(self.reason(text)) from None
        if self.pattern is None:
            raise ValueError(self.reason(text))
        return self.stamp(text).date()

    def reason(self, text: str) -> str:
        """Why it is no day."""
        shown = text[:40]
        if self.pattern is not None:
            return f"{shown!r} is not written as {self.pattern}"
        if _OTHER.match(text) and not re.match(r"\d{4}-\d\d-\d\d", text):
            return f"{shown!r} can be read in two ways: say how the file writes days, such as --dates dd-mm-yyyy"
        if _SERIAL.fullmatch(text):
            return f"{shown!r} is a spreadsheet's number of a day: say --dates excel"
        return f"{shown!r} is no day: write it like 2025-01-31"


def _pattern(said: str) -> str:
    """`dd-mm-yyyy HH:MM` as strptime has it: `mm` after hours are minutes."""
    hours = False

    def one(found: re.Match[str]) -> str:
        nonlocal hours
        word = found[0].lower()
        if word[0] == "h":
            hours = True
            return "%H"
        if word[0] == "m":
            return "%M" if hours else "%m"
        return {"yyyy": "%Y", "yy": "%y", "dd": "%d", "d": "%d", "ss": "%S"}[word]

    return _WORDS.sub(one, said)


def _serial(text: str) -> datetime:
    """A spreadsheet's day, to the nearest second: it keeps times as parts of a day, which are never exact."""
    days = Decimal(text.replace(",", "."))
    if not 1 <= days < DAYS_KEPT:
        raise ValueError(text)
    return _ZERO + timedelta(seconds=int((days * 86_400).to_integral_value()))
