"""`hodi demo --once`, as a new user runs it: the story is told, the books verified, the status 0."""

import os
import subprocess
import sys

import pytest

from tests.house.sources import ROOT


@pytest.mark.longest
def test_the_story_is_told_and_the_books_are_true() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "demo", "--once"],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("HODI_")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for words in ("CON", "Thank you!", "Sorry", "The books are true"):
        assert words in done.stdout
