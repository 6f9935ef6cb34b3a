"""`hodi demo --once`, as a new user runs it: the story is told, the books verified, the status 0."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from gateway.demo import plan
from gateway.demo.people import neighbours
from gateway.demo.readings import write_csv
from tests.house.sources import ROOT


def _told(*more: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "demo", "--once", *more],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("HODI_")},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for words in ("CON", "Thank you!", "Sorry", "The books are true"):
        assert words in done.stdout


@pytest.mark.longest
def test_the_story_is_told_and_the_books_are_true(tmp_path: Path) -> None:
    """In a hamlet of three households and two months; the town of twenty-five and three months is in the soak."""
    write_csv(tmp_path / "readings.csv", ["70000001", "70000002", "70000003"], date(2014, 1, 1), date(2014, 3, 1))
    _told("--meters", str(tmp_path / "readings.csv"))


def test_a_database_that_somebody_set_is_told_to_be_ignored_and_left_alone(tmp_path: Path) -> None:
    """A readings file that is none ends it at once: the word about the database comes before."""
    (tmp_path / "readings.csv").write_text("no readings\n")
    kept = tmp_path / "mine.db"
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "demo", "--once", "--meters", str(tmp_path / "readings.csv")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "HODI_DATABASE_URL": f"sqlite:///{kept}"},
    )
    assert "HODI_DATABASE_URL is ignored" in done.stdout, done.stdout + done.stderr
    assert not kept.exists()


@pytest.mark.soak
def test_the_story_of_the_whole_town_is_told() -> None:
    _told()


def test_the_town_is_made_up_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file of their own: a household for every meter, its readings up to today, its bill day spread over the month."""
    monkeypatch.setattr(plan, "MADE_UP_METERS", plan.MADE_UP_METERS[:3])
    made = plan.plan_of(None, None, tmp_path)
    assert made.people == neighbours(plan.MADE_UP_METERS[:3], made.last.day, spread=True)
    assert made.shift_years == 0 and made.first.day == 1
    lines = made.file.read_text().splitlines()
    assert len(lines) == 1 + 3 * 48 * (made.last - made.first).days
    assert lines[1].startswith(f"70000001,{made.first}T00:00,") or lines[1].startswith(plan.MADE_UP_METERS[0])
