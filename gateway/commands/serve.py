"""`hodi serve` is the gateway, with the scheduler inside unless told otherwise; `hodi schedule` is the scheduler alone."""

import asyncio
import sys
from contextlib import suppress
from typing import Annotated

import structlog
import typer
import uvloop
from aiohttp import web

from gateway import logs
from gateway.bootstrap import check_secrets, link_warning, open_house
from gateway.commands.run import fail, out, told
from gateway.request_timeouts import KEEPALIVE_SECONDS, Runner

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 19
"""How long a worker that is told to stop may finish what it answers."""


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(serve)
    app.command()(schedule)


@told
def serve(
    port: Annotated[int, typer.Option(help="Where to listen.")] = 8080,
    host: Annotated[str, typer.Option(help="Which address to bind; a proxy with TLS stands before it.")] = LOOPBACK,
    workers: Annotated[int, typer.Option(min=1, help="How many processes; PostgreSQL from two on.")] = 1,
    scheduler: Annotated[bool, typer.Option(help="Tick and send in this process too.")] = True,
) -> None:
    """Serve the gateway."""
    logs.configure()
    if workers > 1:
        _many(host, port, workers, scheduler)
    else:
        with suppress(KeyboardInterrupt):
            uvloop.run(serve_one(host, port, scheduler))


async def serve_one(host: str, port: int, scheduler: bool) -> None:
    """Serve in this process until it is stopped."""
    from gateway.app import make_app
    from gateway.gc_tuning import settle

    hodi = await open_house()
    check_secrets(hodi.settings)
    if warning := link_warning(hodi.settings):
        structlog.get_logger().warning(warning)
    app = make_app(hodi, host=host, with_scheduler=scheduler)
    runner = Runner(app, access_log=None, handle_signals=True, keepalive_timeout=KEEPALIVE_SECONDS)
    await runner.setup()
    settle()
    try:
        await web.TCPSite(runner, host, port, reuse_port=None).start()
        out.print(f"Hodi listens on http://{host}:{port}", highlight=False)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
        await hodi.db.close()


def _many(host: str, port: int, workers: int, scheduler: bool) -> None:
    """gunicorn with aiohttp's uvloop worker; each worker may lead the scheduler, one does."""
    from gunicorn.app.base import BaseApplication

    from core.config.operator import Settings

    if Settings().database_url.startswith("sqlite"):
        raise fail("Several workers need PostgreSQL: set HODI_DATABASE_URL, or serve with one worker.")

    class Gateway(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            settings = {
                "bind": f"{host}:{port}",
                "workers": workers,
                "worker_class": "aiohttp.GunicornUVLoopWebWorker",
                "accesslog": None,
                "graceful_timeout": GRACE_SECONDS + 1,
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> object:
            async def factory() -> Runner:
                from gateway.app import make_app
                from gateway.gc_tuning import settle

                hodi = await open_house()
                check_secrets(hodi.settings)
                app = make_app(hodi, host=host, with_scheduler=scheduler)
                settle()
                return Runner(app, access_log=None, keepalive_timeout=KEEPALIVE_SECONDS, shutdown_timeout=GRACE_SECONDS)

            return factory

    sys.argv = sys.argv[:1]
    Gateway().run()


@told
def schedule() -> None:
    """The scheduler alone: it leads, or stands by until the leader is gone."""
    logs.configure()
    from gateway.embedded_scheduler import tick_alone

    async def run() -> None:
        app = await open_house()
        check_secrets(app.settings)
        try:
            await tick_alone(app)
        finally:
            await app.db.close()

    with suppress(KeyboardInterrupt):
        uvloop.run(run())
