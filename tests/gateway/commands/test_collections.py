"""`hodi collections simulate`: a table for people, JSON for scripts, a sentence when it cannot be done."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from gateway.commands.run import opened
from tests.gateway.commands.test_cli import hodi, operator_folder, quiet
from tests.journeys.arrears_at_work import a_late_account

__all__ = ["operator_folder", "quiet"]


@pytest.fixture
def late(operator_folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An account whose bill was due yesterday; the number of the account. A network is connected."""
    monkeypatch.setenv("HODI_NETWORK_URL", "http://127.0.0.1:9")

    async def make() -> None:
        async with opened() as app, app.db.writing() as conn:
            await a_late_account(conn, app, "ACC100", due=app.today() - timedelta(days=1))

    asyncio.run(make())
    return "ACC100"


def test_the_ladder_of_an_account_is_told_with_its_reasons(late: str) -> None:
    on = (SystemClock().now() + timedelta(days=40)).date().isoformat()
    status, text = hodi("collections", "simulate", late, "--on", on, "--json")
    told = json.loads(text)
    steps = [one["step"] for one in told["happens"] if one["what"] == "step"]
    assert (status, told["overdue"], told["next"]["step"]) == (0, "500.00", "final")
    assert steps == ["overdue", "firm", "formal", "soft_bar", "hard_bar"] and all(one["why"] for one in told["happens"])
    status, text = hodi("collections", "simulate", late, "--on", on)
    assert status == 0 and "formal" in text and "KES 500" in text


def test_an_account_that_is_not_there_and_a_day_that_is_none_are_told(late: str) -> None:
    assert [
        hodi("collections", "simulate", *words)[0] for words in ((late, "--on", "soon"), ("X1", "--on", "2030-01-01"))
    ] == [1, 1]


def test_the_run_by_hand_looks_at_every_account(late: str) -> None:
    status, text = hodi("collections", "run", "--json")
    assert (status, json.loads(text)["start"]) == (0, 1)


def test_an_account_is_placed_with_an_agency_written_and_taken_back(late: str, operator_folder: Path) -> None:
    file = operator_folder / "operator.yaml"
    file.write_text(
        file.read_text().replace("collections:", "collections:\n  agencies: {kamau: {name: Kamau, minimum: '1'}}", 1)
    )
    assert hodi("collections", "place", "kamau", "--account", late)[0] == 1, "no ladder has begun"
    assert hodi("collections", "run")[0] == 0
    status, text = hodi("collections", "place", "kamau")
    assert (status, text.startswith("0 placed")) == (0, True)
    assert hodi("collections", "place", "kamau", "--account", late)[0] == 0
    status, text = hodi("collections", "agency-file", "kamau", "placed")
    assert status == 0 and text.splitlines()[1].split(",")[2:4] == [late, "Amina"] and "500.00" in text
    assert hodi("collections", "recall", late, "--reason", "they asked")[0] == 0
    assert "they asked" in hodi("collections", "agency-file", "kamau", "recalled")[1]
    wrong = (
        ("agency-file", "kamau", "secrets"),
        ("agency-file", "nobody", "placed"),
        ("place", "nobody"),
        ("recall", late, "--reason", "again"),
    )
    assert [hodi("collections", *words)[0] for words in wrong] == [1, 1, 1, 1]
