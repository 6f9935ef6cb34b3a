"""The pages of the docs as the tests read them: fenced samples, words in code ticks, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.sources import ROOT

DOCS = ROOT / "docs"
DRAWN = ("dialogs/", "intents.md")
"""Written by commands, and held to what they draw by other tests."""
FENCE = re.compile(r"^( *)```([a-z]*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
TICKS = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Sample:
    """One fenced block."""

    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text[:60]!r}"


def pages() -> Iterator[tuple[Path, str]]:
    """Every page that a person wrote, with the two at the front of the house."""
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))):
        inside = path.relative_to(DOCS).as_posix() if path.is_relative_to(DOCS) else ""
        if not inside.startswith(DRAWN):
            yield path, path.read_text("utf-8")


def named(path: Path) -> str:
    """A page as a finding names it."""
    return path.relative_to(ROOT).as_posix()


def samples_in(page: str, text: str) -> list[Sample]:
    """Its fenced blocks, without their indent."""
    return [
        Sample(page, language, re.sub(rf"^{indent}", "", body, flags=re.MULTILINE))
        for indent, language, body in FENCE.findall(text)
    ]


def samples(*languages: str) -> list[Sample]:
    """All fenced blocks of these languages; of every one, if none is named."""
    found = [sample for path, text in pages() for sample in samples_in(named(path), text)]
    return [sample for sample in found if not languages or sample.language in languages]


def ticks(text: str) -> list[str]:
    """What stands in code ticks, fenced blocks left out."""
    return TICKS.findall(FENCE.sub("", text))


def links(text: str) -> list[str]:
    """Where its links and pictures lead."""
    return LINK.findall(FENCE.sub("", text))
