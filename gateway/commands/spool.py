"""`hodi spool`: what came in while the database was away and broke our own code when it was taken up; and taking it up again."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.run import fail, out, told

if TYPE_CHECKING:
    from gateway.hooks.spool_entry import Seal

app = typer.Typer(help="What was kept while the database was away, and could not be taken up.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="For a script.")]


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(app, name="spool")


@app.command("aside")
@told
def aside(as_json: AsJson = False) -> None:
    """List what was laid aside: file, when it came, what it is. What stands in it (words, numbers) is not shown."""
    folder, seal = _kept()
    rows = [{"file": path.name, **_told(path, seal)} for path in sorted(folder.glob("*.aside"))]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['file']}  {row['came']}  {row['what']}")
    out.print(f"{len(rows)} laid aside in {folder}", highlight=False)


@app.command("again")
@told
def again(files: Annotated[list[str], typer.Argument(help="Which, as `hodi spool aside` lists them.")]) -> None:
    """Take up again what was laid aside, once its cause is mended: the running gateway does it within half a minute."""
    folder, _ = _kept()
    paths = [folder / name for name in files]
    for path in paths:
        if path.parent != folder or path.suffix != ".aside" or not path.is_file():
            raise fail(f"{path.name} is not laid aside. `hodi spool aside` lists what is.")
    for path in paths:
        path.rename(path.with_suffix(".spool"))
    out.print(f"{len(paths)} will be taken up again.", highlight=False)


def _kept() -> "tuple[Path, Seal]":
    from core.config.operator import Settings
    from gateway.hooks.spool_entry import Seal

    settings = Settings()
    return Path(settings.spool_path), Seal(settings.secret_key.get_secret_value())


def _told(path: Path, seal: "Seal") -> dict[str, str]:
    import msgspec
    from cryptography.fernet import InvalidToken

    from gateway.hooks.spool_file import NoSpool, peek

    try:
        raw = peek(path)
        entry = seal.entry(raw) if raw else None
    except (InvalidToken, msgspec.DecodeError, NoSpool):
        return {"came": "", "what": "sealed with another HODI_SECRET_KEY, or damaged"}
    if entry is None:
        return {"came": "", "what": "empty"}
    came = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")
    return {"came": came, "what": f"{entry.room} {entry.about} {entry.kind}"}
