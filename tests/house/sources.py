"""The project's own Python files, as git would list them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("gateway", "channels", "dialogs", "core", "scheduler", "bench", "examples")


def sources(*rooms: str) -> Iterator[tuple[str, str]]:
    """(path from the root, text) of every Python file of the rooms."""
    for room in rooms or ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


WRITTEN = (".py", ".md", ".html", ".yaml", ".typ", ".js", ".toml")


def prose() -> Iterator[tuple[str, str]]:
    """(path, text) of everything with English words in it, as git knows the project; the migration and the word's own test are spared."""
    spared = ("core/migrations/versions/", "tests/house/prose.py", "tests/house/test_words.py")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        path = ROOT / name
        english = name.endswith(".po") and ("/en/" in name or name.endswith("en.po"))
        if path.is_file() and (english or name.endswith(WRITTEN)) and not name.startswith(spared):
            yield name, path.read_text("utf-8", errors="replace")
