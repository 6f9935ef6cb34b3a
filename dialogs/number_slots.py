"""The figure that came along with a keyword or in a sentence: an amount, what a meter shows, a use to price. Read later, by who wrote it.

Most numbers that people write to a counter are no amounts: accounts, receipts, phones, days, hours. A figure of a sentence is taken as money
only beside the name of a currency, or right after the word for paying with nothing after it that makes it something else. What is
kept is the text as it stands; the counter reads it in the customer's notation (`core/numbers.py`).
"""

import re
import unicodedata
from functools import cache

from core import money, numbers
from core.metering.units import SPOKEN
from dialogs.clues import CLUES

NUMBER_SLOTS = {"pay": "typed_amount", "reading": "typed_reading", "price": "typed_use", "top_up": "typed_amount"}
"""Flows that a figure may come along with (`PAY 500`, `READ 12345`, `PRICE 180`), and what it is kept as."""
MONEY = frozenset({"pay", "top_up"})
ENDS = " .!?"
"""What may end a message and is no part of its number."""
LONGEST_AMOUNT = 7
"""Digits of an amount that nothing marks as money: longer ones are accounts, phones, meters."""

_NUMBER = re.compile(r"[0-9]{1,3}(?:[ ,.'][0-9]{3})+(?:[.,][0-9]+)?(?![0-9])|[0-9]+(?:[.,'][0-9]+)*")
_AFTER = frozenset({
    "please", "now", "today", "only", "plz", "pls", "tafadhali", "sasa", "leo", "tu", "maintenant", "svp", "aujourd",
    "nu", "vandaag", "graag", "alleen", "by", "from", "via", "with", "using", "to", "toward", "towards", "on",
    "through", "kwa", "kutoka", "par", "avec", "met", "van", "ngay", "yanzu", "yau"
})  # fmt: skip
"""Words that may follow an amount and leave it one."""
_WORTH = frozenset({
    "worth", "of", "for", "ya", "za", "kwa", "de", "pour", "voor", "van", "na"
})  # fmt: skip
"""Before an amount of units: `tokens worth 500`."""
_TWO = re.compile(r"(?<![0-9])[0-9]{3} [0-9]{3}")
"""`500 500`: half a million to some, an answer given twice to others."""
_ALSO = {"pay": ("tra", "toan", "dong")}
"""Words for paying that are no clue by themselves."""
_NAMES_IT = frozenset({
    "account", "acc", "acct", "number", "no", "nr", "num", "code", "ref", "reference", "receipt", "phone", "serial",
    "meter", "akaunti", "namba", "nambari", "mita", "compte", "numero", "compteur", "lamba", "asusu", "khoan",
    "rekeningnummer", "nummer", "invoice", "bill", "ticket"
})  # fmt: skip
"""Before a number that names something."""


def after_keyword(flow: str, rest: str) -> dict[str, str]:
    """What stands after a keyword, if that is one figure and nothing else: `PAY Ksh 1,500`, `READ 12 345`. Kept as it stands."""
    name, rest = NUMBER_SLOTS.get(flow), rest.strip()
    marks = money.every_name() if flow in MONEY else SPOKEN
    if name is None or rest[:1] in "-+(" or _TWO.search(numbers.tidied(rest)) or not numbers.looks(rest, marks):
        return {}
    return {name: rest}


def in_sentence(flow: str, text: str) -> dict[str, str]:
    """The one figure of a sentence that is meant for the flow; nothing where there is none, or more than one."""
    if flow not in NUMBER_SLOTS:
        return {}
    tidy = numbers.tidied(text).casefold()
    marks = money.every_name() if flow in MONEY else SPOKEN
    figures = [figure for match in _NUMBER.finditer(tidy) if (figure := _meant(flow, tidy, match, marks))]
    return {NUMBER_SLOTS[flow]: figures[0]} if len(figures) == 1 else {}


def _meant(flow: str, text: str, match: re.Match[str], marks: frozenset[str]) -> str | None:
    """The figure with its marks, if it is what the flow asks for."""
    if _TWO.search(match[0]):
        return None
    left, right = text[: match.start()], text[match.end() :]
    before = _last(left, marks) if flow in MONEY else ""
    after = _next(right, marks)
    left, right = left[: len(left) - len(before)], right[len(after) :]
    if re.search(r"[\w+#:/@.,'-]$", left) or re.match(r"[\w%°]|[-/:][\w]", right):
        return None
    words, follow = re.findall(r"[^\W\d_]+", left), re.findall(r"^\W*([\w]+)", right)
    figure = f"{before}{match[0]}{after}".strip()
    if flow in MONEY:
        if before.strip() or after.strip():
            return figure
        plain = sum(letter.isdigit() for letter in match[0]) <= LONGEST_AMOUNT and not match[0].startswith("0")
        after_verb = bool(words) and (_is_word_of(flow, words[-1]) or (flow == "top_up" and words[-1] in _WORTH))
        verb_after = bool(follow) and _is_word_of(flow, follow[0])
        return figure if plain and (verb_after or (after_verb and (not follow or follow[0] in _AFTER))) else None
    return None if words and words[-1] in _NAMES_IT and words[-2:] != ["my", "meter"] else figure


def _last(left: str, marks: frozenset[str]) -> str:
    """The mark that ends the text before a number, with its blanks."""
    match = re.search(r"(?:^|(?<=[\s(]))([^\s\d(]+?)\.?\s*$", left)
    return match[0] if match and match[1] in marks else ""


def _next(right: str, marks: frozenset[str]) -> str:
    """The mark that begins the text after a number, with its blanks."""
    match = re.match(r"\s*(/[=-]|[^\s\d.,;:!?)]+)", right)
    if match is None or match[1] not in marks:
        return ""
    more = re.match(r"/[=-]", right[match.end() :])
    return match[0] + (more[0] if more else "")


@cache
def _stems(flow: str) -> tuple[str, ...]:
    """Single words by which a flow is known, in any language."""
    clues = (clue for tongue in CLUES.values() for clue in tongue.get(flow, "").split("|"))
    return tuple(sorted({*(clue for clue in clues if clue.isalpha()), *_ALSO.get(flow, ())}))


def _is_word_of(flow: str, word: str) -> bool:
    bare = unicodedata.normalize("NFKD", word.replace("đ", "d"))
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return any(plain == stem or (len(stem) > 3 and plain.startswith(stem)) for stem in _stems(flow))
