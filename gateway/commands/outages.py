"""`hodi outage`: what is out and where; begun, expected and ended, told to everybody who reported it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import BadInput
from gateway.commands.run import out, show_json, told, with_house

if TYPE_CHECKING:
    from core.context import App

app = typer.Typer(help="Outages.", no_args_is_help=True)
Until = Annotated[str | None, typer.Option("--until", help="Expected to be over then, such as 2026-03-31T14:30.")]
Number = Annotated[int, typer.Argument(help="Its number, as `list` tells it.")]
By = Annotated[str, typer.Option("--by", help="Who says so.")]
ACTOR = "command line"


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(app, name="outage")


@app.command("list")
@told
def list_(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Those that run, with how many tickets each explains."""
    from core.care import outages

    async def run(app: "App") -> None:
        async with app.db.reading() as conn:
            found = await outages.running(conn)
            tickets = await outages.reported(conn, [one.id for one in found])
        if as_json:
            show_json(
                [
                    {
                        "id": str(one.id),
                        "commodity": one.commodity,
                        "area": one.area,
                        "cause": one.cause,
                        "tickets": tickets.get(one.id, 0),
                        "since": one.started_at.isoformat(),
                        "until": one.expected_until and one.expected_until.isoformat(),
                    }
                    for one in found
                ]
            )
            return
        for one in found:
            words = f"{one.id}  {one.commodity}  {one.area}: {one.cause} ({tickets.get(one.id, 0)} tickets)"
            out.print(words, markup=False, highlight=False)
        out.print(f"{len(found)} outages.", highlight=False)

    with_house(run)


@app.command("begin")
@told
def begin(
    commodity: Annotated[str, typer.Argument(help="electricity, water, gas, internet or mobile.")],
    area: Annotated[str, typer.Argument(help="The area, as your premises have it.")],
    cause: Annotated[str, typer.Argument(help="The cause, as customers hear it.")],
    until: Until = None,
    by: By = ACTOR,
) -> None:
    """An outage began. A second word about a running one is the same one."""
    from core.care import outages
    from core.onboarding.customers import COMMODITIES

    if commodity not in COMMODITIES:
        raise BadInput(commodity, "is no supply.", f"Choose one of: {', '.join(COMMODITIES)}.")

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            await outages.may_say(conn, area, None)
            made = await outages.begin(
                conn,
                app,
                commodity=commodity,
                area=area,
                cause=cause,
                actor=f"user:{by}",
                expected_until=_at(app, until),
            )
        out.print(f"Outage {made.id}: who reports it is told so.", highlight=False)

    with_house(run)


@app.command("expect")
@told
def expect(outage: Number, until: Until = None, by: By = ACTOR) -> None:
    """Until when it will last; without --until: nobody knows."""
    from core.care import outages

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            await outages.expect(conn, app, outage, _at(app, until), f"user:{by}")
        out.print("Noted.", highlight=False)

    with_house(run)


@app.command("end")
@told
def end(outage: Number, by: By = ACTOR) -> None:
    """It is over: its tickets are solved, and everybody who reported it hears of it."""
    from core.care import outages

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            count = await outages.end(conn, app, outage, f"user:{by}")
        out.print(f"{count} tickets solved.", highlight=False)

    with_house(run)


def _at(app: "App", text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise BadInput(repr(text), "is no time.", "Write it as 2026-03-31T14:30.") from wrong
    return found if found.tzinfo else found.replace(tzinfo=app.zone)
