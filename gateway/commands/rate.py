"""`hodi quote` and `hodi tariff`: prices with the very code that bills."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from core.catalog import check as checks
from core.catalog import explain as explanations
from core.catalog import quote_json
from core.catalog.versions import load_for
from core.errors import BadInput
from gateway.commands.run import out, show_json, told

tariff = typer.Typer(help="Tariff documents: check, explain.", no_args_is_help=True)
TariffFile = Annotated[Path, typer.Option("--tariff", help="A tariff document (YAML).")]
UsageFile = Annotated[str, typer.Option("--usage", help="A JSON file of the contract's quote, or - for standard input.")]
