"""Usage as TM Forum writes it (TMF635): who, what, when, and characteristics by name; over HTTP, one or many at once.

Characteristics understood: `line` (the number; or a relatedParty of role `line`), `quantity` and `unit`, `destination`, `record` (the
sender's own number of the record; else `externalId`), `value` (an amount of money). A text that is rejected is kept as it came, so that
it can be recycled.
"""

import json
from collections.abc import Mapping
from typing import Any

from core.context import Context
from core.metering.events.clock import EventClock
from core.metering.events.model import UNIT_OF, Call, key_of
from core.metering.model import Reject
from core.metering.units import EVENT_UNITS, Unreadable, used
from core.money import parse
from core.text import say


def read(context: Context, row: int, line: str) -> Call | Reject:
    """One usage as JSON text, or why it cannot be taken."""
    try:
        given = json.loads(line)
        if not isinstance(given, dict):
            raise Unreadable("reject.usage_json")
        return _call(context, row, line, given)
    except (json.JSONDecodeError, RecursionError):
        return Reject(row, line, say("en", "reject.usage_json"))
    except Unreadable as why:
        return Reject(row, line, say("en", why.key, **why.params))


def _call(context: Context, row: int, line: str, given: Mapping[str, Any]) -> Call:
    told = _characteristics(given)
    use = _text(given.get("usageType")) or _needed(told, "use")
    unit, scale = EVENT_UNITS.get(told.get("unit", UNIT_OF.get(use, "")).lower(), ("", 0))
    if not unit:
        raise Unreadable("reject.unit_unknown", text=told.get("unit", "")[:10])
    if unit != UNIT_OF.get(use, unit):
        raise Unreadable("reject.use_unit", unit=unit, use=use, wanted=UNIT_OF[use])
    quantity = used(told.get("quantity", "1" if unit == "event" else ""), scale)
    at, offset = EventClock(context.zone, context.zone).read(_text(given.get("usageDate")))
    party = told.get("line") or _party(given)
    to, value = told.get("destination") or None, _money(told.get("value", ""), context)
    own = told.get("record") or _text(given.get("externalId"))
    key = key_of("#", own) if own else key_of(use, to, quantity, value)
    return Call(row, line, party, use, unit, at, offset, quantity, to, value, key)


def _characteristics(given: Mapping[str, Any]) -> dict[str, str]:
    """Name -> value as text; what has no such shape is not there."""
    some = given.get("usageCharacteristic")
    pairs = [one for one in some if isinstance(one, dict)] if isinstance(some, list) else []
    return {_text(one.get("name")): _text(one.get("value")) for one in pairs}


def _party(given: Mapping[str, Any]) -> str:
    some = given.get("relatedParty")
    for one in some if isinstance(some, list) else []:
        if isinstance(one, dict) and one.get("role") in ("line", "user"):
            return _text(one.get("name")) or _text(one.get("id"))
    raise Unreadable("reject.usage_lacks", name="line")


def _needed(told: Mapping[str, str], name: str) -> str:
    if not told.get(name):
        raise Unreadable("reject.usage_lacks", name=name)
    return told[name]


def _text(value: Any) -> str:
    """A text, or a whole number as one; anything else is nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip()
    return text if "\0" not in text else ""


def _money(text: str, context: Context) -> int | None:
    try:
        return parse(text, context.currency) if text else None
    except ValueError:
        raise Unreadable("reject.not_a_number", text=text[:40]) from None
