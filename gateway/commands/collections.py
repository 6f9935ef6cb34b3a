"""`hodi collections simulate` shows the ladder of one account as it would stand on a date; `run` looks at every account now."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from core.money import plain, show
from core.reasons import said
from gateway.commands.bill import day_of
from gateway.commands.run import notation, out, show_json, told, with_house

if TYPE_CHECKING:
    from core.context import App
    from core.journeys.dunning.forecast import Ahead, DunningForecast

collections = typer.Typer(help="Money that is late.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(collections, name="collections")


@collections.command()
@told
def simulate(
    account: Annotated[str, typer.Argument(help="The account's number.")],
    on: Annotated[str, typer.Option("--on", help="The day to look at, such as 2026-04-30.")],
    as_json: Json = False,
) -> None:
    """The ladder of one account as it would stand on a date, with the reasons. Writes nothing."""
    until = day_of(on)

    async def run(app: "App") -> None:
        from core.errors import Refused
        from core.journeys.dunning import forecast
        from core.parties import queries as parties

        async with app.db.reading() as conn:
            found = await parties.account_by_number(conn, account)
            if found is None:
                raise Refused("collections.simulate.account")
            ahead = await forecast.simulate(conn, app, found.id, until)
        if as_json:
            show_json(as_data(ahead, account, until, found.currency))
        else:
            _print(ahead, account, until, found.currency)

    with_house(run)


@collections.command("run")
@told
def run_now(as_json: Json = False) -> None:
    """Look at every account now, whatever the hour. Again on the same day it does nothing new."""

    async def run(app: "App") -> None:
        from core.journeys.dunning import run as ladder_run

        told = await ladder_run.run(app, app.today())
        if as_json:
            show_json(dict(told))
        else:
            out.print(", ".join(f"{count} {kind}" for kind, count in sorted(told.items())) or "nothing is overdue")

    with_house(run)


@collections.command("written-off")
@told
def written_off(
    from_: Annotated[str, typer.Option("--from", help="The first day, such as 2026-01-01.")],
    to: Annotated[str, typer.Option("--to", help="The last day.")],
) -> None:
    """What was written off, with the tax to claim back, as CSV."""
    span = day_of(from_), day_of(to)

    async def run(app: "App") -> None:
        from core.overview import written_off as off

        async with app.db.reading() as conn:
            found = await off.written_off(conn, app, *span)
        typer.echo(off.as_csv(found, app.currency), nl=False)

    with_house(run)


@collections.command("limits")
@told
def limits(
    refresh: Annotated[bool, typer.Option(help="Bring every account up to date first.")] = False,
    as_json: Json = False,
) -> None:
    """The highest exposures against their credit limits."""

    async def run(app: "App") -> None:
        from core.journeys.credit_limit import exposure
        from core.overview.exposures import highest

        if refresh:
            await exposure.tick(app)
        async with app.db.reading() as conn:
            rows = await highest(conn)
        if as_json:
            show_json([_exposed(row, app.currency) for row in rows])
            return
        table = Table("account", "name", box=None)
        for name in ("not billed", "open", "being paid", "credit", "exposure", "limit", "%"):
            table.add_column(name, justify="right")
        for row in rows:
            minors = (getattr(row, name) for name in _PARTS)
            table.add_row(row.number, row.name, *(show(one, app.currency) for one in minors), str(row.percent))
        out.print(table)

    with_house(run)


_PARTS = ("unbilled_minor", "open_minor", "pending_minor", "credit_minor", "total_minor", "limit_minor")


def _exposed(row: Any, currency: str) -> dict[str, Any]:
    amounts = {name.removesuffix("_minor"): plain(getattr(row, name), currency) for name in _PARTS}
    return {"account": row.number, **amounts, "percent": row.percent, "guessed": row.guessed, "barred": row.barred}


@collections.command("limit")
@told
def limit(
    account: Annotated[str, typer.Argument(help="The account's number.")],
    amount: Annotated[str, typer.Argument(help="An amount, none, or rule (that of its segment).")],
    reason: Annotated[str, typer.Option(help="Why this limit is right.")],
    decimal: Annotated[str | None, typer.Option(help="comma or point: how the amount writes decimals.")] = None,
) -> None:
    """Give an account a credit limit of its own; a higher one may wait for another person."""

    async def run(app: "App") -> None:
        from core.errors import Refused
        from core.journeys.credit_limit import change
        from core.parties import queries as parties

        async with app.db.writing() as conn:
            found = await parties.account_by_number(conn, account)
            if found is None:
                raise Refused("collections.simulate.account")
            waits = await change.change(
                conn, app, found.id, amount, reason=reason, actor="job:command", notation=notation(decimal)
            )
        out.print("It waits for another person: see Approvals." if waits else f"{account}: {amount}.", highlight=False)

    with_house(run)


def as_data(ahead: "Ahead", account: str, on: date, currency: str) -> dict[str, Any]:
    """What `--json` prints."""
    now = ahead.now
    return {
        "account": account,
        "on": on.isoformat(),
        "currency": currency,
        "overdue": plain(now.payable_minor, currency),
        "disputed": plain(now.disputed_minor, currency),
        "arranged": plain(now.arranged_minor, currency),
        "happens": [_one(one, currency) for one in ahead.happens],
        "next": None if ahead.next is None else _one(ahead.next, currency),
    }


def _one(one: "DunningForecast", currency: str) -> dict[str, Any]:
    return {
        "on": one.on.isoformat(),
        "what": one.kind,
        "step": one.step,
        "amount": plain(one.payable_minor, currency),
        "why": [said(why, "en", currency) for why in one.trail],
    }


def _print(ahead: "Ahead", account: str, on: date, currency: str) -> None:
    now = ahead.now
    out.print(
        f"{account}: {show(now.payable_minor, currency)} overdue, {show(now.disputed_minor, currency)} disputed, "
        f"{show(now.arranged_minor, currency)} arranged.",
        highlight=False,
    )
    table = Table("day", "what", "step", box=None)
    table.add_column("amount", justify="right")
    table.add_column("why")
    for one in ahead.happens:
        table.add_row(
            str(one.on),
            one.kind,
            one.step or "",
            show(one.payable_minor, currency),
            "; ".join(said(why, "en", currency) for why in one.trail),
        )
    out.print(table)
    if ahead.next is not None:
        out.print(f"After {on} comes {ahead.next.step} on {ahead.next.on}.", highlight=False)
