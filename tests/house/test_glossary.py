"""Every word of the glossary stands in the code, in the order of the alphabet: a word that the house gave up leaves its page too."""

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.sources import ROOT, sources

ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def entries(page: str) -> list[tuple[str, str, str]]:
    """(words, meaning, the field's word) of each row but the head."""
    return [row for row in ROW.findall(page) if row[0] != "word" and not row[0].startswith("-")]


def words(page: str) -> list[str]:
    """Every word that has a row: `journal, posting` are two."""
    return [word.strip() for row in entries(page) for word in row[0].split(",")]


def snake(name: str) -> str:
    """`OpenItem` and `open_items` as one spelling, between underscores."""
    return f"_{CAMEL.sub('_', name).lower().strip('_')}_"


def identifiers(text: str) -> Iterator[str]:
    """What a file names: no comment and no string is asked."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token.string


@cache
def spoken() -> frozenset[str]:
    """All identifiers, files and folders of the house, as `_open_item_`."""
    names = set()
    for path, text in sources("core", "gateway", "channels", "dialogs", "scheduler"):
        names.update(path.removesuffix(".py").split("/"))
        names.update(identifiers(text))
    return frozenset(snake(name) for name in names)


def missing(page: str) -> list[str]:
    """The words of a glossary that no identifier has, alone or as a part."""
    everything = " ".join(spoken())
    return [
        word
        for word in words(page)
        if not any(f"_{form}_" in everything for form in forms(word.lower().replace(" ", "_").replace("-", "_")))
    ]


def forms(word: str) -> tuple[str, ...]:
    """As it is, and as many."""
    return word, f"{word}s", f"{word[:-1]}ies" if word.endswith("y") else word


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "glossary.md").read_text("utf-8")


def test_every_word_of_the_glossary_stands_in_the_code(page: str) -> None:
    assert len(words(page)) > 40
    assert missing(page) == [], "say the code's word, or let the row go"


def test_a_word_that_no_code_knows_is_found(page: str) -> None:
    planted = page + "| wishing well | where coins go | donation account |\n"
    assert missing(planted) == ["wishing well"]


def test_the_glossary_is_in_the_order_of_the_alphabet_and_no_word_stands_twice(page: str) -> None:
    firsts = [row[0] for row in entries(page)]
    assert firsts == sorted(firsts, key=str.lower)
    assert len(set(words(page))) == len(words(page))


def test_every_word_is_explained_in_one_line_with_the_fields_own_word(page: str) -> None:
    assert len(entries(page)) == page.count("\n| ") - 1, "a row has three cells"
    assert [row[0] for row in entries(page) if not row[1].strip() or not row[2].strip()] == []
