"""kill -9 of the dispatcher at any point: nothing is lost, and nothing is said twice beyond the stated rule.

The rule (scheduler/dispatch.py): what may leave twice is sent again, at most the waves in flight at each kill; what must not is sent
at most once, and where it may or may not be out it is listed as `unknown`. The provider counts by recipient.
"""

import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import insert, select

from core.context import App
from core.outbox import queue
from core.parties.tables import contact
from tests.faults.nursery import nursery

EACH, WAVE, LANES = 40, 5, 2


class Provider:
    """Counts what arrived, by key."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()

    async def take(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.got[str(form["key"])] += 1
        return web.Response(text=f"ref-{form['key']}-{self.got[str(form['key'])]}")


@pytest.fixture
async def provider() -> AsyncIterator[tuple[Provider, str]]:
    taken = Provider()
    web_app = web.Application()
    web_app.router.add_post("/", taken.take)
    async with TestServer(web_app) as server:
        yield taken, str(server.make_url("/"))


async def _fill(app: App) -> None:
    async with app.db.writing() as conn:
        for number in range(2 * EACH):
            contact_id, now = app.ids.take(), app.clock.now()
            await conn.execute(
                insert(contact).values(
                    id=contact_id,
                    channel="phone",
                    channel_user=f"+2547{number:08}",
                    language="en",
                    marketing=True,
                    created_at=now,
                )
            )
            twice = number % 2 == 0
            await queue.enqueue(
                conn,
                app,
                key=f"{'notice' if twice else 'campaign'}:{number}",
                kind="notice",
                template="reply.text",
                params={"text": "x"},
                contact_id=contact_id,
                resend_unknown=twice,
            )


async def _live(url: str, provider: str, minutes: int, *, fault: str = "") -> int:
    """One life of a dispatcher; its exit code (-9: it was killed)."""
    async with nursery("tests.faults.dispatch_instance:live") as children:
        return await (await children.begin({"db": url, "provider": provider, "minutes": minutes}, fault)).wait()


async def _states(app: App) -> dict[str, str]:
    async with app.db.reading() as conn:
        return {row.key: row.state for row in await conn.execute(select(queue.outbox.c.key, queue.outbox.c.state))}


def _judge(got: Counter[str], states: dict[str, str], kills: int) -> None:
    in_flight = kills * LANES * WAVE
    statutory = [key for key in states if key.startswith("notice")]
    assert {states[key] for key in statutory} == {"sent"}
    assert all(got[key] >= 1 for key in statutory), "a statutory notice was lost"
    assert sum(got[key] - 1 for key in statutory) <= in_flight, "more was repeated than was in flight"
    marketing = [key for key in states if key.startswith("campaign")]
    assert {states[key] for key in marketing} <= {"sent", "unknown"}
    assert all(got[key] <= 1 for key in marketing), "a campaign was repeated"
    unknown = [key for key in marketing if states[key] == "unknown"]
    assert all(got[key] == 1 for key in marketing if states[key] == "sent"), "what is sent was never there"
    assert len(unknown) <= in_flight, "more is unknown than was in flight"


@pytest.mark.parametrize("fault", ["dispatch.claimed:1", "dispatch.sent:6", "dispatch.settled:3"])
async def test_a_killed_dispatcher_loses_nothing_and_repeats_only_what_it_may(
    fault: str, app: App, db_url: str, provider: tuple[Provider, str]
) -> None:
    await _fill(app)
    taken, address = provider
    assert await _live(db_url, address, 0, fault=fault) == -9
    assert await _live(db_url, address, 60) == 0
    _judge(taken.got, await _states(app), 1)


@pytest.mark.soak
async def test_random_kills_lose_nothing_and_repeat_only_what_they_may(
    app: App, db_url: str, provider: tuple[Provider, str]
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    await _fill(app)
    taken, address = provider
    places, dice = ("dispatch.claimed", "dispatch.sent", "dispatch.settled"), random.Random(seed)
    kills = 0
    for life in range(2):
        code = await _live(db_url, address, 10 * life, fault=f"{dice.choice(places)}:{dice.randrange(2, 9)}")
        kills += code == -9
    assert await _live(db_url, address, 90) == 0
    _judge(taken.got, await _states(app), kills)
