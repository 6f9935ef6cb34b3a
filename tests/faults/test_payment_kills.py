"""kill -9 at every place where a payment can be torn in two: what the provider took is in our books once, and everybody is told once.

Each round brings new customers (a push, a link, a mandate, a refund), a process armed to die at one place, and no repair but the next
process. In the end the provider's own books are the judge.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.config.operator import Settings
from core.context import App
from core.db.engine import Database
from core.journeys import money_received
from core.ledger import queries as ledger
from core.ledger import verify
from core.ledger.tables import open_item
from core.outbox.queue import outbox
from core.payments import mandates, receive, refunds, request
from core.payments.model import LIVE, ReceiptIn
from core.payments.tables import attempt, collection, provider_event, receipt, refund
from gateway.sandbox import app as sandbox
from tests.core.payments.made import a_bill, an_account, cash, proven
from tests.faults.nursery import Child, Nursery, nursery
from tests.faults.payment_story import HurryingClock, house_of
from tests.ports import free_port

PLACES = (
    "payments.sent", "payments.pushed", "payments.kept", "payments.received", "payments.allocated", "payments.done",
    "payments.redirect_written", "payments.redirect_made", "payments.debit_written", "payments.debited",
    "payments.refund_written", "payments.refund_sent",
)  # fmt: skip
DUE = date(2026, 3, 20)
MINOR, AT_ONCE = 120_000, 8
KILLS = int(os.environ.get("HODI_KILLS", "100"))


@dataclass(slots=True)
class Story:
    """What the test holds in its hands."""

    app: App
    url: str
    said: dict[str, object]
    environment: dict[str, str]
    http: aiohttp.ClientSession
    nursery: Nursery
    asking: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    over: set[str] = field(default_factory=set)
    """Links that are paid."""
    given: list[int] = field(default_factory=list)
    """Accounts that are given back what they had paid."""

    async def four_more(self) -> None:
        """One who asks for a push, one who has a link, one with a mandate, one who is given back what they had paid."""
        async with self.app.db.writing() as conn:
            for kind in ("push", "link", "mandate", "refund"):
                number = f"{kind}{self.app.ids.take()}"
                account_id = await an_account(conn, self.app, number)
                bill = await a_bill(conn, self.app, account_id, MINOR, due_on=DUE)
                if kind == "push":
                    self.asking.append(account_id)
                elif kind == "link":
                    key = f"story:{account_id}"
                    made = await request.paylink(conn, self.app, account_id, invoice_id=bill.invoice_id, key=key)
                    self.tokens.append(made.token)
                elif kind == "mandate":
                    reference = await mandates.create(conn, self.app, account_id, masked="****", actor="job:test")
                    await mandates.activate(conn, self.app, reference, actor="job:test")
                    await mandates.plan_collections(conn, self.app, [bill])
                else:
                    await self._given_back(conn, account_id, number)

    async def _given_back(self, conn: AsyncConnection, account_id: int, number: str) -> None:
        got = ReceiptIn("sandbox", number, "card", MINOR, "KES", self.app.clock.now(), reference=number)
        taken = await receive.apply(conn, self.app, got)
        await money_received.received(conn, self.app, taken.receipt_id)
        await refunds.ask(
            conn, self.app, taken.receipt_id, amount_minor=MINOR, reason="moved away", actor="user:a", key=number
        )
        self.given.append(account_id)

    async def begin(self, fault: str) -> Child:
        """The process that works, armed to die at `fault`. Who has been asking for long is asked again only by the last."""
        return await self.nursery.begin(self.said | {"push": self.asking[-4:]}, fault, self.environment)

    async def finish(self) -> Child:
        """The process that is not killed; some who ask may never have been heard."""
        return await self.nursery.begin(self.said | {"push": self.asking}, "", self.environment)

    async def browse(self, child: Child) -> None:
        """Those with a link press its button and pay at the provider's page, while the process lives."""
        while child.alive:
            links = [one for one in self.tokens if one not in self.over]
            await asyncio.gather(*(self._press(one) for one in random.sample(links, min(AT_ONCE, len(links)))))
            await asyncio.sleep(0.1)

    async def _press(self, token: str) -> None:
        try:
            async with self.http.post(f"{self.url}/p/{token}", allow_redirects=False) as response:
                page = response.headers.get("Location")
            if response.status == 410:
                self.over.add(token)
            if page:
                async with self.http.post(page, data={"decision": "pay"}, allow_redirects=False):
                    pass
        except aiohttp.ClientError:
            pass

    async def settled(self) -> bool:
        """Whether nothing is under way any more."""
        async with self.app.db.reading() as conn:
            live = select(func.count()).select_from(attempt).where(attempt.c.state.in_(LIVE))
            waiting = select(func.count()).select_from(provider_event).where(provider_event.c.state == "waiting")
            planned = select(func.count()).select_from(collection).where(collection.c.state.in_(("planned", "asked")))
            leaving = select(func.count()).select_from(outbox).where(outbox.c.state.in_(("waiting", "claimed")))
            links = (
                select(func.count())
                .select_from(attempt)
                .where(attempt.c.method == "card", attempt.c.state == "succeeded")
            )
            counts = [(await conn.execute(query)).scalar_one() for query in (live, waiting, planned, leaving)]
            return not any(counts) and (await conn.execute(links)).scalar_one() == len(self.tokens)


