"""Numbers that people and files write, read by one reader: the notation goes with who wrote it, and nothing is guessed.

`12,50` is twelve and a half to a Frenchwoman and no number to a Kenyan; `1.250` is a thousand and more in Dutch and money with too many
decimals in English. So whoever reads says in whose notation: that of a language (a customer, a clerk, our own screens), that
of a file (`--decimal comma|point`; one that says nothing is read only where its text has one reading), or that of machines. Groups hold three
digits. What has two readings, or none, is `Unreadable`: a dialog asks again, a form or a row is refused with the reason.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from babel.numbers import get_decimal_symbol, get_group_symbol

from core.text import say

MICRO_DECIMALS = 6
"""Of a quantity: it is kept in millionths of its unit."""
LONGEST = 60
"""Letters of a text that may be a number."""


class Unreadable(ValueError):
    """A text that is no quantity, amount or instant: the catalogue key of the reason, and its fields."""

    def __init__(self, key: str, **params: object) -> None:
        super().__init__(key)
        self.key, self.params = key, params

    def __str__(self) -> str:
        return say("en", self.key, **self.params)


@dataclass(frozen=True, slots=True)
class Notation:
    """How somebody writes a number: the mark before its decimals, and the marks that may stand between groups of three."""

    point: str
    groups: frozenset[str] = frozenset()
    zeros: bool = False
    """Whether needless zeros may follow the decimals (`12.5000`), and a plus may stand before it: files and machines do both."""
    stated: bool = True
    """False: nobody said which mark is which, so that only what has one reading is read."""
    indian: bool = False
    """Groups of two above the last three (`1,00,000`)."""


_ALWAYS = frozenset(" '٬")
"""Marks between groups that mean nothing else anywhere."""
UNSTATED = Notation(".", _ALWAYS | {","}, zeros=True, stated=False)
"""A file, or a command's argument, that does not say how it writes."""
STATED = {
    "comma": Notation(",", _ALWAYS | {"."}, zeros=True),
    "point": Notation(".", _ALWAYS | {","}, zeros=True),
}
INDIAN = frozenset({"INR", "NPR", "PKR", "BDT", "LKR"})
"""Currencies whose people group in lakhs."""


@cache
def notation_of(lang: str, currency: str = "") -> Notation:
    """As people of the language write; of the currency, where its people group otherwise."""
    point, group = get_decimal_symbol(lang), get_group_symbol(lang)
    return Notation(point, _ALWAYS | {tidied(group) or " "}, indian=currency in INDIAN)


def of_file(decimal: str | None) -> Notation:
    """As a file says that it writes: `comma`, `point`, or nothing. ValueError for another word."""
    if decimal is None:
        return UNSTATED
    if decimal not in STATED:
        raise ValueError(f"{decimal[:20]!r} is no mark: comma or point")
    return STATED[decimal]


def show(value: int, decimals: int, lang: str) -> str:
    """The number without needless zeros and without groups: what `read` takes back in the same language."""
    whole, part = divmod(abs(value), 10**decimals)
    digits = f"{part:0{decimals}}".rstrip("0") if part else ""
    return f"{'-' if value < 0 else ''}{whole}{get_decimal_symbol(lang) + digits if digits else ''}"


def machine(text: str, decimals: int) -> int:
    """The number of a machine (JSON, XML, a setting, a tariff): ASCII digits and a point, nothing else. Unreadable as `read`."""
    spelled = _MACHINE.fullmatch(text) if len(text) <= LONGEST else None
    if spelled is None:
        raise Unreadable("number.none", text=text[:40])
    part = spelled["part"] or ""
    if part[decimals:].strip("0"):
        raise Unreadable("number.too_fine", text=text[:40], decimals=decimals)
    value = int(spelled["whole"] + part[:decimals].ljust(decimals, "0"))
    return -value if spelled["sign"] == "-" else value


def read(text: str, notation: Notation, decimals: int, words: Collection[str] = ()) -> int:
    """The number in units of its last decimal: `12.5` with two decimals is 1250. `words` (a unit, a currency) may stand before or after.

    Unreadable says why not: no number, two readings, or finer than `decimals`.
    """
    shape = _SHAPE.fullmatch(_bare(tidied(text), words)) if len(text) <= LONGEST else None
    if shape is None or not _balanced(shape, notation):
        raise Unreadable("number.none", text=text[:40])
    whole, part = _parts(shape["body"] + (shape["none"] or ""), notation, text)
    if not notation.stated and decimals < 3 and len(part) == 3 and len(whole) <= 3 and whole != "0":
        raise Unreadable("number.unstated", text=text[:40])
    if len(part) > decimals:
        if not notation.zeros or part[decimals:].strip("0"):
            raise Unreadable("number.too_fine", text=text[:40], decimals=decimals)
        part = part[:decimals]
    value = int(whole + part.ljust(decimals, "0"))
    return -value if shape["minus"] == "-" or shape["owed"] or shape["open"] else value


def looks(text: str, words: Collection[str] = ()) -> bool:
    """Whether it is one number in somebody's notation, with a word of `words` before or after it, and nothing else."""
    return len(text) <= LONGEST and _SHAPE.fullmatch(_bare(tidied(text), words)) is not None


