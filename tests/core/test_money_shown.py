"""Amounts as people read them."""

import pytest
from babel.numbers import format_currency

from core import money


@pytest.mark.parametrize(
    ("minor", "currency", "lang", "shown"),
    [
        (120_050, "KES", "en", "KES 1,200.50"),
        (100_000, "KES", "en", "KES 1,000"),
        (10_000_000, "KES", "sw", "KES 100,000"),
        (5, "KES", "en", "KES 0.05"),
        (0, "KES", "en", "KES 0"),
        (-100_000, "KES", "en", "-KES 1,000"),
        (100_005, "EUR", "nl", "€ 1.000,05"),
        (1_000_000, "VND", "vi", "1.000.000 VND"),
        (110_000, "KES", "fr", "KES 1 100"),
        (1_500, "KWD", "en", "KWD 1.500"),
    ],
)
def test_an_amount_is_shown_as_it_is_read(minor: int, currency: str, lang: str, shown: str) -> None:
    assert money.show(minor, currency, lang) == shown


@pytest.mark.parametrize("lang", ["en", "sw", "fr", "vi", "nl", "ha"])
def test_the_separators_are_those_of_cldr(lang: str) -> None:
    expected = format_currency(money.decimal(123_456_789, "KES"), "KES", format="¤¤ #,##0.00", locale=lang)
    assert money.show(123_456_789, "KES", lang) == expected.replace("\u00a0", " ").replace("\u202f", " ")
