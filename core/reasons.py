"""Why something is so, as a catalogue key with its parameters in one text that tables can keep: `owed {"minor": 176400}`.

It becomes words where somebody reads it, in their language, with amounts of the account's currency and days as that language writes them.
A raw name (`life_support`) never reaches a page: it has a word of its own, or is said without its underscores.
"""

import json
import re
from datetime import date
from typing import Any

from babel.dates import format_date

from core import money
from core.text import catalogue, fields, pattern, say

_KEPT = re.compile(r"([a-z0-9_]+)(?: (\{.*\}))?", re.DOTALL)


def reason(key: str, **params: Any) -> str:
    """A reason as it is kept. `minor` is an amount, a day is a day, a list is of names that have words."""
    told = {name: value.isoformat() if isinstance(value, date) else value for name, value in params.items()}
    return f"{key} {json.dumps(told, sort_keys=True)}" if told else key


def word(name: str, lang: str) -> str:
    """What a name of ours (a state, a kind) is called."""
    key = f"word.{name.replace(' ', '_')}"
    return say(lang, key) if key in catalogue("en") else name.replace("_", " ")


def said(kept: str, lang: str, currency: str) -> str:
    """A kept reason in words; what is no reason of ours is shown as it stands, a bare name without its underscores."""
    found = _KEPT.fullmatch(kept)
    if found is None:
        return kept
    if f"why.{found[1]}" not in catalogue("en"):
        return kept if found[2] else word(kept, lang)
    told = json.loads(found[2] or "{}")
    if not fields(pattern(lang, f"why.{found[1]}")) <= told.keys():
        return word(kept, lang)
    return say(lang, f"why.{found[1]}", **{name: _shown(name, value, lang, currency) for name, value in told.items()})


def _shown(name: str, value: Any, lang: str, currency: str) -> str:
    if name == "minor":
        return money.show(value, currency, lang)
    if isinstance(value, list):
        return ", ".join(word(one, lang) for one in value)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return format_date(date.fromisoformat(value), "d MMM y", locale=lang)
    return word(value, lang) if isinstance(value, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", value) else str(value)
