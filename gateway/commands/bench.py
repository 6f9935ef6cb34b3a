"""`hodi bench`: the figures of `bench/`, each as a ratio to its limit, measured in the same run."""

import importlib
import os
from typing import Annotated, Any

import typer
from rich.table import Table

from core.errors import BadInput
from gateway.commands.run import err, out, show_json, told

NAMES = (
    "turn", "peer", "workers", "growth", "busy", "chat", "dispatch", "sms", "rating", "usage", "billrun", "pdf", "start",
)  # fmt: skip


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(bench)


@told
def bench(
    names: Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(NAMES)}; none means all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    big: Annotated[bool, typer.Option("--big", help="The largest sizes too; minutes more.")] = False,
) -> None:
    """Measure, and print each figure's share of its limit: higher is better."""
    strange = [name for name in names or () if name not in NAMES]
    if strange:
        raise BadInput(strange[0], "is no bench.", f"Choose from {', '.join(NAMES)}.")
    if big:
        os.environ["HODI_BENCH_BIG"] = "1"
    figures: list[dict[str, Any]] = []
    for name in names or NAMES:
        err.print(f"measuring {name} ...", style="dim")
        figures += importlib.import_module(f"bench.{name}").run()
    if as_json:
        show_json(figures)
        return
    table = Table("figure", box=None)
    for heading in ("value", "unit", "limit", "ratio", "peak MB"):
        table.add_column(heading, justify="left" if heading == "unit" else "right")
    for one in figures:
        table.add_row(
            one["name"],
            f"{one['value']:,.4g}",
            one["unit"],
            f"{one['limit']:,.4g}",
            f"{one['ratio']:.3f}",
            f"{one['peak_mb'] or 0:.0f}",
        )
    out.print(table)
