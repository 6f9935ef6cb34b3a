"""What a whole sentence most likely means: clues are counted, and only a clear winner counts. Pure, and no model behind it.

The customer's own language is read first, then the others, because people mix them. Who cannot be understood gets the menu;
who was misunderstood is one step from it. STOP is never guessed: it is taken at its own word only.
"""

from functools import cache

from dialogs.clues import CLUES
from dialogs.intents import Intent, plain
from dialogs.number_slots import in_sentence

LONGEST = 300
"""Letters of a message that are read; what is longer is a letter, and a person's to answer."""

Clue = tuple[tuple[str, ...], ...]
"""Runs of stems, each run side by side, all of them somewhere."""


def classify(text: str, lang: str) -> Intent | None:
    """The intent of a sentence; None when no clue stands out."""
    if len(text) > LONGEST:
        return None
    words = plain(text)
    for tongue in (lang, *(other for other in CLUES if other != lang)):
        flow = _winner(words, tongue) if tongue in CLUES else None
        if flow:
            return Intent(flow, keep=in_sentence(flow, text))
    return None


def _winner(words: list[str], lang: str) -> str | None:
    """The flow with the heaviest clues; None where two weigh the same."""
    scores = {flow: sum(_weight(clue) for clue in clues if _holds(words, clue)) for flow, clues in _clues(lang)}
    (first, most), (_, next_most) = sorted(scores.items(), key=lambda score: -score[1])[:2]
    return first if most > next_most else None


@cache
def _clues(lang: str) -> tuple[tuple[str, tuple[Clue, ...]], ...]:
    return tuple(
        (flow, tuple(tuple(tuple(run.split()) for run in clue.split("&")) for clue in clues.split("|")))
        for flow, clues in CLUES[lang].items()
    )


def _weight(clue: Clue) -> int:
    """Stems that stand together are worth more than each alone."""
    stems = sum(len(run) for run in clue)
    return stems * stems


def _holds(words: list[str], clue: Clue) -> bool:
    return all(any(_begins(words[at:], run) for at in range(len(words))) for run in clue)


def _begins(words: list[str], run: tuple[str, ...]) -> bool:
    return len(words) >= len(run) and all(
        word == stem or (len(stem) > 3 and word.startswith(stem)) for word, stem in zip(words, run, strict=False)
    )
