"""Payments with everything at work: our gateway's callback and paylink routes, the sandbox provider and a Daraja double, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import SetClock
from core.config.operator import Settings
from core.context import App
from core.outbox import queue
from core.payments import doors as payment_doors
from gateway.app_keys import APP
from gateway.hooks import payments
from gateway.hooks.spooling import open_spool
from gateway.pages import paylink
from gateway.sandbox import app as sandbox
from gateway.sandbox.service import Service
from tests.doubles import daraja
from tests.ports import free_port


@dataclass(frozen=True, slots=True)
class Work:
    """The house and who it deals with. `http` follows no redirect."""

    app: App
    sandbox: Service
    daraja: daraja.Double
    http: aiohttp.ClientSession
    url: str
    box: web.Application

    @property
    def hook(self) -> str:
        """Where providers call back."""
        return f"{self.url}/hooks/payments/test-hook-secret"

    def forward(self, **step: float) -> None:
        """Move everybody's clock on."""
        clock = self.app.clock
        assert isinstance(clock, SetClock)
        clock.forward(timedelta(**step))

    async def dispatch(self) -> list[queue.Outcome]:
        """Send the pushes that are due, as the dispatcher does."""
        self.forward(seconds=5)
        async with self.app.db.writing() as conn:
            rows = await queue.claim(conn, self.app.clock.now(), "test", 100)
        pushes = [row for row in rows if row.kind == "push"]
        outcomes = [await payment_doors.push(self.app, row) for row in pushes]
        async with self.app.db.writing() as conn:
            await queue.settle(conn, self.app.clock.now(), outcomes)
        await self.idle()
        return outcomes

    async def idle(self) -> None:
        """Until both providers have nothing under way."""
        await self.sandbox.idle()
        await self.daraja.idle()


@asynccontextmanager
async def at_work(app: App, *, push: str = "sandbox", by_hand: bool = False) -> AsyncIterator[Work]:
    """Everything started, and the house pointed at it; `push` names the provider of mobile pushes."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    hook = f"{url}/hooks/payments/test-hook-secret"
    box = sandbox.make_app(
        "test-sandbox-secret", clock=app.clock, prompt_seconds=0, by_hand=by_hand, callback_url=f"{hook}/sandbox"
    )
    double = daraja.Double(clock=app.clock)
    double.confirmation_url, double.validation_url = f"{hook}/daraja/confirmation", f"{hook}/daraja/validation"
    async with TestServer(box) as box_server, TestServer(daraja.make_app(double)) as daraja_server:
        pointed = _pointed(app, url, str(box_server.make_url("")), str(daraja_server.make_url("")), push)
        web_app = web.Application()
        web_app[APP] = pointed
        web_app.add_routes([*payments.routes(), *paylink.routes()])
        with TemporaryDirectory(prefix="hodi-spool-") as folder:
            open_spool(web_app, Path(folder))
            async with (
                TestServer(web_app, port=port),
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
            ):
                yield Work(pointed, box[sandbox.SERVICE], double, http, url, box)


def _pointed(app: App, url: str, box: str, mpesa: str, push: str) -> App:
    settings = Settings.model_validate(
        app.settings.model_dump()
        | {
            "public_url": url,
            "sandbox_base_url": box.rstrip("/"),
            "daraja_base_url": mpesa.rstrip("/"),
            "daraja_consumer_key": "key",
            "daraja_consumer_secret": "secret",
            "daraja_shortcode": "600638",
            "daraja_passkey": "passkey",
        }
    )
    operator = app.operator.model_copy(
        update={"payments": app.operator.payments.model_copy(update={"mobile_push": push})}
    )
    return replace(app, settings=settings, operator=operator)
