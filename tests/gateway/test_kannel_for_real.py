"""Kannel itself, not a double: a handset's SMS reaches a conversation, the answer reaches the handset, and its report finds back."""

import asyncio
from pathlib import Path

import aiohttp
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import select

from channels.contract import Tools
from channels.registry import open_rows, senders
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.summary.reader import open_quick
from gateway.app_keys import APP, CHANNELS, TURNS
from gateway.conversation.sessions import EmbeddedStore
from gateway.conversation.turn import Turns
from gateway.embedded_scheduler import dispatcher_of
from gateway.hooks import channels
from gateway.hooks.spooling import open_spool
from tests.gateway.kannel import free_ports, must_be_here, running
from tests.gateway.open_doors import SECRET, nobody
from tests.gateway.talking import a_customer


async def states(app: App) -> list[str]:
    async with app.db.reading() as conn:
        return list((await conn.execute(select(outbox.c.state).order_by(outbox.c.id))).scalars())


async def until(app: App, expected: list[str]) -> None:
    for _ in range(200):
        if await states(app) == expected:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{await states(app)} is not {expected}")


async def test_a_handset_talks_to_us_through_kannel_and_the_report_finds_back(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> None:
    must_be_here()
    [port] = free_ports(1)
    hooks = f"http://127.0.0.1:{port}"
    async with running(tmp_path, f"{hooks}/hooks/kannel/{SECRET}") as kannel, aiohttp.ClientSession() as http:
        settings = settings.model_copy(
            update={
                "public_url": hooks,
                "kannel_username": "hodi",
                "kannel_password": SecretStr("hodipw"),
                "kannel_base_url": f"http://127.0.0.1:{kannel.sendsms}",
            }
        )
        app = App(clock, operator, sqlite_db, settings, follow)
        await a_customer(app, phone="+254700000004")
        rows = open_rows(Tools(settings, http, nobody))
        web_app, quick, sessions = web.Application(), open_quick(app.db), EmbeddedStore(tmp_path / "sessions.db")
        web_app[APP], web_app[CHANNELS], web_app[TURNS] = app, senders(rows), Turns(app, sessions, quick)
        web_app.add_routes(channels.routes(rows.values()))
        async with open_spool(web_app, tmp_path / "spool").drained():
            runner = web.AppRunner(web_app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            handset = await kannel.handset("+254700000004 20880 text BAL")
            await until(app, ["waiting"])
            await dispatcher_of(app, web_app[CHANNELS]).drain()
            got = await handset.got()
            assert "+254700000004" in got
            assert "Account 1001" in got
            await until(app, ["delivered"])
            await runner.cleanup()
        await quick.close()
        await sessions.close()
