"""Telephone numbers: one spelling inside Hodi (E.164, `+254712345678`), a friendly one outside, a masked one in logs.

What a provider sends is checked by shape alone, because a USSD turn has microseconds to spend; what a person typed or a file
holds is parsed with Google's `phonenumbers` in the operator's own region.
"""

import re

import phonenumbers

LONGEST_TYPED = 40
"""No number a person types is longer, whatever spaces and brackets she puts in it."""

_SHAPE = re.compile(r"[1-9][0-9]{6,14}")


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
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


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


def show(phone: str, region: str | None = None) -> str:
    """As people of the `region` write it (`0712 345678`), internationally elsewhere; what is no number stays as it is."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return phone
    at_home = phonenumbers.region_code_for_number(number) == region
    style = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


def parts(phone: str) -> tuple[str, str]:
    """(`254`, `712345678`) of a number in E.164; ValueError when it is none."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException as why:
        raise ValueError("not a number in E.164") from why
    return str(number.country_code), phonenumbers.national_significant_number(number)
