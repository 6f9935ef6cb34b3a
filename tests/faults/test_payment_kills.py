"""kill -9 at every place where a payment can be torn in two: what the provider took is in our books once, and everybody is told once.

Each round brings three new customers (a push, a link, a mandate), a process armed to die at one place, and no repair but the next
process. In the end the provider's own books are the judge.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from asyncio.subprocess import Process
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select

from core.config import Settings
from core.db import Database
from core.house import House
from core.ledger.tables import open_item
from core.outbox import outbox
from core.payments import mandates, request
from core.payments.model import LIVE
from core.payments.tables import attempt, collection, provider_event, receipt
from gateway import sandbox
from tests.core.payments.made import a_bill, an_account, cash, proven
from tests.faults.payment_story import HurryingClock, house_of
from tests.ports import free_port

PLACES = (
    "payments.sent", "payments.pushed", "payments.kept", "payments.received", "payments.allocated", "payments.done",
    "payments.redirect_written", "payments.redirect_made", "payments.debit_written", "payments.debited",
)  # fmt: skip
DUE = date(2026, 3, 20)


@dataclass(slots=True)
class Story:
    """What the test holds in its hands."""

    house: House
    url: str
    port: int
    began: float
    environment: dict[str, str]
    http: aiohttp.ClientSession
    asking: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    async def three_more(self) -> None:
        """One who asks for a push, one who has a link, one with a mandate."""
        async with self.house.db.writing() as conn:
            for kind in ("push", "link", "mandate"):
                account_id = await an_account(conn, self.house, f"{kind}{self.house.ids.take()}")
                bill = await a_bill(conn, self.house, account_id, 120_000, due_on=DUE)
                if kind == "push":
                    self.asking.append(account_id)
                elif kind == "link":
                    made = await request.paylink(
                        conn, self.house, account_id, invoice_id=bill.invoice_id, key=f"story:{account_id}"
                    )
                    self.tokens.append(made.token)
                else:
                    reference = await mandates.create(conn, self.house, account_id, masked="****", actor="job:test")
                    await mandates.activate(conn, self.house, reference, actor="job:test")
                    await mandates.plan_collections(conn, self.house, [bill])

    async def begin(self, fault: str) -> Process:
        """The process that works, armed to die at `fault`."""
        said = {
            "db": self.house.db.url.render_as_string(hide_password=False), "port": self.port, "began": self.began,
            "push": self.asking, "spool": str(Path(tempfile.gettempdir()) / f"hodi-spool-{self.port}"),
        }  # fmt: skip
        environment = {**os.environ, **self.environment, "HODI_FAULT": fault}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.payment_story", json.dumps(said), env=environment
        )

    async def browse(self, process: Process) -> None:
        """Those with a link press its button and pay at the provider's page, while the process lives."""
        while process.returncode is None:
            for token in self.tokens:
                try:
                    async with self.http.post(f"{self.url}/p/{token}", allow_redirects=False) as response:
                        page = response.headers.get("Location")
                    if page:
                        async with self.http.post(page, data={"decision": "pay"}, allow_redirects=False):
                            pass
                except aiohttp.ClientError:
                    pass
            await asyncio.sleep(0.2)

    async def settled(self) -> bool:
        """Whether nothing is under way any more."""
        async with self.house.db.reading() as conn:
            live = select(func.count()).select_from(attempt).where(attempt.c.state.in_(LIVE))
            waiting = select(func.count()).select_from(provider_event).where(provider_event.c.state == "waiting")
            planned = select(func.count()).select_from(collection).where(collection.c.state.in_(("planned", "asked")))
            links = (
                select(func.count())
                .select_from(attempt)
                .where(attempt.c.method == "card", attempt.c.state == "succeeded")
            )
            counts = [(await conn.execute(query)).scalar_one() for query in (live, waiting, planned)]
            return not any(counts) and (await conn.execute(links)).scalar_one() == len(self.tokens)


async def _killed(story: Story, place: str) -> None:
    await story.three_more()
    process = await story.begin(f"{place}:1")
    await asyncio.wait_for(asyncio.gather(process.wait(), story.browse(process)), 60)
    assert process.returncode == -signal.SIGKILL, place


async def _finished(story: Story) -> None:
    process = await story.begin("")
    browsing = asyncio.create_task(story.browse(process))
    try:
        async with asyncio.timeout(90):
            while not await story.settled():  # noqa: ASYNC110 - another process settles it
                await asyncio.sleep(0.3)
    finally:
        process.kill()
        await process.wait()
        await browsing


async def _judged(story: Story, truth: sandbox.Service) -> None:
    paid = [payment for payment in truth.books.all() if payment.state == "succeeded"]
    assert len({payment.reference for payment in paid}) == len(paid), "nobody was charged twice"
    assert await cash(story.house, "sandbox") == sum(payment.amount_minor for payment in paid)
    async with story.house.db.reading() as conn:
        kept = set((await conn.execute(select(receipt.c.provider_txn))).scalars())
        templates = (await conn.execute(select(outbox.c.template))).scalars().all()
        unpaid = (await conn.execute(select(open_item.c.account_id).where(open_item.c.open_minor > 0))).scalars().all()
        sorry = (await conn.execute(select(outbox.c.account_id).where(outbox.c.template == "notice.failed"))).scalars()
        assert kept == {payment.txn for payment in paid}, "what the provider took is what we have"
        assert templates.count("notice.thanks") == len(paid)
        assert set(unpaid) == set(sorry), "who has not paid was told, and nobody else"
    assert set(unpaid) <= set(story.asking), "links and mandates come right by themselves"
    await proven(story.house)


async def test_killed_between_a_callback_and_its_thanks_nothing_is_lost_or_doubled(db: Database) -> None:
    await _told(db, ("payments.pushed", "payments.received", "payments.allocated"))


@pytest.mark.soak
async def test_killed_at_every_place_in_turn_nothing_is_lost_or_doubled(db: Database) -> None:
    await _told(db, PLACES)


async def _told(db: Database, places: tuple[str, ...]) -> None:
    began, port = time.time(), free_port()
    clock = HurryingClock(began)
    app = sandbox.make_app("test-sandbox-secret-of-some-length", clock=clock, prompt_seconds=0.05)
    async with TestServer(app) as server, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        url = f"http://127.0.0.1:{port}"
        environment = {
            "HODI_PUBLIC_URL": url, "HODI_HOOK_SECRET": "test-hook-secret",
            "HODI_SANDBOX_SECRET": "test-sandbox-secret-of-some-length",
            "HODI_SANDBOX_BASE_URL": str(server.make_url("")).rstrip("/"),
        }  # fmt: skip
        settings = Settings.model_validate({key[5:].lower(): value for key, value in environment.items()})
        story = Story(house_of(db, began, settings), url, port, began, environment, http)
        for place in places:
            await _killed(story, place)
        await _finished(story)
        await _judged(story, app[sandbox.SERVICE])
