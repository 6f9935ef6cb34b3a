"""Says catalogue keys with values of `dialogs/values.py` filled in, each written as the customer's language writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from core import numbers, text
from core.balances.words import shown
from core.money import show


@dataclass(frozen=True, slots=True)
class Localizer:
    """How this house speaks: its zone, and what every text may name (`operator`, `support`, `dial`)."""

    zone: ZoneInfo
    common: dict[str, Any] = field(default_factory=dict)

    def say(self, lang: str, key: str, values: Mapping[str, Any] | None = None) -> str:
        """The text of a key with its fields filled from `values`, else from the house words."""
        pattern, names = text.parsed(lang, key)
        if "{" not in pattern:
            return pattern
        filled = {}
        for name in names:
            value = values[name] if values and name in values else self.common.get(name, "")
            filled[name] = value if type(value) is str else self.write(lang, value)
        return pattern.format_map(filled)

    def fields(self, lang: str, key: str) -> frozenset[str]:
        """The names a text speaks of."""
        return frozenset(text.parsed(lang, key)[1])

    def write(self, lang: str, value: Any) -> str:
        """One value as a person of this language reads it."""
        if not isinstance(value, _TAGGED):
            return str(value)
        return _WRITERS[value[0]](self, lang, *value[1:])

    def _money(self, lang: str, minor: int, currency: str) -> str:
        return show(minor, currency, lang)

    def _quantity(self, lang: str, micro: int, unit: str) -> str:
        return f"{numbers.show(micro, numbers.MICRO_DECIMALS, lang)} {unit}"

    def _left(self, lang: str, amount: int, unit: str) -> str:
        return shown(amount, unit, lang)

    def _day(self, lang: str, iso: str) -> str:
        return _short_day(iso, lang)

    def _moment(self, lang: str, iso: str) -> str:
        return _minute(iso, self.zone, lang)

    def _named(self, lang: str, names: dict[str, str]) -> str:
        return names.get(lang) or names.get("en") or next(iter(names.values()), "")

    def _lines(self, lang: str, values: list[Any]) -> str:
        return "\n".join([self.write(lang, value) for value in values])


_TAGGED = (list, tuple)
_WRITERS: dict[str, Callable[..., str]] = {
    "money": Localizer._money, "quantity": Localizer._quantity, "day": Localizer._day, "moment": Localizer._moment, "word": Localizer.say,
    "named": Localizer._named, "lines": Localizer._lines, "left": Localizer._left,
}  # fmt: skip
"""One for each tag of `dialogs/values.py`."""


@lru_cache(maxsize=4096)
def _minute(iso: str, zone: ZoneInfo, lang: str) -> str:
    local = datetime.fromisoformat(iso).astimezone(zone)
    return f"{_short_day(local.date().isoformat(), lang)} {local:%H:%M}"


@lru_cache(maxsize=4096)
def _short_day(iso: str, lang: str) -> str:
    return format_date(date.fromisoformat(iso), "d MMM", locale=lang)
