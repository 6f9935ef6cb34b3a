"""`docs/where.md` answers at least forty questions, each with a file or a folder that is there."""

import re

from tests.house.sources import ROOT

ROW = re.compile(r"^\| ([^|]+\?) \| (.+) \|$", re.MULTILINE)
PATH = re.compile(r"`([\w./-]+/[\w./-]*)(?:: ?\w+)?`")
LINK = re.compile(r"\]\(([\w./-]+\.md)\)")
ASKED = ("late fee", "regulator", "add a country", "message's language", "quiet hours")
"""What strangers missed on the first guess."""


def rows() -> list[tuple[str, str]]:
    """(question, answer)."""
    return ROW.findall((ROOT / "docs" / "where.md").read_text("utf-8"))


def missing(answer: str) -> list[str]:
    """What an answer points to and is not there; an answer that points nowhere is missing whole."""
    paths = PATH.findall(answer) + [f"docs/{page}" for page in LINK.findall(answer)]
    return [path for path in paths if not (ROOT / path).exists()] if paths else [answer]


def test_forty_questions_at_least_each_with_a_place_that_is_there() -> None:
    assert len(rows()) >= 40
    assert [
        (question, missing(answer))
        for question, answer in rows()
        if missing(answer) and "`pyproject.toml`" not in answer
    ] == []


def test_what_strangers_missed_is_asked() -> None:
    questions = " ".join(question for question, _ in rows())
    assert [one for one in ASKED if one not in questions] == []


def test_a_path_that_is_gone_is_found() -> None:
    assert missing("`core/nowhere/fees.py` (policy)") == ["core/nowhere/fees.py"]
    assert missing("ask somebody") == ["ask somebody"]
