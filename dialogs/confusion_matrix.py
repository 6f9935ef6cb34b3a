"""How well messages are understood: labelled ones against what is found, as a page with one table a language."""

import csv
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from dialogs.classify import classify
from dialogs.intents import find

NONE = "none"
Found = Callable[[str, str], str]
"""(message, language) -> the flow it reaches, or `none`."""


def first_message(text: str, lang: str) -> str:
    """The flow that a message which opens a conversation leads to; `none` when it is answered with the menu."""
    intent = find(text) or classify(text, lang)
    return intent.flow if intent and not intent.greet else NONE


def read(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Language -> (message, label) of every `<lang>.csv` of a folder."""
    messages = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            messages[path.stem] = [(row["text"], row["label"]) for row in csv.DictReader(file)]
    return messages


def counted(messages: list[tuple[str, str]], lang: str, classify: Found) -> Counter[tuple[str, str]]:
    """How often a message of a label was taken for which flow."""
    return Counter((label, classify(text, lang)) for text, label in messages)


def page(cases: Mapping[str, list[tuple[str, str]]], classify: Found) -> str:
    """The whole page as Markdown."""
    lines = [
        "# What messages are taken for",
        "",
        "Written by `hodi dialogs intents` from the labelled messages of `tests/dialogs/intents`, which were frozen before the rules. "
        "The messages and the rules have one author and, but for English, no native reader: real customers will be understood less "
        "often. A wrong guess is one step from the menu (`0`), STOP is never guessed, and nothing is done without a yes.",
        "",
    ]
    for lang, messages in cases.items():
        lines += _table(lang, counted(messages, lang, classify))
    return "\n".join(lines)


def right(counts: Counter[tuple[str, str]]) -> int:
    """How many were taken for what they are."""
    return sum(count for (label, got), count in counts.items() if label == got)


def _table(lang: str, counts: Counter[tuple[str, str]]) -> list[str]:
    labels = [*sorted({label for label, _ in counts} - {NONE}), NONE]
    columns = [*labels, *sorted({got for _, got in counts} - set(labels))]
    head = ["label", *columns]
    rows = [[label, *(str(counts[label, got] or "") for got in columns)] for label in labels]
    return [
        f"## {lang}: {right(counts)} of {counts.total()}",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]
