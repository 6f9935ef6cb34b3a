"""The editor's warnings are right about length, letters and fields."""

import pytest

from channels import limits
from core.notices import editor
from core.text import LANGUAGES, pattern


@pytest.mark.parametrize("lang", sorted(set(LANGUAGES) - {"vi"}))
@pytest.mark.parametrize("key", editor.NOTICES)
def test_our_own_words_need_no_warning(key: str, lang: str) -> None:
    assert editor.warnings(lang, key, pattern(lang, key)) == []


def test_vietnamese_is_warned_of_its_accents() -> None:
    """They travel as plain letters where the operator says so: `notices.plain_letters`."""
    told = editor.warnings("vi", "notice.ready.pay", pattern("vi", "notice.ready.pay"))
    assert any("does not exist on every phone" in one for one in told)


def test_it_counts_as_the_phone_counts() -> None:
    assert (frozenset(limits.GSM7) - editor.TWO_UNITS) == editor.GSM7
    assert frozenset(limits.EXTENSION) == editor.TWO_UNITS


def test_a_text_that_makes_two_messages_is_told_with_its_size() -> None:
    [told] = editor.warnings("en", "notice.thanks.nothing", "{amount} " + "x" * 150)
    assert told == (
        "With a long amount and a link of 40 letters this takes 167 of 160 units: 2 messages instead of one."
    )


def test_a_smiling_face_halves_the_room() -> None:
    told = editor.warnings(
        "en", "notice.thanks.nothing", "Thank you 🙂 we have received {amount} and nothing at all is left to pay now"
    )
    assert told[0] == "The letter 🙂 does not exist on every phone: it halves the room of a message to 70."
    assert "of 70 units: 2 messages" in told[1]


def test_unknown_missing_and_broken_fields_are_told() -> None:
    unknown, missing = editor.warnings("en", "notice.thanks.nothing", "Thank you {name}")
    assert unknown.startswith("{name} is not known here") and "{amount}, {operator}, {ussd}" in unknown
    assert missing.startswith("{amount} is missing")
    assert editor.unknown_fields("notice.thanks.nothing", "Thank you {name}") == ["name"]
    [broken] = editor.warnings("en", "notice.thanks.nothing", "Thank you {amount")
    assert "brackets" in broken
