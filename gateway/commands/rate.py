"""`hodi quote` and `hodi tariff`: prices with the very code that bills."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.run import out, show_json, told

tariff = typer.Typer(help="Tariff documents: check, explain.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(quote)
    app.add_typer(tariff, name="tariff")