_SHAPE = re.compile(
    r"(?P<open>\()?(?P<minus>[+-]?) ?(?P<body>[0-9](?:[0-9 ,.'٫٬]*[0-9])?)(?P<none>[,.](?=-))?(?P<dash>(?<=[,.])--?)?"
    r"(?P<owed>(?<=[0-9])-)?(?P<close>\))?"
)
_MACHINE = re.compile(r"(?P<sign>[+-]?)(?P<whole>[0-9]+)(?:\.(?P<part>[0-9]+))?")
_SOMEBODYS = re.compile(r"[0-9]+(?:[ ,.'٬][0-9]{3})*(?:[,.][0-9]+)?")
_PLAIN = re.compile(r"[0-9]+")
_GROUPED = re.compile(r"(?P<first>[0-9]{1,3})(?P<mark>[ ,.'٬])[0-9]{3}(?:(?P=mark)[0-9]{3})*")
_LAKHS = re.compile(r"[1-9][0-9]?(?:,[0-9]{2})*,[0-9]{3}")


def _balanced(shape: re.Match[str], notation: Notation) -> bool:
    """One sign at most, brackets in pairs; a plus only where files and machines write."""
    signs = bool(shape["minus"]) + bool(shape["owed"]) + bool(shape["open"])
    whole = bool(shape["open"]) == bool(shape["close"]) and bool(shape["none"]) == bool(shape["dash"])
    return whole and signs <= 1 and (shape["minus"] != "+" or notation.zeros)


def _parts(body: str, notation: Notation, text: str) -> tuple[str, str]:
    """Digits before and after the decimal mark; Unreadable where the notation has no such number."""
    body = body.replace("٫", notation.point)
    whole, point, part = body.partition(notation.point)
    if (point and part and not _PLAIN.fullmatch(part)) or not _whole(whole, bool(part), notation):
        raise Unreadable(_why(body, notation), text=text[:40])
    return re.sub(r"[^0-9]", "", whole), part


def _whole(whole: str, has_part: bool, notation: Notation) -> bool:
    if _PLAIN.fullmatch(whole):
        return True
    if notation.indian and "," in notation.groups and _LAKHS.fullmatch(whole):
        return True
    grouped = _GROUPED.fullmatch(whole)
    if grouped is None or grouped["mark"] not in notation.groups:
        return False
    if grouped["mark"] not in ",.":
        return True
    if grouped["first"].startswith("0"):
        return False
    return notation.stated or has_part or whole.count(grouped["mark"]) > 1


def _why(body: str, notation: Notation) -> str:
    """A number that somebody might write, only not this writer; else none at all."""
    if not _SOMEBODYS.fullmatch(body):
        return "number.none"
    return "number.unsure" if notation.stated else "number.unstated"


_SAME = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "﹣": "-",
        "－": "-",
        "‐": "-",
        "‑": "-",
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "′": "'",
        "`": "'",
        "´": "'",
        "＇": "'",
        "，": ",",
        "．": ".",
        "（": "(",
        "）": ")",
        "＝": "=",
        "／": "/",
        "\ufe0f": None,
        "\u20e3": None,
    }
)
"""Marks that look alike; what draws a key around a digit is dropped."""


def tidied(text: str) -> str:
    """Digits of any script as 0-9, blanks as one blank, marks that look alike as one, what cannot be seen dropped."""
    letters = []
    for letter in text.translate(_SAME):
        digit, kind = unicodedata.decimal(letter, None), unicodedata.category(letter)
        if digit is not None:
            letters.append(str(digit))
        elif kind == "Zs":
            letters.append(" ")
        elif kind != "Cf":
            letters.append(letter)
    return "".join(letters).strip()


def _bare(text: str, words: Collection[str]) -> str:
    """The number without the word that stands before and the one that stands after it: `-KES 12.50`, `500 bob`, `Ksh 500/=`."""
    if not words:
        return text
    low = text.casefold()
    if len(low) != len(text):
        return text
    sign, rest = (low[0], low[1:].lstrip()) if low[:1] in ("-", "+", "(") else ("", low)
    first = next((one for one in _longest(words) if rest.startswith(one) and _ends(one, rest[len(one) :])), "")
    if first:
        rest = rest[len(first) :].lstrip(". ")
    close = ")" if sign == "(" and rest.endswith(")") else ""
    rest = rest[: len(rest) - len(close)].rstrip()
    last = next((one for one in _longest(words) if rest.endswith(one) and not _within(rest[: -len(one)], one)), "")
    if last:
        rest = rest[: -len(last)].rstrip()
    return f"{sign}{rest}{close}"


def _ends(word: str, after: str) -> bool:
    """Whether a word that stands before a number ends there: `r 500`, never the `r` of `rand`."""
    return not (word[-1].isalpha() and after[:1].isalpha())


def _within(before: str, word: str) -> bool:
    """Whether a word that stands after a number is only the end of a longer one, or all there is."""
    return not before or (word[0].isalpha() and before[-1].isalpha())


@cache
def _sorted(words: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda one: (-len(one), one)))


def _longest(words: Collection[str]) -> tuple[str, ...]:
    return _sorted(frozenset(words))
