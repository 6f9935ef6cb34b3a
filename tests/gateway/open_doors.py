"""Every message provider's doors of one house, served, with the doubles that the replies go to."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from channels.contract import Channel, Tools
from channels.registry import open_rows, senders
from core.context import App
from core.message import Notice
from core.summary.reader import open_quick
from gateway.app_keys import APP, CHANNELS, TURNS
from gateway.conversation.sessions import EmbeddedStore
from gateway.conversation.turn import Turns
from gateway.embedded_scheduler import dispatcher_of
from gateway.hooks import channels as webhooks
from gateway.hooks.spooling import open_spool
from tests.doubles.meta import PHONE_ID, VERSION, Meta
from tests.doubles.telegram import TOKEN, BotApi

SECRET = "test-hook-secret"
TELEGRAM_SECRET = "s3cret_tok-1"


@dataclass
class Doors:
    """The gateway's client, the house behind it, and the providers."""

    client: TestClient[web.Request, web.Application]
    app: App
    channels: dict[str, Channel]
    meta: Meta
    bot: BotApi

    async def whatsapp(self, body: bytes, headers: dict[str, str] | None = None) -> aiohttp.ClientResponse:
        """A webhook of Meta's, signed unless other headers are given."""
        signed = self.meta.signed(body) if headers is None else headers
        return await self.client.post("/hooks/whatsapp", data=body, headers=signed)

    async def telegram(self, body: bytes, secret: str = TELEGRAM_SECRET) -> aiohttp.ClientResponse:
        """An update of Telegram's."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
        return await self.client.post("/hooks/telegram", data=body, headers=headers)

    async def sent(self) -> dict[str, int]:
        """Everything that waits leaves; how many ended in each state."""
        return dict(await dispatcher_of(self.app, self.channels).drain())


@asynccontextmanager
async def open_doors(
    app: App, folder: Path, also: Callable[[web.Application], None] | None = None, **changed: Any
) -> AsyncIterator[Doors]:
    """All doors open, and closed again; `also` adds pages to the application, `changed` are other settings."""
    meta, bot = Meta(), BotApi()
    async with (
        TestServer(meta.app()) as meta_server,
        TestServer(bot.app()) as bot_server,
        aiohttp.ClientSession() as http,
    ):
        settings = app.settings.model_copy(
            update={
                "africastalking_api_key": SecretStr("k"),
                "africastalking_base_url": "http://127.0.0.1:1",
                "whatsapp_phone_id": PHONE_ID,
                "whatsapp_token": SecretStr("token"),
                "whatsapp_app_secret": SecretStr("appsecret"),
                "whatsapp_verify_token": SecretStr("verify-me"),
                "whatsapp_base_url": str(meta_server.make_url(f"/{VERSION}")),
                "telegram_token": SecretStr(TOKEN),
                "telegram_secret": SecretStr(TELEGRAM_SECRET),
                "telegram_base_url": str(bot_server.make_url("/bot")),
                "kannel_username": "hodi",
                "kannel_password": SecretStr("hodipw"),
                "smtp_url": SecretStr("smtp://127.0.0.1:1"),
                "email_sender": "Mwangaza <help@mwangaza.example>",
                **changed,
            }
        )
        app = replace(app, settings=settings)
        rows = open_rows(Tools(settings, http, nobody))
        quick, sessions, web_app = open_quick(app.db), EmbeddedStore(folder / "sessions.db"), web.Application()
        web_app[APP], web_app[CHANNELS] = app, senders(rows)
        web_app[TURNS] = Turns(app, sessions, quick)
        web_app.add_routes(webhooks.routes(rows.values()))
        if also:
            also(web_app)
        async with open_spool(web_app, folder / "spool").drained(), TestClient(TestServer(web_app)) as client:
            yield Doors(client, app, web_app[CHANNELS], meta, bot)
        await quick.close()
        await sessions.close()


async def nobody(_notice: Notice) -> bool:
    return False
