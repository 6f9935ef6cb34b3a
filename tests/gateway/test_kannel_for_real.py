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
from core.context import House
from core.db.engine import Database
from core.outbox.queue import outbox
from core.summary.reader import open_quick
from gateway.app_keys import CHANNELS, HOUSE, TURNS
from gateway.conversation.sessions import EmbeddedStore
from gateway.conversation.turn import Turns
from gateway.embedded_scheduler import dispatcher_of
from gateway.hooks import channels
from gateway.hooks.spooling import open_spool
from tests.gateway.kannel import free_ports, must_be_here, running
from tests.gateway.open_doors import SECRET, nobody
from tests.gateway.talking import a_customer


async def states(house: House) -> list[str]:
    async with house.db.reading() as conn:
        return list((await conn.execute(select(outbox.c.state).order_by(outbox.c.id))).scalars())


async def until(house: House, expected: list[str]) -> None:
    for _ in range(200):
        if await states(house) == expected:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{await states(house)} is not {expected}")


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
        house = House(sqlite_db, clock, operator, settings)
        await a_customer(house, phone="+254700000004")
        rows = open_rows(Tools(settings, http, nobody))
        app, quick, sessions = web.Application(), open_quick(house.db), EmbeddedStore(tmp_path / "sessions.db")
        app[HOUSE], app[CHANNELS], app[TURNS] = house, senders(rows), Turns(house, sessions, quick)
        app.add_routes(channels.routes(rows.values()))
        async with open_spool(app, tmp_path / "spool").drained():
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            handset = await kannel.handset("+254700000004 20880 text BAL")
            await until(house, ["waiting"])
            await dispatcher_of(house, app[CHANNELS]).drain()
            got = await handset.got()
            assert "+254700000004" in got
            assert "Account 1001" in got
            await until(house, ["delivered"])
            await runner.cleanup()
        await quick.close()
        await sessions.close()
