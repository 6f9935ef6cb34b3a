"""`hodi demo`: an example operator, billed, with a phone to dial; `--once` plays the whole story, checks it, and ends."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from core.errors import BadInput
from gateway import logs
from gateway.commands.run import fail, out, told


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(demo)


@told
def demo(
    once: Annotated[bool, typer.Option("--once", help="Play the story, check it, and end.")] = False,
    port: Annotated[int, typer.Option(help="Where the gateway listens.")] = 8080,
    meters: Annotated[
        Path | None, typer.Option(help="Bill these half-hourly readings (CSV), not made-up ones.")
    ] = None,
    totals: Annotated[Path | None, typer.Option(help="Check them against these control totals.")] = None,
) -> None:
    """The main job on the embedded default."""
    from gateway.demo.handset import StoryFailed
    from gateway.demo.plan import plan_of
    from gateway.demo.play import play, serve

    if totals and not meters:
        raise BadInput("--totals", "goes with --meters.", "Name the readings too.")
    logs.configure()
    if os.environ.get("HODI_DATABASE_URL"):
        out.print("HODI_DATABASE_URL is ignored: the demo keeps its town in a file of its own.", highlight=False)
    with _folder(once) as folder, suppress(KeyboardInterrupt):
        plan = plan_of(meters, totals, folder)
        try:
            asyncio.run(play(folder, plan) if once else serve(folder, plan, port))
        except StoryFailed as failed:
            raise fail(f"The story failed: {failed}") from None


@contextmanager
def _folder(once: bool) -> Iterator[Path]:
    """Where the town lives: gone afterwards, or kept for a look in `.hodi/demo-...`."""
    if once:
        with tempfile.TemporaryDirectory(prefix="hodi-demo-") as folder:
            yield Path(folder)
    else:
        home = Path(".hodi")
        home.mkdir(exist_ok=True)
        yield Path(tempfile.mkdtemp(prefix="demo-", dir=home)).resolve()
