"""kill -9 at any point of feeding and sending a campaign: nobody is lost, nobody is chosen twice, and nobody hears it twice.

Marketing is at most once: what was in a provider's hands when the sender died is listed as `unknown` and never sent again. The provider
counts what arrived, by recipient.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select

from core.campaigns import store
from core.campaigns.model import Campaign, Segment
from core.campaigns.tables import campaign, campaign_member
from core.context import App
from core.db import bulk
from core.outbox import queue
from core.parties.tables import contact
from tests.faults.campaign_lives import LANES
from tests.faults.nursery import Nursery, nursery

PLACES = ("campaign.feeding", "campaign.fed", "dispatch.claimed", "dispatch.sent", "dispatch.settled")
COLUMNS = ("id", "channel", "channel_user", "phone", "language", "marketing", "created_at")


class Provider:
    """Counts what arrived, by key."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()

    async def take(self, request: web.Request) -> web.Response:
        self.got.update(key for key, _, _ in (await request.json())["messages"])
        return web.Response()


@asynccontextmanager
async def lives(url: str, provider: Provider, *, batch: int, wave: int) -> AsyncIterator["Lives"]:
    """Somebody who begins one life after the other."""
    web_app = web.Application(client_max_size=2**24)
    web_app.router.add_post("/", provider.take)
    async with TestServer(web_app) as server, nursery("tests.faults.campaign_lives:live") as children:
        yield Lives(children, {"db": url, "provider": str(server.make_url("/")), "batch": batch, "wave": wave})


class Lives:
    """How one life after the other ended."""

    def __init__(self, children: Nursery, said: dict[str, Any]) -> None:
        self.children, self.said, self.number, self.kills = children, said, 0, 0

    async def one(self, fault: str = "", seconds: float = 0) -> int:
        child = await self.children.begin(self.said | {"minutes": 2 * self.number}, fault)
        if seconds:
            await asyncio.sleep(seconds)
            await child.kill()
        code = await child.wait()
        self.number, self.kills = self.number + 1, self.kills + (code == -signal.SIGKILL)
        return code

    @property
    def in_flight(self) -> int:
        """The most that may have been in the hands of a provider when one was killed."""
        return self.kills * LANES * int(self.said["wave"])


async def plan(app: App, size: int) -> Campaign:
    now = app.clock.now()
    rows = [
        (number, "phone", f"+2547{number:08}", f"+2547{number:08}", "en", True, now) for number in range(1, size + 1)
    ]
    async with app.db.writing() as conn:
        await bulk.insert_many(conn, contact, COLUMNS, rows)
        return await store.plan(
            conn,
            app,
            name="tea",
            texts={"en": "Tea A"},
            texts_b={"en": "Tea B"},
            segment=Segment(),
            holdout_percent=10,
            actor="user:ann",
        )


async def judge(app: App, made: Campaign, size: int, got: Counter[str], run: "Lives") -> Counter[str]:
    """Every rule there is; how many rows ended in each state."""
    async with app.db.reading() as conn:
        members = select(campaign_member.c.contact_id, campaign_member.c.arm)
        arms = dict(tuple(row) for row in await conn.execute(members))
        states = dict(tuple(row) for row in await conn.execute(select(queue.outbox.c.key, queue.outbox.c.state)))
        ended = (await conn.execute(select(campaign.c.state, campaign.c.chosen))).one()
        assert (await conn.execute(select(func.count()).select_from(campaign_member))).scalar_one() == size
    told = {f"campaign:{made.id}:{one}" for one, arm in arms.items() if arm != "none"}
    assert tuple(ended) == ("done", size)
    assert {one: made.arm(one) for one in arms} == arms, "somebody was chosen for another wording"
    assert states.keys() == told, "somebody was lost, or one who was left out was chosen"
    assert set(states.values()) <= {"sent", "unknown", "dead"}
    assert got.keys() <= told, "one who was left out was written to"
    assert all(count == 1 for count in got.values()), "somebody heard it twice"
    assert all(got[key] == 1 for key, state in states.items() if state == "sent"), "what is sent never arrived"
    counts = Counter(states.values())
    assert counts["unknown"] <= run.in_flight, "more is unknown than was in flight"
    assert counts["dead"] <= run.kills // queue.CRASHES, "one was laid aside without as many deaths"
    assert not any(got[key] for key, state in states.items() if state == "dead"), "one laid aside was sent"
    return counts


async def test_a_campaign_whose_feeder_and_sender_are_killed_reaches_each_once_or_lists_them(
    app: App, db_url: str
) -> None:
    size, provider = 300, Provider()
    made = await plan(app, size)
    async with lives(db_url, provider, batch=50, wave=10) as run:
        for place in PLACES:
            assert await run.one(f"{place}:{random.randrange(1, 3)}") == -9
        assert await run.one() == 0
    await judge(app, made, size, provider.got, run)


@pytest.mark.soak
@pytest.mark.parametrize("size", [int(os.environ.get("HODI_CAMPAIGN", "50000"))])
async def test_a_large_campaign_killed_at_random_moments(size: int, app: App, db_url: str) -> None:
    seed, provider, began = random.randrange(10**6), Provider(), time.perf_counter()
    made, dice = await plan(app, size), random.Random(seed)
    async with lives(db_url, provider, batch=500, wave=100) as run:
        while run.kills < 10:
            await run.one(f"{dice.choice(PLACES)}:{dice.randrange(1, max(3, size // 2_500))}")
        while run.kills < 20:
            await run.one(seconds=dice.uniform(0.05, 1.5))
        assert await run.one() == 0
    counts = await judge(app, made, size, provider.got, run)
    lost = counts["unknown"] - sum(provider.got[key] for key in provider.got) + counts["sent"]
    print(
        f"seed {seed}: {size} people, {run.kills} kills of {run.number} lives, {time.perf_counter() - began:.0f} s on "
        f"{app.db.kind}: {dict(counts)}, never handed over and listed: {lost}"
    )
