"""What an operator who edits a notice should know before it is kept: pure, so the console can say it with every key pressed.

Counted as feature phones count: GSM-7 units, 160 in one message and 153 in each of several; one foreign letter halves it to 70. A
warning is a sentence, not a refusal, save for fields that no notice has.
"""

import re
from collections.abc import Mapping
from datetime import date

from core import money
from core.text import days, say

NOTICES: Mapping[str, frozenset[str]] = {
    "notice.ready.mandate": frozenset({"amount", "date", "link"}),
    "notice.ready.pay": frozenset({"amount", "date", "link"}),
    "notice.ready.covered": frozenset({"total", "link"}),
    "notice.reminder.mandate": frozenset({"amount", "date"}),
    "notice.reminder.pay": frozenset({"amount", "date"}),
    "notice.thanks.nothing": frozenset({"amount"}),
    "notice.thanks.open": frozenset({"amount", "open"}),
    "notice.thanks.credit": frozenset({"amount", "credit"}),
    "notice.failed": frozenset({"amount", "link"}),
    "notice.credited.open": frozenset({"amount", "open"}),
    "notice.credited.nothing": frozenset({"amount"}),
    "notice.corrected.open": frozenset({"amount", "open"}),
    "notice.corrected.nothing": frozenset({"amount"}),
}
"""What may be edited, and the fields a customer cannot do without."""

MORE: Mapping[str, frozenset[str]] = {
    "notice.reminder.mandate": frozenset({"link"}),
    "notice.reminder.pay": frozenset({"link"}),
    "notice.credited.open": frozenset({"link"}),
    "notice.credited.nothing": frozenset({"link"}),
    "notice.corrected.open": frozenset({"link"}),
    "notice.corrected.nothing": frozenset({"link"}),
}
EVERYWHERE = frozenset({"operator", "ussd"})
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWO_UNITS = frozenset("\f^{}\\[~]|€")
_FIELD = re.compile(r"\{([^{}]*)\}")


def known_fields(key: str) -> frozenset[str]:
    """The fields a notice may use."""
    return NOTICES[key] | MORE.get(key, frozenset()) | EVERYWHERE


def worst(key: str, lang: str, currency: str, short_name: str, ussd: str) -> dict[str, str]:
    """Each field at its longest: a ten-million amount, the longest day of the year, a link of 40 letters."""
    amount = money.show(999_999_999, currency, lang)
    long = {"date": _longest_day(lang), "link": "h" * 40, "operator": short_name, "ussd": ussd}
    return {name: long.get(name, amount) for name in known_fields(key)}


def _longest_day(lang: str) -> str:
    return max((days.spoken(lang, date(2024, month, 28)) for month in range(1, 13)), key=len)


def warnings(
    lang: str,
    key: str,
    text: str,
    *,
    currency: str = "KES",
    short_name: str = "M" * 11,
    ussd: str = "*384*1000#",
    reader: str = "en",
) -> list[str]:
    """What is wrong with `text` as the wording of notice `key` in `lang`, in the editor's own language; none: it is fine."""
    named = _FIELD.findall(text)
    if not fields_left_out(text):
        return [say(reader, "notice.warning.braces")]
    told = [
        say(reader, "notice.warning.field", field="{" + name + "}", known=_braced(known_fields(key)))
        for name in dict.fromkeys(named)
        if name not in known_fields(key)
    ]
    told += [
        say(reader, "notice.warning.missing", field="{" + name + "}") for name in sorted(NOTICES[key] - set(named))
    ]
    longest = worst(key, lang, currency, short_name, ussd)
    full = _FIELD.sub(lambda found: longest.get(found[1], ""), text)
    return told + sizes(full, reader)


def _braced(names: frozenset[str]) -> str:
    return ", ".join("{" + name + "}" for name in sorted(names))


def sizes(full: str, reader: str) -> list[str]:
    """What makes a text dear, in sentences: letters that halve the room, and more than one SMS."""
    told = [say(reader, "notice.warning.letter", letter=letter) for letter in _foreign(full)]
    units, room, parts = counted(full)
    if units > room:
        told.append(say(reader, "notice.warning.long", units=units, room=room, parts=parts))
    return told


def counted(full: str) -> tuple[int, int, int]:
    """Units of a text, the room of one SMS in its alphabet, and how many SMS it takes."""
    if _foreign(full):
        units, room, part = len(full.encode("utf-16-le")) // 2, 70, 67
    else:
        units, room, part = len(full) + sum(letter in TWO_UNITS for letter in full), 160, 153
    return units, room, 1 if units <= room else -(-units // part)


def _foreign(full: str) -> list[str]:
    return [letter for letter in dict.fromkeys(full) if letter not in GSM7 and letter not in TWO_UNITS]


def unknown_fields(key: str, text: str) -> list[str]:
    """The fields of `text` that notice `key` does not have: a wording with one of them must not be kept."""
    return [name for name in dict.fromkeys(_FIELD.findall(text)) if name not in known_fields(key)]


def fields_left_out(text: str) -> bool:
    """Whether nothing of a curly bracket is left once the fields are taken out."""
    rest = _FIELD.sub("", text)
    return "{" not in rest and "}" not in rest
