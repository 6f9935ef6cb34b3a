"""`hodi bill` closes the cycles due on a date; `hodi cycles` tells the periods of a bill day."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.errors import BadInput
from core.money import plain, show
from gateway.commands.run import err, out, show_json, told, with_house

if TYPE_CHECKING:
    from core.billing.bill import Bill
    from core.house import House

Day = Annotated[str, typer.Option("--date", help="The day whose cycles close, such as 2026-03-31.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


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


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, so that standard output stays a script's; called with (done, of)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
