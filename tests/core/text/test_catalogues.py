"""Every language says everything, with the same fields, and the catalogues hold nothing that nobody says."""

import re

import pytest

from core.text import CONSOLE, FOR_STAFF, LANGUAGES, catalogue, fields, say
from tests.house.sources import sources


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_key_is_missing_in_a_language(lang: str) -> None:
    every = {key for one in LANGUAGES for key in catalogue(one) if lang in CONSOLE or not key.startswith(FOR_STAFF)}
    silent = sorted(key for key in every if not catalogue(lang).get(key))
    assert silent == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_translation_fills_in_the_same_fields_as_english(lang: str) -> None:
    differing = [key for key, text in catalogue(lang).items() if fields(text) != fields(catalogue("en")[key])]
    assert differing == []


def test_every_refusal_in_the_code_has_its_sentence() -> None:
    raised = {found for _, text in sources() for found in re.findall(r'Refused\(\s*"([a-z0-9_.]+)"', text)}
    assert sorted(raised - set(catalogue("en"))) == []


def test_a_field_must_be_a_plain_name() -> None:
    with pytest.raises(ValueError, match="plain name"):
        fields("{amount.__class__}")


def test_an_unknown_key_is_a_bug() -> None:
    with pytest.raises(KeyError):
        say("en", "no.such.key")
