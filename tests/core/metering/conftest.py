"""A meter on the wall, and files to bring its readings."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.clock import SetClock
from core.context import App
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.onboarding.register import register_customer

Write = Callable[[str], Path]
SAMPLES = next((up / "shared/data" for up in Path(__file__).parents if (up / "shared/data").is_dir()), Path("absent"))
"""Real files that are not ours to ship; tests that want them skip where they are absent."""


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 6, 1, tzinfo=UTC))


@pytest.fixture
async def wired(app: App) -> Registered:
    """A customer with the half-hourly meter M1, since 2025."""
    async with app.db.writing() as conn:
        meter = NewMeter("M1")
        return await register_customer(conn, app, NewCustomer("Amina", opened_on=date(2025, 1, 1), meter=meter))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of this text; each call another file."""
    made: list[Path] = []

    def _write(text: str) -> Path:
        path = tmp_path / f"file{len(made)}.csv"
        path.write_text(text, "utf-8")
        made.append(path)
        return path

    return _write
