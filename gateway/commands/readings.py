"""`hodi readings`: readings that are held, and a person's decision about one."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.run import out, show_json, told, with_house

if TYPE_CHECKING:
    from core.context import App

app = typer.Typer(help="Readings that wait for a person.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The reading's number, as `held` lists it.")]
Sure = Annotated[bool, typer.Option("--sure", help="Also where it is doubtful, or the dials turned over.")]
By = Annotated[str, typer.Option("--by", help="Who decides.")]
ACTOR = "command line"
LIMIT = 500


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(app, name="readings")


@app.command("held")
@told
def held(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Which wait, the longest first: number, meter, day, value, and why."""
    from core.journeys.held_readings import shown
    from core.metering.vee import held as waiting

    async def run(app: "App") -> None:
        async with app.db.reading() as conn:
            found, count = await waiting.listing(conn, limit=LIMIT), await waiting.count(conn)
        if as_json:
            show_json(
                [
                    {
                        "id": str(one.id),
                        "meter": one.serial,
                        "register": one.register,
                        "read_on": one.read_on.isoformat(),
                        "value": shown(one.value_micro, "").strip(),
                        "unit": one.unit,
                        "source": one.source,
                        "state": one.state,
                        "account": one.number,
                        "reason": one.reason,
                    }
                    for one in found
                ]
            )
            return
        for one in found:
            words = f"{one.id}  {one.serial} {one.register}  {one.read_on}  {shown(one.value_micro, one.unit)}  {one.state}: {one.reason}"
            out.print(words, markup=False, highlight=False, soft_wrap=True)
        out.print(f"{count} readings wait.", highlight=False)

    with_house(run)


@app.command("accept")
@told
def accept(reading: Number, sure: Sure = False, by: By = ACTOR) -> None:
    """It counts as it was read."""
    from core.journeys import held_readings

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            await held_readings.accept(conn, app, reading, actor=f"user:{by}", sure=sure)
        out.print("It counts; the next run bills what waited for it.", highlight=False)

    with_house(run)


@app.command("replace")
@told
def replace(
    reading: Number,
    value: Annotated[str, typer.Argument(help="What the dials showed, such as 12345.")],
    reason: Annotated[str, typer.Option("--reason", help="How you know.")],
    sure: Sure = False,
    by: By = ACTOR,
) -> None:
    """Another value counts in its place; what was read is kept."""
    from core.journeys import held_readings
    from core.metering.units import read
    from core.metering.vee import held
    from core.numbers import UNSTATED

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            micro = read(value, UNSTATED, (await held.one(conn, reading)).unit)
            await held_readings.put_instead(conn, app, reading, micro, reason=reason, actor=f"user:{by}", sure=sure)
        out.print("The other value counts; the next run bills what waited for it.", highlight=False)

    with_house(run)


@app.command("order")
@told
def order(
    reading: Number, note: Annotated[str, typer.Option("--note", help="A word for the reader.")] = "", by: By = ACTOR
) -> None:
    """Have the meter read again: a ticket says so, and the bill waits."""
    from core.journeys import held_readings

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            reference = await held_readings.order_again(conn, app, reading, actor=f"user:{by}", note=note)
        out.print(f"Ordered under {reference}.", highlight=False)

    with_house(run)
