"""Says catalogue keys with values of `dialogs/values.py` filled in, each written as the customer's language writes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from core import text
from core.money import show
from dialogs.values import plain_quantity

_checked = cache(text.fields)


@dataclass(frozen=True, slots=True)
class Words:
    """How this house speaks: its zone, and what every text may name (`operator`, `support`, `dial`)."""

    zone: ZoneInfo
    common: Mapping[str, Any] = field(default_factory=dict)

    def say(self, lang: str, key: str, values: Mapping[str, Any] | None = None) -> str:
        """The text of a key with its fields filled from `values`, else from the house words."""
        said = text.pattern(lang, key)
        if "{" not in said:
            return said
        given = values or {}
        names = _checked(said)
        return said.format_map({name: self.write(lang, given.get(name, self.common.get(name, ""))) for name in names})

    def write(self, lang: str, value: Any) -> str:
        """One value as a person of this language reads it."""
        if not isinstance(value, list | tuple):
            return str(value)
        if value[0] == "money":
            return show(value[1], value[2], lang)
        if value[0] == "day":
            return _day(value[1], lang)
        if value[0] == "quantity":
            return f"{plain_quantity(value[1])} {value[2]}"
        if value[0] == "moment":
            local = datetime.fromisoformat(value[1]).astimezone(self.zone)
            return f"{_day(local.date().isoformat(), lang)} {local:%H:%M}"
        if value[0] == "word":
            return self.say(lang, value[1], value[2])
        if value[0] == "named":
            names: dict[str, str] = value[1]
            return names.get(lang) or names.get("en") or next(iter(names.values()), "")
        raise ValueError(f"{value!r} is no value of dialogs/values.py")


@lru_cache(maxsize=4096)
def _day(iso: str, lang: str) -> str:
    return format_date(date.fromisoformat(iso), "d MMM", locale=lang)
