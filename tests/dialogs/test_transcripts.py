"""Conversations as text files: `given NAME JSON` is what the counter answers, `> text` is what the customer types, the rest is the screen.

`HODI_WRITE_TRANSCRIPTS=1 pytest tests/dialogs/test_transcripts.py` writes the screens anew; read them before committing.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dialogs.play import Conversation, shown
from tests.dialogs.fakes import Counter, a_book

FILES = sorted((Path(__file__).parents[1] / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_the_conversation_goes_as_it_is_written(path: Path) -> None:
    written = path.read_text("utf-8")
    played = await play(written)
    if os.environ.get("HODI_WRITE_TRANSCRIPTS"):
        path.write_text(played, "utf-8")
    assert played == written


async def play(written: str) -> str:
    """The same file with the screens as they are now."""
    head, _, talk = written.partition("\n> ")
    conversation = Conversation(a_book(), Counter(**given(head)))
    said = [head.rstrip("\n")]
    for at, typed in enumerate(line[2:] for line in f"> {talk}".splitlines() if line.startswith("> ")):
        screen = await (
            conversation.dial(*dialled(typed)) if at == 0 or typed.startswith("*") else conversation.type(typed)
        )
        said += ["", f"> {typed}", *shown(screen)]
    return "\n".join([*said, ""])


def given(head: str) -> dict[str, Any]:
    """The counter's answers of the head of a file."""
    answers: dict[str, Any] = {}
    for line in head.splitlines():
        if line.startswith("given "):
            _, name, said = line.split(" ", 2)
            answers[name] = json.loads(said)
    return answers


def dialled(code: str) -> list[str]:
    """What was dialled along with the code: `*384*100*1*5#`."""
    return code.strip("#").split("*")[3:]


def test_there_are_conversations_to_play() -> None:
    assert len(FILES) >= 8
