"""How a command runs: settings from the environment, the operator's folder, one event loop, and a sentence when it cannot be done.

Exit status 0 done, 1 it could not be done (a sentence says why and what to do), 2 wrong use (typer's own).
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import typer
from rich.console import Console

from core.card_numbers import scrubbed
from core.errors import BadInput, Refused
from core.numbers import Notation, of_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic import ValidationError
    from sqlalchemy.exc import DBAPIError

    from core.context import App

P = ParamSpec("P")
out = Console()
err = Console(stderr=True)


def fail(sentence: str) -> typer.Exit:
    """Say why it could not be done; to be raised."""
    err.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(1)


def notation(decimal: str | None) -> Notation:
    """How a file, or an amount on the command line, writes decimals; BadInput for a word that is none."""
    try:
        return of_file(decimal)
    except ValueError:
        raise BadInput("--decimal", f"does not know {str(decimal)[:20]!r}.", "Say comma or point.") from None


def told(command: Callable[P, None]) -> Callable[P, None]:
    """A command whose foreseen failures are sentences rather than stack traces."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **{name: scrubbed(value, name) for name, value in kwargs.items()})
        except (BadInput, Refused, ValueError) as wrong:
            if (settings := _wrong_settings(wrong)) is not None:
                raise fail(_settings_sentence(settings)) from None
            raise fail(wrong.sentence() if isinstance(wrong, Refused) else str(wrong)) from None
        except FileNotFoundError as wrong:
            raise fail(f"{wrong.filename}: there is no such file. Check the path and try again.") from None
        except Exception as wrong:
            if (away := _database_away(wrong)) is None:
                raise
            raise fail(_database_sentence(away)) from None

    return run


def _wrong_settings(wrong: Exception) -> "ValidationError | None":
    """Imported only when something went wrong, so that a command that reads no settings starts without."""
    from pydantic import ValidationError

    return wrong if isinstance(wrong, ValidationError) else None


def _database_away(wrong: Exception) -> "DBAPIError | None":
    from sqlalchemy.exc import OperationalError

    return wrong if isinstance(wrong, OperationalError) else None


def _settings_sentence(wrong: "ValidationError") -> str:
    first = wrong.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}. Correct it and try again."


def _database_sentence(wrong: "DBAPIError") -> str:
    if "no such table" in str(wrong.orig) or "does not exist" in str(wrong.orig):
        return "The database has no tables yet, or older ones: run `hodi db upgrade` and try again."
    return f"The database cannot be reached or used: {wrong.orig}. Check HODI_DATABASE_URL and try again."


@asynccontextmanager
async def opened() -> "AsyncIterator[App]":
    """The house of the environment, closed again afterwards."""
    from gateway.bootstrap import open_house

    app = await open_house()
    try:
        yield app
    finally:
        await app.db.close()


def with_house(work: "Callable[[App], Coroutine[Any, Any, None]]") -> None:
    """Open the house, do `work` in it, close it."""

    async def run() -> None:
        async with opened() as app:
            await work(app)

    asyncio.run(run())


def show_json(value: object) -> None:
    """One JSON value on standard output, for scripts."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=None))
