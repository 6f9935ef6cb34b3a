"""A telephone number has one spelling inside, a friendly one outside and a masked one in logs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import phone
from core.errors import Refused
from core.text import LANGUAGES


@pytest.mark.parametrize(
    ("typed", "region", "expected"),
    [
        ("0712 345 678", "KE", "+254712345678"),
        ("+254 (712) 345-678", None, "+254712345678"),
        ("00254712345678", "KE", "+254712345678"),
        ("0110000001", "KE", "+254110000001"),
        ("254712345678", "KE", "+254712345678"),
        ("0803 123 4567", "NG", "+2348031234567"),
        ("+31 6 12345678", "KE", "+31612345678"),
    ],
)
def test_a_typed_number_becomes_e164(typed: str, region: str | None, expected: str) -> None:
    assert phone.parse(typed, region) == expected


@pytest.mark.parametrize("typed", ["", "hello", "12", "0712 345 678", "+" + "1" * 60, "+254712", "\x00", "٠"])
def test_what_is_no_number_is_none(typed: str) -> None:
    assert phone.parse(typed, None) is None


def test_whoever_refuses_a_number_has_a_sentence_for_it() -> None:
    assert {Refused("phone.not_a_number").sentence(lang) for lang in LANGUAGES}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+254700000001", "+254700000001"),
        ("254700000001", "+254700000001"),
        (" 254700000001", "+254700000001"),
        ("SAFARICOM", None),
        ("20880", None),
        ("", None),
        ("+254700000001; drop", None),
        ("+٢٥٤٧٠٠٠٠٠٠٠١", None),
        ("+" + "9" * 16, None),
        ("0712345678", None),
    ],
)
def test_a_provider_s_number_is_judged_by_its_shape(text: str, expected: str | None) -> None:
    assert phone.from_provider(text) == expected


@settings(deadline=None, max_examples=25)
@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_a_masked_number_keeps_its_length_and_hides_the_subscriber(number: str) -> None:
    masked = phone.masked(number)
    assert len(masked) == len(number)
    assert masked.count("*") >= min(len(number), 2)
    assert masked != number


def test_a_masked_number_shows_country_and_last_three_digits_only() -> None:
    assert phone.masked("+254712345678") == "+2547*****678"
    assert phone.masked("12345") == "*****"
