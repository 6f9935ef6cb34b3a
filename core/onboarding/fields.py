"""Texts of a row into values; a text that is none is told with its column and a remedy."""

from collections.abc import Collection, Mapping
from datetime import date

from core.text import say


class FieldError(Exception):
    """A row that cannot be taken: the catalogue key of the reason, and its fields."""

    def __init__(self, key: str, **params: object) -> None:
        super().__init__(key)
        self.key, self.params = key, params

    def __str__(self) -> str:
        return say("en", self.key, **self.params)


LONGEST = 200


class RowFields:
    """The values of one row by column."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, blank: str = "") -> str:
        """The text, or `blank`; letters that cannot be seen are refused."""
        text = self._values.get(name, "") or blank
        if len(text) > LONGEST or not text.isprintable():
            raise FieldError("import.text", column=name, most=LONGEST)
        return text

    def needed(self, name: str) -> str:
        """The text, which may not be blank."""
        text = self.text(name)
        if not text:
            raise FieldError("import.blank", column=name)
        return text

    def given(self, name: str) -> str | None:
        """The text, or None where it is blank."""
        return self.text(name) or None

    def one_of(self, name: str, allowed: Collection[str], blank: str) -> str:
        """A text of a few."""
        text = self.text(name, blank).lower()
        if text not in allowed:
            raise FieldError("import.one_of", column=name, text=text[:40], allowed=", ".join(allowed))
        return text

    def whole(self, name: str, blank: int | None, low: int, high: int) -> int | None:
        """A whole number within its bounds."""
        text = self.text(name)
        if not text:
            return blank
        if not (text.isascii() and text.isdigit() and low <= int(text[:12]) <= high):
            raise FieldError("import.whole", column=name, text=text[:40], low=low, high=high)
        return int(text)

    def day(self, name: str) -> date | None:
        """A date as `2025-01-31`."""
        text = self.text(name)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise FieldError("import.day", column=name, text=text[:40]) from None
