"""The journeys of the spine on PostgreSQL, a Redis-protocol server and two workers, from the CSV files to the thanks, through real
processes and real doors; a worker is killed between two of their turns."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from core.clock import SystemClock
from core.config.operator import Settings, read_operator
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.parties import queries as parties
from core.payments import mandates
from core.payments.tables import collection
from tests.databases import Postgres
from tests.faults.servers import SECRETS, Servers, servers, workers_of
from tests.gateway.test_sessions import Valkey, valkey

__all__ = ["valkey"]

AMINA, BARAKA = "+254711000001", "+254711000002"


@pytest.fixture
async def running(postgres_server: Postgres, valkey: Valkey, tmp_path: Path) -> AsyncIterator[Servers]:
    url = await postgres_server.fresh(tmp_path)
    async with servers(tmp_path, url, valkey.url) as them:
        yield them
    await postgres_server.drop(url)


def _files(folder: Path, opened: date, closed: date) -> None:
    """Two customers with a register each, read at the first day and at the last."""
    (folder / "customers.csv").write_text(
        "number,name,phone,bill_day,opened_on\n"
        f"A-1,Amina Otieno,{AMINA},{closed.day},{opened}\nA-2,Baraka Mwangi,{BARAKA},{closed.day},{opened}\n"
    )
    (folder / "meters.csv").write_text("serial,account,kind\nM-1,A-1,register\nM-2,A-2,register\n")
    (folder / "readings.csv").write_text(
        "meter,read_on,value\n" + "".join(f"{m},{opened},100\n{m},{closed},142\n" for m in ("M-1", "M-2"))
    )


async def _billed(running: Servers) -> None:
    """As the guide says: a folder, the files, the bills of a month that ended long enough ago for its due day to be over."""
    today = SystemClock().now().date()
    closed = today - timedelta(days=24)
    opened = closed - timedelta(days=20)
    await running.hodi("init", str(running.folder / "operator"))
    rules = running.folder / "operator" / "operator.yaml"
    rules.write_text(re.sub(r"(quiet_from|quiet_until): .*", r'\1: "00:00"', rules.read_text()))
    _files(running.folder, opened, closed)
    await running.hodi("db", "upgrade")
    for kind in ("customers", "meters", "readings"):
        await running.hodi("import", kind, str(running.folder / f"{kind}.csv"))
    await _mandate(running)
    printed = await running.hodi("bill", "--date", str(closed))
    assert "2 bills" in printed, printed
    await _due(running, today)


async def _due(running: Servers, today: date) -> None:
    """The debit is planned for the next bank day; here that day has come."""
    db = Database(running.environment["HODI_DATABASE_URL"])
    async with db.writing() as conn:
        await conn.execute(update(collection).values(collect_on=today - timedelta(days=1)))
    await db.close()


async def _mandate(running: Servers) -> None:
    """Baraka pays by mandate; his bank will say no once."""
    app = App(
        SystemClock(),
        read_operator(running.folder / "operator"),
        Database(running.environment["HODI_DATABASE_URL"]),
        Settings(),
        follow,
    )
    async with app.db.writing() as conn:
        account = await parties.account_by_number(conn, "A-2")
        assert account is not None
        reference = await mandates.create(conn, app, account.id, masked="bank ****2", actor="job:test")
        await mandates.activate(conn, app, reference, actor="provider:sandbox")
    await app.db.close()
    await running.http.post(
        f"{running.environment['HODI_SANDBOX_BASE_URL']}/v1/behave",
        json={"match": reference, "times": 1, "outcome": "failed", "reason": "declined"},
        headers={"Authorization": f"Bearer {SECRETS['HODI_SANDBOX_SECRET']}"},
    )


async def _text_to(running: Servers, phone: str, words: str) -> str:
    """The SMS with these words, once it has come; the only one."""

    def found() -> list[str]:
        return [one.what for one in running.network.inbox(phone) if words in one.what]

    await _until(lambda: _now(bool(found())), f"{phone} never got {words!r}: {running.network.inbox(phone)}")
    assert len(found()) == 1, found()
    return found()[0]


async def _now(value: bool) -> bool:
    return value


async def _until(what: Callable[[], Awaitable[bool]], words: str) -> None:
    for _ in range(600):
        if await what():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(words)


class Phone:
    """A customer's phone; each step is a connection of its own, so that either worker may take it."""

    def __init__(self, running: Servers, number: str) -> None:
        self.running, self.number, self.typed = running, number, list[str]()

    async def dial(self, *keys: str) -> str:
        screen = await self._step()
        for key in keys:
            self.typed.append(key)
            screen = await self._step()
        return screen

    async def _step(self) -> str:
        form = {
            "sessionId": f"s{self.number}",
            "phoneNumber": self.number,
            "networkCode": "63902",
            "serviceCode": "*384*100#",
            "text": "*".join(self.typed),
        }
        async with self.running.http.post(
            f"{self.running.hooks}/ussd", data=form, headers={"Connection": "close"}
        ) as said:
            assert said.status == 200
            return await said.text()


@pytest.mark.longest
async def test_two_workers_bill_hear_push_pay_and_thank_and_one_of_them_dies(running: Servers) -> None:
    await _billed(running)
    serving = await running.serve()

    ready = await _text_to(running, AMINA, "ready")
    assert "KES" in ready
    phone = Phone(running, AMINA)
    home = await phone.dial()
    assert home.startswith("CON ") and "1. Balance" in home
    for victim in workers_of(serving)[:1]:
        os.kill(victim, signal.SIGKILL)
    assert "KES" in await phone.dial("1")
    assert "Balance" in await phone.dial("00")

    pay = next(line.split(".")[0] for line in (await phone.dial()).splitlines() if "Pay" in line)
    last = await phone.dial(pay)
    while last.startswith("CON"):
        last = await phone.dial("1")
    assert last.startswith("END"), last
    await _text_to(running, AMINA, "Thank you")

    sorry = await _text_to(running, BARAKA, "Sorry")
    link = re.search(r"http://\S+/p/[\w-]{22}", sorry)
    assert link, sorry
    async with running.http.post(link.group(0)) as checkout:
        assert "checkout" in str(checkout.url)
        address = checkout.url
    async with running.http.post(address, data={"decision": "pay"}) as done:
        assert done.status == 200
    await _text_to(running, BARAKA, "Thank you")
    printed = await running.hodi("db", "verify")
    assert "true" in printed or "balance" in printed, printed
