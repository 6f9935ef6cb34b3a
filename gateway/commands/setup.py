"""`hodi init` lays down an operator's folder; `hodi db` upgrades, backs up, restores and verifies its books."""

import asyncio
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Literal

import typer

from core.config.operator import Settings
from core.db.engine import Database
from core.errors import BadInput
from core.migrations import upgrade
from gateway.backup import back_up, put_back
from gateway.commands.run import err, out, told, with_house

Example = Literal["electricity", "water", "mobile"]
db = typer.Typer(help="The database: upgrade, backup, restore, verify.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(init)
    app.add_typer(db, name="db")


@told
def init(
    folder: Annotated[Path, typer.Argument(help="Where to lay it down; must not hold an operator yet.")],
    example: Annotated[Example, typer.Option(help="Which kind of operator to start from.")] = "electricity",
) -> None:
    """An operator's folder to start from, with commented settings."""
    if (folder / "operator.yaml").exists():
        raise BadInput(str(folder), "holds an operator.yaml already.", "Choose an empty folder.")
    lay_down(example, folder)
    out.print(f"{folder}/operator.yaml and {folder}/tariffs are yours to edit.", highlight=False)
    out.print(
        f"Next: set HODI_OPERATOR={folder}, then `hodi db upgrade` and `hodi import customers FILE`.", highlight=False
    )


TARIFFS = {"electricity": "kenya-domestic", "water": "water-per-person", "mobile": "mobile-bundle"}


def lay_down(example: str, folder: Path) -> None:
    """Copy an example operator and its tariff into `folder`."""
    (folder / "tariffs").mkdir(parents=True, exist_ok=True)
    with as_file(files("examples")) as source:
        shutil.copy(source / example / "operator.yaml", folder)
        shutil.copy(source / "tariffs" / f"{TARIFFS[example]}.yaml", folder / "tariffs")
        if (source / example / "usage").is_dir():
            shutil.copytree(source / example / "usage", folder / "usage", dirs_exist_ok=True)


@db.command("upgrade")
@told
def db_upgrade() -> None:
    """Bring the database to the newest schema; safe to repeat."""

    async def run() -> str:
        database = Database(Settings().database_url)
        try:
            return await upgrade(database.engine)
        finally:
            await database.close()

    out.print(f"The database is at revision {asyncio.run(run())}.", highlight=False)


@db.command("backup")
@told
def db_backup(file: Annotated[Path, typer.Argument(help="Where to put the copy; must not exist yet.")]) -> None:
    """Copy the whole database into one file, while it is in use."""
    back_up(Settings().database_url, file)
    out.print(f"Kept in {file}. Try it now and then: `hodi db restore {file}` on another machine.", highlight=False)


@db.command("restore")
@told
def db_restore(file: Annotated[Path, typer.Argument(help="A file made by `hodi db backup`.")]) -> None:
    """Put a backup back into an empty database."""
    put_back(Settings().database_url, file)
    out.print("Restored. Prove the books with `hodi db verify`.", highlight=False)


@db.command("verify")
@told
def db_verify() -> None:
    """Prove the books: postings balance, lines = invoices = postings, numbers gapless, seals unbroken."""
    from core.context import App
    from core.journeys.verify_books import never_billed, problems

    async def run(app: App) -> None:
        async with app.db.reading() as conn:
            found = await problems(conn)
            for sentence in await never_billed(conn, app):
                err.print(sentence, style="yellow", markup=False, highlight=False)
        for sentence in found:
            err.print(sentence, style="red", markup=False, highlight=False)
        if found:
            raise typer.Exit(1)
        out.print(
            "The books are true: postings balance, lines = invoices = postings, numbers gapless, seals unbroken, no usage unexplained, no balance without its movements."
        )

    with_house(run)
