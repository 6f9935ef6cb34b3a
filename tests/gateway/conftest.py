"""An app of the ops side alone, two branches with a customer each, and ways in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from core.access import keys
from core.context import App
from gateway.admin import routes as ops
from gateway.app_keys import APP
from tests.gateway.world import Customer, a_branch, a_customer

Client = TestClient[web.Request, web.Application]
Serve = Callable[[web.Application], Awaitable[Client]]


def ops_app(app: App) -> web.Application:
    web_app = web.Application()
    web_app[APP] = app
    ops.setup(web_app)
    web_app.add_routes(ops.routes())
    return web_app


@dataclass
class World:
    """What there is, and how machines ask for it."""

    client: Client
    app: App
    nakuru: Customer
    kisumu: Customer
    admin_key: str
    nakuru_key: str

    async def get(self, path: str, key: str | None = None, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {key or self.admin_key}"}
        return await self.client.get(path, headers=headers, **options)

    async def send(self, method: str, path: str, key: str | None = None, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {key or self.admin_key}", **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)


@pytest.fixture
async def world(app: App, aiohttp_client: Serve) -> AsyncIterator[World]:
    async with app.db.writing() as conn:
        first, second = await a_branch(conn, app, "nakuru"), await a_branch(conn, app, "kisumu")
        nakuru = await a_customer(conn, app, first, number="10000017", name="Wanjiru Kamau")
        kisumu = await a_customer(conn, app, second, number="10000025", name="Achieng Otieno", paid=128_555)
        admin_key = await keys.create_key(conn, app, "admin")
        nakuru_key = await keys.create_key(conn, app, "partner", branch="nakuru")
    client = await aiohttp_client(ops_app(app))
    yield World(client, app, nakuru, kisumu, admin_key, nakuru_key)
