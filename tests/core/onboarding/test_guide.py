"""docs/guides/import.md tells the columns as the code has them."""

from pathlib import Path

import pytest

from core.onboarding.columns import KINDS, table

GUIDE = Path(__file__).parents[3] / "docs/guides/import.md"


@pytest.mark.parametrize("kind", KINDS)
def test_the_guide_tells_the_columns_as_they_are(kind: str) -> None:
    assert f"### {kind}\n\n" in GUIDE.read_text("utf-8")
    assert table(kind) in GUIDE.read_text("utf-8")
