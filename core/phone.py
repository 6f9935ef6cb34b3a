"""Telephone numbers: one spelling inside Hodi (E.164, `+254712345678`), a friendly one outside, a masked one in logs.

What a provider sends is checked by shape alone, because a USSD turn has microseconds to spend; what a person typed or a file
holds is parsed with Google's `phonenumbers` in the operator's own region.

Where a country changed its numbers, or a digit may be left out, one subscriber is spelled in several ways. Each is kept as it was said;
they are compared by `subscriber`.
"""

import re
from collections.abc import Callable

import phonenumbers

LONGEST_TYPED = 40
"""No number a person types is longer, whatever spaces and brackets they put in it."""

_SHAPE = re.compile(r"[1-9][0-9]{6,14}")


_IVORY = {**dict.fromkeys("0123", "01"), **dict.fromkeys("456", "05"), **dict.fromkeys("789", "07")}
_IVORY_FIXED = {"8": "21", "0": "25"}
_GABON = {"1": "11", "2": "62", "4": "74", "5": "65", "6": "66", "7": "77"}
_VIETNAM = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78", "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39", "186": "56", "188": "58",
    "199": "59",
}  # fmt: skip


def _ivory(old: str) -> str:
    mobile = not (old[0] in "23" and old[1] in "0123456")
    return (_IVORY[old[1]] if mobile else _IVORY_FIXED.get(old[2], "27")) + old


_PLANS: dict[str, tuple[re.Pattern[str], Callable[[str], str]]] = {
    "+52": (re.compile(r"1(\d{10})"), lambda old: old[1:]),
    "+54": (re.compile(r"9(\d{10})"), lambda old: old[1:]),
    "+55": (re.compile(r"[1-9]{2}[6-9]\d{7}"), lambda old: f"{old[:2]}9{old[2:]}"),
    "+225": (re.compile(r"\d{8}"), _ivory),
    "+229": (re.compile(r"\d{8}"), lambda old: f"01{old}"),
    "+230": (re.compile(r"[79]\d{6}"), lambda old: f"5{old}"),
    "+237": (re.compile(r"[2-9]\d{7}"), lambda old: ("2" if old[0] in "23" else "6") + old),
    "+241": (re.compile(r"0?[124567]\d{6}"), lambda old: _GABON[old[-7]] + old[-6:]),
    "+84": (re.compile(rf"(?:{'|'.join(_VIETNAM)})\d{{7}}"), lambda old: _VIETNAM[old[:3]] + old[3:]),
}
"""By country: what an old (or longer) spelling looks like after the country's code, and the one that it is compared by.

Mexico: the 1 before mobiles fell away on 3 August 2019 (IFT, Plan Técnico Fundamental de Numeración). Argentina: the 9 before mobiles is
said from abroad and not at home (ENACOM, Res. SC 46/97). Brazil: a 9 before mobiles, 2012 to 2016 (ANATEL, Res. 553/2010). Côte d'Ivoire:
two digits of the network before all numbers, 31 January 2021 (ARTCI). Benin: 01 before all, 30 November 2024 (ARCEP). Mauritius: a 5
before mobiles, 1 September 2013 (ICTA). Cameroon: a 6 before mobiles and a 2 before others, 21 November 2014 (ART). Gabon: two digits for
one, 2019 (ARCEP). Viet Nam: mobiles of eleven digits got ten, September 2018 (MIC, 798/QD-BTTTT)."""
_VARY = tuple(_PLANS)


def subscriber(phone: str) -> str:
    """The one spelling by which all spellings of a number in E.164 are compared; most numbers have only one."""
    if not phone.startswith(_VARY):
        return phone
    code = next(code for code in _VARY if phone.startswith(code))
    looks, now = _PLANS[code]
    national = phone[len(code) :]
    return code + now(national) if looks.fullmatch(national) else phone


def may_vary(phone: str) -> bool:
    """Whether a number of this country may be spelled in several ways."""
    return phone.startswith(_VARY)


def from_network(said: str, region: str) -> str | None:
    """E.164 of a sender as a network names it: in full, or as one dials it within the operator's country (`0712345678`, `712345678`); None
    for a name or a short code."""
    full = from_provider(said)
    if full and _is_a_number(full):
        return full
    at_home = parse(said.strip().lstrip("+"), region)
    return at_home if at_home and (full is None or _is_a_number(at_home)) else full


def _is_a_number(phone: str) -> bool:
    """Whether the numbering plan of its country, of today or of before, has such a number."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(subscriber(phone)))
    except phonenumbers.NumberParseException:
        return False


def parse(typed: str, region: str | None = None) -> str | None:
    """E.164 of what a person typed (`0712 345 678` in region `KE`); None when it is no number.

    `00` before the country is understood everywhere, whatever a network's own prefix is. Whoever must refuse says so with
    the key `phone.not_a_number`.
    """
    spelled = typed.strip()
    if len(spelled) > LONGEST_TYPED:
        return None
    try:
        number = phonenumbers.parse("+" + spelled[2:] if spelled.startswith("00") else spelled, region)
    except phonenumbers.NumberParseException:
        return None
    said = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_possible_number(number):
        return said
    today = subscriber(said)  # of a plan that is over: only the number of today can be called
    return today if today != said and _is_a_number(today) else None


def from_provider(text: str) -> str | None:
    """E.164 of a number as a provider spells it, with or without its `+`; None when it has not the shape of one.

    A `+` that was not escaped in a form arrives as a blank, and is understood.
    """
    digits = text.strip().removeprefix("+")
    return "+" + digits if _SHAPE.fullmatch(digits) else None


def masked(phone: str) -> str:
    """As a log may show it: `+2547*****678`. What is too short to be masked is not shown at all."""
    if len(phone) < 10:
        return "*" * len(phone)
    return f"{phone[:5]}{'*' * (len(phone) - 8)}{phone[-3:]}"


def parts(phone: str) -> tuple[str, str]:
    """(`254`, `712345678`) of a number in E.164; ValueError when it is none."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException as why:
        raise ValueError("not a number in E.164") from why
    return str(number.country_code), phonenumbers.national_significant_number(number)
