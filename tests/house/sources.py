"""The project's own Python files, as git would list them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("gateway", "channels", "dialogs", "core", "scheduler", "bench", "examples")


def sources(*rooms: str) -> Iterator[tuple[str, str]]:
    """(path from the root, text) of every Python file of the rooms."""
    for room in rooms or ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
