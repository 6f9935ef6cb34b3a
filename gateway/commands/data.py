"""`hodi import` and `hodi columns`: an operator's own data in, per-row errors to a reject file, safe to repeat."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import BadInput
from gateway.commands import money
from gateway.commands.bill import progress_bar
from gateway.commands.run import fail, notation, out, told, with_house

if TYPE_CHECKING:
    from core.context import App
    from core.onboarding.model import Report


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("import")(take_in)
    app.command("columns")(columns)


@told
def take_in(
    kind: Annotated[
        str, typer.Argument(help="customers, meters, readings, usage, payments, settlements or statement.")
    ],
    file: Annotated[
        Path, typer.Argument(help="CSV (usage also NEM12 and NEM13; statement: camt.053, MT940, pain.002).")
    ],
    rejects: Annotated[
        Path | None, typer.Option(help="Where rows go that cannot be taken; else beside the file.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="number=customerID: your column is called otherwise.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="usage: the source whose mapping reads the file (usage/*.yaml of your folder).")
    ] = None,
    fill: Annotated[list[str] | None, typer.Option(help="commodity=internet: one value for all rows.")] = None,
    decimal: Annotated[
        str | None,
        typer.Option(help="comma or point: how the file writes decimals. Unsaid, only what reads one way is taken."),
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help="How the file writes days: dd-mm-yyyy HH:MM, %d/%m/%Y, excel; else ISO 8601.")
    ] = None,
) -> None:
    """Take a file of customers, meters, readings, usage, payments, settlements or a bank statement in. Again, it changes nothing."""
    if kind in money.KINDS:
        money.bring_in(kind, file, _pairs("--column", column), _pairs("--fill", fill), dates, decimal)
        return
    from core.catalog import store as tariffs
    from core.onboarding import imports
    from core.onboarding.sheet import ColumnChoice

    choice = ColumnChoice(_pairs("--column", column), _pairs("--fill", fill), notation(decimal), dates)

    async def run(app: "App") -> None:
        if app.settings.operator is not None:
            async with app.db.writing() as conn:
                await tariffs.load_folder(conn, app, app.settings.operator)
        with progress_bar(f"{kind} of {file.name}") as progress:
            report = await imports.run(
                app, kind, file, choice=choice, reject_file=rejects, source=source, progress=progress
            )
        _tell(report)

    with_house(run)


@told
def columns(kind: Annotated[str, typer.Argument(help="customers, meters, readings or usage.")]) -> None:
    """The columns of a file to import, each with its meaning and what a blank means."""
    from core.onboarding.columns import KINDS, table

    if kind not in KINDS:
        raise fail(f"{kind} has no columns of its own here. Ask for one of: {', '.join(KINDS)}.")
    typer.echo(table(kind))


def _tell(report: "Report") -> None:
    out.print(
        f"{report.accepted:,} accepted, {report.duplicates:,} there already, {len(report.rejected):,} rejected"
        + (f", {report.filtered:,} not usage." if report.filtered else "."),
        highlight=False,
    )
    if report.revised:
        out.print(f"Of the accepted, {report.revised:,} supersede what was there.", highlight=False)
    for row, reason in report.rejected[:10]:
        out.print(f"  row {row}: {reason}", markup=False, highlight=False, soft_wrap=True)
    if report.reject_file:
        out.print(
            f"The rejected rows, each with its reason, are in {report.reject_file}: correct and import it.",
            highlight=False,
        )
        raise typer.Exit(1)


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    pairs = [one.partition("=") for one in given or ()]
    for ours, sign, theirs in pairs:
        if not (ours and sign and theirs):
            raise BadInput(f"{option} {ours}", "has no two sides.", "Write it as number=customerID.")
    return {ours: theirs for ours, _, theirs in pairs}
