"""`hodi bill` closes the cycles due on a date; `hodi rebill` puts bills right; `hodi cycles` tells the periods of a bill day."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.errors import BadInput
from core.money import plain, show
from core.text.days import last_of
from gateway.commands.run import err, out, show_json, told, with_house

if TYPE_CHECKING:
    from core.billing.model import Bill, Parked
    from core.context import App

Day = Annotated[str, typer.Option("--date", help="The day whose cycles close, such as 2026-03-31.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(bill)
    app.command()(rebill)
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


@told
def bill(
    day: Day,
    preview: Annotated[bool, typer.Option("--preview", help="Print the bills; write nothing.")] = False,
    as_json: Json = False,
    engine: Annotated[
        Literal["local", "processes", "dask"] | None,
        typer.Option(help="Where partitions are reckoned; HODI_BILL_ENGINE unless said."),
    ] = None,
) -> None:
    """Close the cycles due on a date. Again on the same date it does nothing."""
    on = day_of(day)

    async def run(app: "App") -> None:
        if preview:
            await _preview(app, on, as_json)
        else:
            await _close(app, on, as_json, engine)

    with_house(run)


async def _preview(app: "App", on: date, as_json: bool) -> None:
    from core.billing.render import ussd
    from core.billing.run.passes import foresee

    found = await foresee(app, on)
    bills = found.bills
    if as_json:
        show_json([_as_json(one) for one in bills] + [_parked_json(one) for one in found.parked])
        return
    for one in bills:
        out.rule(f"{one.account_number}  {one.name}", align="left")
        out.print(ussd.render(one, "en"), markup=False, highlight=False)
        out.print(_lines(one))
    for waits in found.parked:
        out.print(_parked(app, waits), markup=False, highlight=False, soft_wrap=True)
    out.print(f"{len(bills)} bills, {len(found.parked)} parked; nothing was written.", highlight=False)


def _parked(app: "App", one: "Parked") -> str:
    money = f", about {show(one.stake_minor, app.currency)}" if one.stake_minor is not None else ""
    return f"parked {one.number}, {one.from_date} to {last_of(one.to_date)} (both included){money}: {one.reason}"


def _parked_json(one: "Parked") -> dict[str, object]:
    return {
        "account": one.number,
        "from": one.from_date.isoformat(),
        "to": one.to_date.isoformat(),
        "lines": [],
        "total": None,
        "parked": one.reason,
    }


def _lines(bill: "Bill") -> Table:
    table = Table("line", "quantity", "price", box=None)
    table.add_column("amount", justify="right")
    for service in bill.services:
        for line in service.lines:
            quantity = "" if line.quantity_micro is None else f"{micro_text(line.quantity_micro)} {line.unit or ''}"
            table.add_row(
                line.label.get("en", line.code), quantity, line.price or "", plain(line.amount_minor, bill.currency)
            )
    table.add_row("total", "", "", plain(bill.total_minor, bill.currency), style="bold")
    return table


def _as_json(bill: "Bill") -> dict[str, object]:
    return {
        "account": bill.account_number,
        "from": bill.from_date.isoformat(),
        "to": bill.to_date.isoformat(),
        "due": bill.due_on.isoformat(),
        "currency": bill.currency,
        "estimated": bill.estimated,
        "lines": [
            {
                "code": line.code,
                "quantity": None if line.quantity_micro is None else micro_text(line.quantity_micro),
                "unit": line.unit,
                "price": line.price,
                "amount": plain(line.amount_minor, bill.currency),
            }
            for service in bill.services
            for line in service.lines
        ],
        "total": plain(bill.total_minor, bill.currency),
        "parked": None,
    }


def micro_text(micro: int) -> str:
    """Micro-units as a plain decimal text."""
    whole, part = divmod(abs(micro), 1_000_000)
    text = f"{whole}.{part:06d}".rstrip("0").rstrip(".")
    return f"-{text}" if micro < 0 else text


async def _close(app: "App", on: date, as_json: bool, engine: str | None) -> None:
    from core.journeys.close_cycles import close_cycles

    with progress_bar(f"Bills of {on}") as progress:
        report = await close_cycles(app, on, progress=progress, engine=engine)
    if as_json:
        show_json(
            {
                "date": on.isoformat(),
                "state": report.state,
                "built": report.built,
                "finalised": report.finalised,
                "accounts": report.accounts,
                "total": plain(report.total_minor, report.currency),
                "currency": report.currency,
                "parked": [
                    {
                        "account": one.number,
                        "from": one.from_date.isoformat(),
                        "to": one.to_date.isoformat(),
                        "reason": one.reason,
                        "about": None if one.stake_minor is None else plain(one.stake_minor, report.currency),
                    }
                    for one in report.parked
                ],
                "problems": list(report.problems),
            }
        )
    else:
        total = show(report.total_minor, report.currency)
        out.print(
            f"{report.finalised} bills made final, {report.accounts} in the run, {total} in all.", highlight=False
        )
        for one in report.parked:
            out.print(_parked(app, one), markup=False, highlight=False, soft_wrap=True)
    if report.problems:
        for problem in report.problems:
            err.print(problem, style="red", markup=False)
        raise typer.Exit(1)


@told
def rebill() -> None:
    """Put right the bills whose usage came late, as the daily job does. Only where `late_usage` says so."""

    async def run(app: "App") -> None:
        from core.journeys.late_usage_rebill import put_right

        if app.operator.billing.late_usage != "rebill":
            out.print("Late usage goes to the next bill here: `billing.late_usage` of operator.yaml.", highlight=False)
            return
        out.print(f"{await put_right(app)} documents issued.", highlight=False)

    with_house(run)


@told
def cycles(
    day: Annotated[int, typer.Option("--day", min=1, max=31, help="The bill day, 1 to 31.")],
    since: Annotated[str, typer.Option("--from", help="The first day of service.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last.")],
    as_json: Json = False,
) -> None:
    """The periods of a service on an account of that bill day, each closing on it or on the month's last day."""
    from core.billing.periods import cycles_json

    first, last = day_of(since), day_of(until)
    if last <= first:
        raise BadInput("--to", f"{last} is not after {first}.", "Write the first day, then the day after the last.")
    found = cycles_json(day, first, last)
    if as_json:
        show_json(found)
        return
    table = Table("from", "to", "fraction", box=None)
    for one in found:
        table.add_row(one["from"], one["to"], one["fraction"])
    out.print(table)
