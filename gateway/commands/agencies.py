"""`hodi collections place` hands late accounts to an agency, `recall` takes one back, `agency-file` writes what the agency is sent."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.bill import day_of
from gateway.commands.collections import collections
from gateway.commands.run import out, told, with_house

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from core.context import App

ACTOR = "job:command"
Agency = Annotated[str, typer.Argument(help="Its short name in operator.yaml.")]


def add_to(_app: typer.Typer) -> None:
    """Add these commands to `hodi collections`."""
    for one in (place, recall, agency_file):
        collections.command()(one)


@told
def place(
    agency: Agency,
    account: Annotated[list[str] | None, typer.Option(help="Only this account, wherever it stands; repeat it.")] = None,
) -> None:
    """Place what stands behind the last step of its ladder with an agency. Again on the same day it places nothing twice."""

    async def run(app: "App") -> None:
        from core.journeys.dunning import agency as agency_placed

        if account:
            async with app.db.writing() as conn:
                ids = [await _id(conn, one) for one in account]
                await agency_placed.choose(conn, app, agency, ids, actor=ACTOR)
            count = len(set(ids))
        else:
            count = await agency_placed.place(app, agency, actor=ACTOR)
        out.print(f"{count} placed with {agency}: hodi collections agency-file {agency} placed", highlight=False)

    with_house(run)


async def _id(conn: "AsyncConnection", number: str) -> int:
    from core.errors import Refused
    from core.parties import queries as parties

    found = await parties.account_by_number(conn, number)
    if found is None:
        raise Refused("collections.simulate.account")
    return found.id


@told
def recall(
    account: Annotated[str, typer.Argument(help="The account's number.")],
    reason: Annotated[str, typer.Option(help="Why it is taken back.")],
) -> None:
    """Take an account back from its agency; the ladder goes on where it stood."""

    async def run(app: "App") -> None:
        from core.journeys.dunning import agency as agency_placed

        async with app.db.writing() as conn:
            await agency_placed.recall(conn, app, await _id(conn, account), reason=reason, actor=ACTOR)
        out.print(f"{account} is taken back.", highlight=False)

    with_house(run)


@told
def agency_file(
    agency: Agency,
    what: Annotated[str, typer.Argument(help="placed, recalled or collected (what came, with the commission).")],
    from_: Annotated[str | None, typer.Option("--from", help="The first day; today unless said.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The last day; the first unless said.")] = None,
) -> None:
    """A file for an agency, as CSV."""
    days = [day_of(one) for one in (from_, to) if one]

    async def run(app: "App") -> None:
        from core.collections.agency import known
        from core.errors import BadInput
        from core.overview.agencies import FILES, as_csv

        known(app, agency)
        if what not in FILES:
            raise BadInput(repr(what), "is no file of an agency.", f"Say one of {', '.join(FILES)}.")
        async with app.db.reading() as conn:
            first, last = (days or [app.today()])[0], (days or [app.today()])[-1]
            typer.echo(as_csv(await FILES[what](conn, app, agency, first, last)), nl=False)

    with_house(run)
