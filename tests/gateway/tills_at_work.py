"""Our gateway's callback and paylink routes with the doubles of the providers that are reached over the Internet, all over HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import SetClock
from core.config.operator import Settings
from core.context import App
from core.outbox import queue
from core.payments import doors as payment_doors
from gateway.app_keys import APP
from gateway.hooks import payments as callbacks
from gateway.hooks.spooling import open_spool
from gateway.pages import paylink
from tests.doubles import flutterwave, flutterwave_v4, gocardless, paystack, stripe
from tests.doubles.till import Till
from tests.ports import free_port

SECRET = "a-webhook-secret"


@dataclass(frozen=True, slots=True)
class Work:
    """The house, and the four doubles it deals with."""

    app: App
    stripe: stripe.Stripe
    paystack: paystack.Paystack
    flutterwave: flutterwave.Flutterwave
    gocardless: gocardless.GoCardless
    flutterwave_v4: flutterwave_v4.FlutterwaveV4
    http: aiohttp.ClientSession
    url: str

    def till(self, name: str) -> Till:
        """The double of that provider."""
        found: Till = getattr(self, name)
        return found

    def forward(self, **step: float) -> None:
        """Move everybody's clock on."""
        assert isinstance(self.app.clock, SetClock)
        self.app.clock.forward(timedelta(**step))

    async def idle(self) -> None:
        """Until no double has anything under way."""
        for till in (self.stripe, self.paystack, self.flutterwave, self.gocardless, self.flutterwave_v4):
            await till.idle()

    async def dispatch(self) -> list[queue.Outcome]:
        """Send the refunds that wait, as the dispatcher does."""
        async with self.app.db.writing() as conn:
            rows = await queue.claim(conn, self.app.clock.now(), "test", 100)
        doors = {"refund": payment_doors.refund, "push": payment_doors.push, "forget": payment_doors.forget}
        outcomes = [await doors[row.kind](self.app, row) for row in rows if row.kind in doors]
        async with self.app.db.writing() as conn:
            await queue.settle(conn, self.app.clock.now(), outcomes)
        await self.idle()
        return outcomes

    async def post(self, provider: str, body: bytes, headers: dict[str, str]) -> int:
        """A callback of anybody's; its status."""
        url = f"{self.url}/hooks/payments/test-hook-secret/{provider}"
        async with self.http.post(url, data=body, headers=headers) as response:
            return response.status


@asynccontextmanager
async def tills_at_work(app: App, **payments: Any) -> AsyncIterator[Work]:
    """Everything started, and the house pointed at it; `payments` are words of the operator's (`paylink="stripe"`)."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    tills = {
        "stripe": stripe.Stripe(clock=app.clock, secret=SECRET),
        "paystack": paystack.Paystack(clock=app.clock, secret=SECRET),
        "flutterwave": flutterwave.Flutterwave(clock=app.clock, secret=SECRET),
        "gocardless": gocardless.GoCardless(clock=app.clock, secret=SECRET),
        "flutterwave_v4": flutterwave_v4.FlutterwaveV4(clock=app.clock, secret=SECRET),
    }
    async with AsyncExitStack() as stack:
        settings: dict[str, Any] = {
            "public_url": url,
            "stripe_secret_key": "sk_test",
            "stripe_webhook_secret": SECRET,
            "paystack_secret_key": SECRET,
            "paystack_email": "bills@example.org",
            "flutterwave_secret_key": "FLWSECK",
            "flutterwave_secret_hash": SECRET,
            "flutterwave_email": "bills@example.org",
            "gocardless_access_token": "live_token",
            "gocardless_webhook_secret": SECRET,
        }
        makers: dict[str, Any] = {
            "stripe": stripe,
            "paystack": paystack,
            "flutterwave": flutterwave,
            "gocardless": gocardless,
            "flutterwave_v4": flutterwave_v4,
        }
        for name, till in tills.items():
            till.hook = f"{url}/hooks/payments/test-hook-secret/{name}"
            server = await stack.enter_async_context(TestServer(makers[name].make_app(till)))
            settings[f"{name}_base_url"] = str(server.make_url("")).rstrip("/")
        settings |= {
            "flutterwave_v4_client_id": "client",
            "flutterwave_v4_client_secret": "client-secret",
            "flutterwave_v4_token_url": f"{settings['flutterwave_v4_base_url']}/token",
        }
        pointed = replace(
            app,
            settings=Settings.model_validate(app.settings.model_dump() | settings),
            operator=app.operator.model_copy(update={"payments": app.operator.payments.model_copy(update=payments)}),
        )
        web_app = web.Application()
        web_app[APP] = pointed
        web_app.add_routes([*callbacks.routes(), *paylink.routes()])
        open_spool(web_app, Path(stack.enter_context(TemporaryDirectory(prefix="hodi-spool-"))))
        await stack.enter_async_context(TestServer(web_app, port=port))
        jar = aiohttp.DummyCookieJar()
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        yield Work(pointed, http=http, url=url, **tills)  # each is of its own class
