"""A phone that dials: posts the forms Africa's Talking posts, through the real routes, and reads what stands on the screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from channels.africastalking.messaging import AfricasTalkingAccount
from channels.africastalking.sms import AfricasTalkingSms
from channels.africastalking.ussd import AfricasTalkingUssd
from core.context import App
from core.onboarding.model import NewCustomer, Registered
from core.onboarding.register import register_customer
from core.summary.reader import open_quick
from gateway.app_keys import APP, CHANNELS, TURNS
from gateway.conversation.sessions import EmbeddedStore, Store
from gateway.conversation.turn import Turns
from gateway.hooks import channels
from gateway.hooks.spooling import open_spool

HOOKS = "/hooks/africastalking/test-hook-secret"
WANJIKU = "+254712345678"


async def a_customer(app: App, **told: Any) -> Registered:
    customer = NewCustomer(
        **(
            {"name": "Wanjiku Kamau", "number": "1001", "phone": WANJIKU, "address": "12 Moi Road", "area": "Milimani"}
            | told
        )
    )
    async with app.db.writing() as conn:
        return await register_customer(conn, app, customer)


@asynccontextmanager
async def counter(
    app: App, store: Store | Path, spool: Path | None = None
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """The hooks of a house, served."""
    async with hooks(app, store, spool) as web_app, TestClient(TestServer(web_app)) as client:
        yield client


@asynccontextmanager
async def hooks(app: App, store: Store | Path, spool: Path | None = None) -> AsyncIterator[web.Application]:
    """The hooks of a house as an application; `spool` is a folder that outlives it."""
    sessions = EmbeddedStore(store / "sessions.db") if isinstance(store, Path) else store
    quick = open_quick(app.db)
    web_app = web.Application()
    web_app[APP] = app
    web_app[TURNS] = Turns(app, sessions, quick)
    async with aiohttp.ClientSession() as http:
        sms = AfricasTalkingSms(AfricasTalkingAccount("sandbox", SecretStr("k"), "http://127.0.0.1:1"), http)
        web_app[CHANNELS] = {"ussd": AfricasTalkingUssd(), "sms": sms}
        web_app.add_routes(channels.routes(web_app[CHANNELS].values()))
        with TemporaryDirectory(prefix="hodi-spool-") as folder:
            async with open_spool(web_app, spool or Path(folder)).drained():
                yield web_app
    await quick.close()
    await sessions.close()


@asynccontextmanager
async def serve(app: App, store: Store | Path, port: int) -> AsyncIterator[None]:
    """The hooks on a port of this machine."""
    async with hooks(app, store) as web_app:
        runner = web.AppRunner(web_app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
        await runner.cleanup()


@dataclass
class Phone:
    """One person's phone. `dial` opens a session, `answer` types into it, `again` repeats the last request."""

    client: TestClient[web.Request, web.Application]
    number: str = WANJIKU
    session: str = "s1"
    text: str = ""
    screen: str = field(default="", init=False)

    async def dial(self, session: str | None = None, ahead: str = "") -> str:
        self.session = session or self.session
        self.text = ahead
        return await self.again()

    async def answer(self, *typed: str) -> str:
        for one in typed:
            self.text = f"{self.text}*{one}" if self.text else one
            await self.again()
        return self.screen

    async def again(self) -> str:
        form = {"sessionId": self.session, "phoneNumber": self.number, "serviceCode": "*384*100#", "text": self.text}
        answer = await self.client.post(f"{HOOKS}/ussd", data=form)
        assert answer.status == 200, await answer.text()
        self.screen = await answer.text()
        return self.screen
