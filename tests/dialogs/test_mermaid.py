from pathlib import Path

from dialogs.mermaid import draw_all
from tests.dialogs.fakes import a_book

DRAWN = Path(__file__).parents[2] / "docs" / "dialogs"


def test_the_drawings_are_those_of_the_tables() -> None:
    """`hodi dialogs draw` draws them anew."""
    pages = draw_all(a_book())
    assert {path.name: path.read_text("utf-8") for path in DRAWN.glob("*.md")} == pages


def test_every_edge_is_drawn() -> None:
    page = draw_all(a_book())["pay.md"]
    for edge in (
        'confirm_push_ -->|"Yes: done"| pushed_',
        'confirm_push_ -->|"Yes: pending"| under_way_',
        "First passes:",
    ):
        assert edge in page
