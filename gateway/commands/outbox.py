"""`hodi outbox`: what could not leave after all tries, and sending it again once the cause is mended."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.run import out, told, with_house

if TYPE_CHECKING:
    from core.context import App

app = typer.Typer(help="Messages that could not leave.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="For a script.")]


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(app, name="outbox")


@app.command("dead")
@told
def dead(as_json: AsJson = False) -> None:
    """List the latest dead letters: id, kind, channel, tries, reason."""
    from core.overview.dead_letters import dead_letters

    async def run(app: "App") -> None:
        async with app.db.reading() as conn:
            rows = await dead_letters(conn, branch_code=None)
        if as_json:
            names = ("id", "kind", "template", "channel", "attempts", "reason")
            typer.echo(json.dumps([{name: _plain(getattr(row, name)) for name in names} for row in rows]))
            return
        for row in rows:
            typer.echo(f"{row.id}  {row.template}  {row.channel or '-'}  {row.attempts} tries  {row.reason or '-'}")
        out.print(f"{len(rows)} dead letters", highlight=False)

    with_house(run)


@app.command("replay")
@told
def replay(
    ids: Annotated[list[int] | None, typer.Argument(help="Which; none: see --all.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of the latest dead letters.")] = False,
) -> None:
    """Send dead letters again, from their first try."""
    from core.overview.dead_letters import dead_letters, send_again

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            wanted = [row.id for row in await dead_letters(conn, branch_code=None)] if everything else list(ids or ())
            count = await send_again(conn, app, wanted, branch_code=None, actor="command:hodi")
        out.print(f"{count} will leave again", highlight=False)

    if not everything and not ids:
        raise typer.BadParameter("name ids, or say --all")
    with_house(run)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, int) and value > 2**31 else value
