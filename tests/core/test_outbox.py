"""The outbox: one row an event, no row to two workers, back-off, dead letters and replay."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from core import outbox
from core.clock import SetClock
from core.house import House
from core.outbox import Outcome


async def _put(house: House, *keys: str, priority: int = outbox.NOTICE) -> list[bool]:
    async with house.db.writing() as conn:
        return [
            await outbox.enqueue(conn, house, key=key, kind="notice", template="notice.ready", priority=priority)
            for key in keys
        ]


async def _claim(house: House, limit: int = 100, worker: str = "w") -> list[outbox.Leaving]:
    async with house.db.writing() as conn:
        return await outbox.claim(conn, house.clock.now(), worker, limit)


async def _settle(house: House, *outcomes: Outcome) -> None:
    async with house.db.writing() as conn:
        await outbox.settle(conn, house.clock.now(), outcomes)


async def test_the_same_event_leaves_once(house: House) -> None:
    assert await _put(house, "ready:1", "ready:1", "ready:2") == [True, False, True]
    assert [row.key for row in await _claim(house)] == ["ready:1", "ready:2"]


async def test_codes_leave_before_campaigns(house: House) -> None:
    await _put(house, "campaign", priority=outbox.CAMPAIGN)
    await _put(house, "code", priority=outbox.CODE)
    assert [row.key for row in await _claim(house)] == ["code", "campaign"]


async def test_two_workers_never_get_the_same_row(house: House) -> None:
    await _put(house, *(f"n{number}" for number in range(100)))
    batches = await asyncio.gather(*(_claim(house, 10, f"w{worker}") for worker in range(8)))
    keys = [row.key for batch in batches for row in batch]
    assert len(keys) == len(set(keys)) == 80


async def test_a_dead_workers_claim_runs_out(house: House, clock: SetClock) -> None:
    await _put(house, "n1")
    assert len(await _claim(house)) == 1
    assert await _claim(house) == []
    clock.forward(outbox.LEASE + timedelta(seconds=1))
    assert [(row.key, row.attempts) for row in await _claim(house)] == [("n1", 2)]


async def test_trying_again_backs_off_and_ends_as_a_dead_letter_that_can_be_replayed(
    house: House, clock: SetClock
) -> None:
    await _put(house, "n1")
    for _ in range(len(outbox.BACK_OFF_SECONDS) + 1):
        [row] = await _claim(house)
        await _settle(house, Outcome(row.id, "waiting", reason="provider is down", attempts=row.attempts))
        assert await _claim(house) == []
        clock.forward(timedelta(days=1))
    async with house.db.writing() as conn:
        state = (await conn.execute(select(outbox.outbox.c.state, outbox.outbox.c.reason))).one()
        assert tuple(state) == ("dead", "provider is down")
        assert await outbox.replay(conn, clock.now(), [row.id]) == 1
    assert [row.attempts for row in await _claim(house)] == [1]