async def _killed_at(story: Story, place: str, *, must: bool = True) -> None:
    """The place of the process that works is reached, and it dies there; unless it `must`, it dies after a while wherever it is."""
    await story.four_more()
    child = await story.begin(place)
    try:
        await asyncio.wait_for(asyncio.gather(child.wait(), story.browse(child)), 60 if must else 20)
    except TimeoutError:
        await child.kill()
        assert not must, f"nothing comes to {place} any more"
    assert await child.wait() == -signal.SIGKILL, place


async def _killed_some_time(story: Story, seconds: float) -> None:
    """It dies wherever it happens to be."""
    await story.four_more()
    child = await story.begin("")
    browsing = asyncio.create_task(story.browse(child))
    await asyncio.sleep(seconds)
    await child.kill()
    await browsing


async def _finished(story: Story, seconds: float = 90) -> None:
    child = await story.finish()
    browsing = asyncio.create_task(story.browse(child))
    try:
        async with asyncio.timeout(seconds):
            while not await story.settled():  # noqa: ASYNC110 - another process settles it
                await asyncio.sleep(0.1)
    finally:
        await child.kill()
        await browsing


async def _judged(story: Story, truth: sandbox.Service) -> None:
    every = [payment for payment in truth.books.all() if payment.state == "succeeded"]
    paid = [payment for payment in every if payment.method != "refund"]
    back = [payment for payment in every if payment.method == "refund"]
    for them in (paid, back):
        assert max(Counter(payment.reference for payment in them).values(), default=1) == 1, "nobody was charged twice"
    given = len(story.given) * MINOR
    minor = sum(payment.amount_minor for payment in paid) - sum(payment.amount_minor for payment in back)
    assert await cash(story.app, "sandbox") == given + minor
    async with story.app.db.reading() as conn:
        kept = set(
            (await conn.execute(select(receipt.c.provider_txn).where(receipt.c.attempt_id.is_not(None)))).scalars()
        )
        templates = Counter((await conn.execute(select(outbox.c.template))).scalars())
        owing = select(open_item.c.account_id).where(open_item.c.open_minor > 0)
        unpaid = set((await conn.execute(owing)).scalars())
        sorry = set(
            (await conn.execute(select(outbox.c.account_id).where(outbox.c.template == "notice.failed"))).scalars()
        )
        done = set((await conn.execute(select(refund.c.id).where(refund.c.state == "done"))).scalars())
        failed = set((await conn.execute(select(refund.c.account_id).where(refund.c.state == "failed"))).scalars())
        assert await ledger.balance(conn, "refunds", 0, "KES") == 0, "no refund hangs in the air"
        assert await verify.problems(conn) == []
    assert kept == {payment.txn for payment in paid}, "what the provider took is what we have"
    assert templates["notice.thanks"] == len(paid) + len(story.given)
    assert {f"refund:{one}" for one in done} == {payment.key for payment in back}, "what it gave back is what we say"
    assert unpaid & set(story.given) == set(story.given) - failed, "money that went back opened its bill"
    assert unpaid - set(story.given) == sorry, "who has not paid was told, and nobody else"
    assert sorry <= set(story.asking), "links and mandates come right by themselves"
    await proven(story.app)


async def test_killed_between_a_callback_and_its_thanks_nothing_is_lost_or_doubled(
    db: Database, tmp_path: Path
) -> None:
    await _told(db, tmp_path, ("payments.pushed", "payments.received", "payments.refund_sent"))


@pytest.mark.soak
async def test_killed_at_every_place_in_turn_nothing_is_lost_or_doubled(db: Database, tmp_path: Path) -> None:
    await _told(db, tmp_path, PLACES)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [11])
async def test_killed_again_and_again_at_any_place_and_any_time_nothing_is_lost_or_doubled(
    db: Database, tmp_path: Path, seed: int
) -> None:
    """HODI_KILLS of them, half at a place and half at a moment."""
    rng = random.Random(seed)
    await _told(db, tmp_path, [rng.choice((rng.choice(PLACES), rng.random() * 1.5)) for _ in range(KILLS)], must=False)


async def _told(db: Database, folder: Path, kills: Sequence[str | float], *, must: bool = True) -> None:
    began, port = time.time(), free_port()
    clock = HurryingClock(began)
    web_app = sandbox.make_app("test-sandbox-secret-of-some-length", clock=clock, prompt_seconds=0.05)
    async with (
        TestServer(web_app) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        nursery("tests.faults.payment_story:live") as children,
    ):
        url = f"http://127.0.0.1:{port}"
        environment = {
            "HODI_PUBLIC_URL": url,
            "HODI_HOOK_SECRET": "test-hook-secret",
            "HODI_SANDBOX_SECRET": "test-sandbox-secret-of-some-length",
            "HODI_SANDBOX_BASE_URL": str(server.make_url("")).rstrip("/"),
        }
        settings = Settings.model_validate({key[5:].lower(): value for key, value in environment.items()})
        said = {
            "db": db.url.render_as_string(hide_password=False),
            "port": port,
            "began": began,
            "spool": str(folder / "spool"),
        }
        story = Story(house_of(db, began, settings), url, said, environment, http, children)
        for kill in kills:
            await (_killed_at(story, kill, must=must) if isinstance(kill, str) else _killed_some_time(story, kill))
        await _finished(story, 90 + len(kills))
        await _judged(story, web_app[sandbox.SERVICE])
