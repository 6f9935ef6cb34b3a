"""`hodi bill` closes the cycles due on a date; `hodi cycles` tells the periods of a bill day."""

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import BadInput
from gateway.commands.run import out, show_json, told, with_house

if TYPE_CHECKING:
    from core.house import House


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(bill)
    app.command()(cycles)


def day_of(text: str) -> date:
    """A date as people write it to scripts."""
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise BadInput(repr(text), "is no date.", "Write it as 2026-03-31.") from wrong
