"""The page that lists the language names files and tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROWS = re.findall(
    r"^\| (.+?) \| (.+?) \| `(.+?)` \| `(.+?)` \| `(.+?)` \|$", (ROOT / "docs" / "tariff-language.md").read_text(), re.M
)
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


def test_the_page_lists_the_whole_language() -> None:
    assert len(ROWS) >= 40


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_the_page_names_is_there(row: tuple[str, ...]) -> None:
    _, _, compiled, priced, proved = row
    assert (ROOT / "core" / "catalog" / compiled).is_file()
    assert (ROOT / "core" / "rating" / priced).is_file()
    assert f"def {proved}(" in TESTS
