"""The town's wires: the gateway, the sandbox payment provider and a double of Africa's Talking, each a real HTTP server on loopback."""

import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from core.clock import Clock
from core.config import hook_secrets
from core.config.operator import Settings
from core.context import App
from gateway.app import make_app
from gateway.app_keys import CHANNELS
from gateway.embedded_scheduler import dispatcher_of
from gateway.sandbox import app as sandbox
from gateway.sandbox.africastalking import AfricasTalking
from scheduler.dispatch import Dispatcher

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everybody listens."""

    gateway: int
    sandbox: int
    network: int


def free_ports(gateway: int | None = None) -> Ports:
    """Three ports nobody uses now; the gateway's may be given."""
    sockets = [socket.socket() for _ in range(3)]
    for one in sockets:
        one.bind((HOST, 0))
    found = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return Ports(gateway or found[0], found[1], found[2])


def settings_of(folder: Path, ports: Ports) -> Settings:
    """The settings of a town that lives in `folder`; its secrets are made anew each time."""
    return Settings(
        database_url=f"sqlite+aiosqlite:///{folder / 'hodi.db'}",
        sessions_path=str(folder / "sessions.db"),
        spool_path=str(folder / "spool"),
        media_path=str(folder / "media"),
        redis_url=None,
        operator=folder / "operator",
        public_url=f"http://{HOST}:{ports.gateway}",
        secret_key=SecretStr(secrets.token_urlsafe(36)),
        hook_secret=SecretStr(secrets.token_urlsafe(18)),
        phone_page=True,
        africastalking_api_key=SecretStr(secrets.token_urlsafe(18)),
        africastalking_base_url=f"http://{HOST}:{ports.network}",
        sandbox_base_url=f"http://{HOST}:{ports.sandbox}",
        sandbox_secret=SecretStr(secrets.token_urlsafe(24)),
    )


@dataclass(frozen=True, slots=True)
class Wires:
    """The servers, up: what the story needs to reach them."""

    app: App
    http: aiohttp.ClientSession
    network: AfricasTalking
    bank: web.Application
    dispatcher: Dispatcher

    @property
    def hooks(self) -> str:
        """Where Africa's Talking posts to."""
        secret = hook_secrets.secret_of(self.app.settings, "africastalking")
        return f"{self.app.settings.public_url}/hooks/africastalking/{secret}"

    async def ask_bank(self, path: str, **told: object) -> None:
        """Tell the sandbox provider to do something."""
        headers = {"Authorization": f"Bearer {self.app.settings.sandbox_secret.get_secret_value()}"}
        async with self.http.post(f"{self.app.settings.sandbox_base_url}{path}", json=told, headers=headers) as answer:
            answer.raise_for_status()


@asynccontextmanager
async def wired(hodi: App, ports: Ports, *, prompts_by_hand: bool, with_scheduler: bool) -> AsyncIterator[Wires]:
    """Everybody listens while this is open."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        settings = hodi.settings
        posts_to = f"{settings.public_url}/hooks/africastalking/{hook_secrets.secret_of(settings, 'africastalking')}"
        network = AfricasTalking(hodi.clock, settings.africastalking_api_key.get_secret_value(), posts_to)
        await stack.enter_async_context(_listening(network.app(), ports.network))
        bank = _bank(hodi.settings, hodi.clock, prompts_by_hand)
        await stack.enter_async_context(_listening(bank, ports.sandbox))
        app = make_app(hodi, host=HOST, with_scheduler=with_scheduler)
        await stack.enter_async_context(_listening(app, ports.gateway))
        yield Wires(hodi, http, network, bank, dispatcher_of(hodi, app[CHANNELS]))


def _bank(settings: Settings, clock: Clock, by_hand: bool) -> web.Application:
    secret = hook_secrets.secret_of(settings, "sandbox")
    return sandbox.make_app(
        settings.sandbox_secret.get_secret_value(),
        clock=clock,
        prompt_seconds=0.2,
        by_hand=by_hand,
        callback_url=f"{settings.public_url}/hooks/payments/{secret}/sandbox",
    )


@asynccontextmanager
async def _listening(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    try:
        yield
    finally:
        await runner.cleanup()
