"""`hodi parked`: months that nobody has billed yet, with why and about how much; tried anew, billed on an estimate, or skipped."""

from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import BadInput
from core.money import plain, show
from gateway.commands.bill import day_of
from gateway.commands.run import out, show_json, told, with_house

if TYPE_CHECKING:
    from core.context import App

app = typer.Typer(help="Months that nobody has billed yet.", no_args_is_help=True)
Account = Annotated[str, typer.Argument(help="The account number.")]
Since = Annotated[str | None, typer.Option("--from", help="The month that begins on this day; its oldest unless said.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
By = Annotated[str, typer.Option("--by", help="Who decides.")]
ACTOR = "command line"
LIMIT = 500


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(app, name="parked")


@app.command("list")
@told
def list_(
    skipped: Annotated[bool, typer.Option("--skipped", help="Those that a person skipped.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Who waits, the oldest first, and what all of them come to."""
    from core.billing.run import parked

    async def run(app: "App") -> None:
        state = parked.SKIPPED if skipped else parked.PARKED
        async with app.db.reading() as conn:
            rows = await parked.listing(conn, state=state, limit=LIMIT)
            all_of_them = await parked.together(conn, app)
        if as_json:
            show_json(
                [
                    {
                        "account": one.number,
                        "from": one.from_date.isoformat(),
                        "to": one.to_date.isoformat(),
                        "reason": one.reason,
                        "about": None if one.stake_minor is None else plain(one.stake_minor, one.currency),
                        "since": one.parked_at and one.parked_at.isoformat(),
                    }
                    for one in rows
                ]
            )
            return
        for one in rows:
            money = "not known" if one.stake_minor is None else show(one.stake_minor, one.currency)
            out.print(
                f"{one.number}  {one.from_date} to {one.last_day}  about {money}: {one.reason}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        sums = show(all_of_them.minor, app.currency)
        out.print(
            f"{all_of_them.count} months wait, about {sums}; of {all_of_them.unknown} nothing is known.",
            highlight=False,
        )

    with_house(run)


@app.command("again")
@told
def again(account: Account, since: Since = None, by: By = ACTOR) -> None:
    """Take it up: what was missing is there, or it was skipped and is to be billed after all."""
    from core.billing.run import parked
    from core.journeys import parked_bills

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            cycle_id = await parked.of_account(conn, account, day_of(since) if since else None)
            seen = await parked_bills.try_anew(conn, app, cycle_id, f"user:{by}")
        out.print(
            f"It comes to {show(seen.total_minor or 0, app.currency)}: the next run bills it (hodi bill).",
            highlight=False,
        )

    with_house(run)


@app.command("estimate")
@told
def estimate(
    account: Account,
    reason: Reason,
    since: Since = None,
    use: Annotated[
        list[str] | None,
        typer.Option("--use", help="energy=42.5: so much, where nothing is known or it should be another."),
    ] = None,
    by: By = ACTOR,
) -> None:
    """Bill it on an estimate: by what is there, else by its last bills, else by --use."""
    from core.billing.run import parked
    from core.journeys import parked_bills
    from core.metering.units import read
    from core.numbers import UNSTATED

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            cycle_id = await parked.of_account(conn, account, day_of(since) if since else None)
            offered = await parked_bills.proposals(conn, await parked.one(conn, cycle_id))
            said = dict(_pair(one) for one in use or ())
            for code in said:
                if code not in {one.code for one in offered}:
                    raise BadInput(
                        f"--use {code}",
                        "is no meter of that account.",
                        f"It has: {', '.join(one.code for one in offered) or 'none'}.",
                    )
            amounts = {one.field: read(said[one.code], UNSTATED, one.unit) for one in offered if one.code in said}
            seen = await parked_bills.on_estimate(conn, app, cycle_id, amounts, reason=reason, actor=f"user:{by}")
        out.print(
            f"It comes to {show(seen.total_minor or 0, app.currency)}: the next run bills it (hodi bill).",
            highlight=False,
        )

    with_house(run)


def _pair(text: str) -> tuple[str, str]:
    code, sign, quantity = text.partition("=")
    if not (code and sign and quantity):
        raise BadInput(f"--use {text}", "has no two sides.", "Write it as energy=42.5.")
    return code, quantity


@app.command("skip")
@told
def skip(account: Account, reason: Reason, since: Since = None, by: By = ACTOR) -> None:
    """Never bill it. Where money is given up, another person has to agree in the console."""
    from core.billing.run import parked
    from core.journeys import parked_bills

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            cycle_id = await parked.of_account(conn, account, day_of(since) if since else None)
            asked = await parked_bills.ask_to_skip(conn, app, cycle_id, reason=reason, actor=f"user:{by}")
        out.print(
            "Nothing was at stake: it is skipped." if asked is None else "Another person has to agree: see Approvals.",
            highlight=False,
        )

    with_house(run)
