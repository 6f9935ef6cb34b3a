"""The outbox: one row an event, no row to two workers, back-off, dead letters and replay."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from core.clock import SetClock
from core.context import App
from core.outbox import queue
from core.outbox.queue import Outcome
from core.overview import dead_letters


async def _put(app: App, *keys: str, priority: int = queue.NOTICE) -> list[bool]:
    async with app.db.writing() as conn:
        return [
            await queue.enqueue(conn, app, key=key, kind="notice", template="notice.ready", priority=priority)
            for key in keys
        ]


async def _claim(app: App, limit: int = 100, worker: str = "w") -> list[queue.OutboxRow]:
    async with app.db.writing() as conn:
        return await queue.claim(conn, app.clock.now(), worker, limit)


async def _settle(app: App, *outcomes: Outcome) -> None:
    async with app.db.writing() as conn:
        await queue.settle(conn, app.clock.now(), outcomes)


async def test_the_same_event_leaves_once(app: App) -> None:
    assert await _put(app, "ready:1", "ready:1", "ready:2") == [True, False, True]
    assert [row.key for row in await _claim(app)] == ["ready:1", "ready:2"]


async def test_codes_leave_before_campaigns(app: App) -> None:
    await _put(app, "campaign", priority=queue.CAMPAIGN)
    await _put(app, "code", priority=queue.CODE)
    assert [row.key for row in await _claim(app)] == ["code", "campaign"]


async def test_two_workers_never_get_the_same_row(app: App) -> None:
    await _put(app, *(f"n{number}" for number in range(100)))
    batches = await asyncio.gather(*(_claim(app, 10, f"w{worker}") for worker in range(8)))
    keys = [row.key for batch in batches for row in batch]
    assert len(keys) == len(set(keys)) == 80


async def _take_up(app: App, worker: str = "w2") -> list[queue.OutboxRow]:
    async with app.db.writing() as conn:
        return await queue.take_up(conn, app.clock.now(), worker)


async def _states(app: App) -> list[tuple[str, str | None]]:
    async with app.db.reading() as conn:
        rows = await conn.execute(select(queue.outbox.c.state, queue.outbox.c.reason).order_by(queue.outbox.c.id))
        return [(row.state, row.reason) for row in rows]


async def test_a_dead_workers_claim_runs_out_and_is_taken_up_one_by_one(app: App, clock: SetClock) -> None:
    await _put(app, "n1", "n2")
    assert len(await _claim(app)) == 2
    assert await _take_up(app) == []
    clock.forward(queue.LEASE + timedelta(seconds=1))
    assert [(row.key, row.attempts) for row in await _take_up(app)] == [("n1", 2)]
    assert [(row.key, row.attempts) for row in await _take_up(app)] == [("n2", 2)]
    assert await _take_up(app) == []


async def test_a_living_worker_renews_its_claim(app: App, clock: SetClock) -> None:
    await _put(app, "n1")
    await _claim(app)
    clock.forward(queue.LEASE - timedelta(seconds=1))
    async with app.db.writing() as conn:
        assert await queue.renew(conn, clock.now(), ["w"]) == 1
    clock.forward(queue.LEASE - timedelta(seconds=1))
    assert await _take_up(app) == []


async def test_what_was_leaving_when_its_worker_died_is_unknown_and_not_sent_again(app: App, clock: SetClock) -> None:
    await _put(app, "n1")
    [row] = await _claim(app)
    async with app.db.writing() as conn:
        await queue.mark(conn, [row.id])
    clock.forward(queue.LEASE + timedelta(seconds=1))
    assert await _take_up(app) == []
    assert await _states(app) == [("unknown", "left while its dispatcher died")]


async def test_a_row_that_kills_its_workers_is_laid_aside_after_three(app: App, clock: SetClock) -> None:
    await _put(app, "killer", "innocent")
    await _claim(app)
    for _ in range(queue.CRASHES - 1):
        clock.forward(queue.LEASE + timedelta(seconds=1))
        assert [row.key for row in await _take_up(app)] == ["killer"]
    clock.forward(queue.LEASE + timedelta(seconds=1))
    assert [row.key for row in await _take_up(app)] == ["innocent"]
    assert (await _states(app))[0] == ("dead", "poison: its dispatchers died")


async def test_waiting_for_a_time_counts_no_try(app: App, clock: SetClock) -> None:
    await _put(app, "n1")
    [row] = await _claim(app)
    tomorrow = clock.now() + timedelta(hours=12)
    await _settle(app, Outcome(row.id, "waiting", reason="quiet hours", not_before=tomorrow, attempts=row.attempts))
    assert await _claim(app) == []
    clock.forward(timedelta(hours=12))
    assert [row.attempts for row in await _claim(app)] == [1]


async def test_a_lost_lease_is_not_settled_by_its_former_owner(app: App, clock: SetClock) -> None:
    await _put(app, "n1")
    [row] = await _claim(app)
    clock.forward(queue.LEASE + timedelta(seconds=1))
    await _take_up(app, "w2")
    async with app.db.writing() as conn:
        await queue.settle(conn, clock.now(), [Outcome(row.id, "sent")], "w")
    assert (await _states(app))[0][0] == "claimed"


async def test_trying_again_backs_off_and_ends_as_a_dead_letter_that_can_be_replayed(app: App, clock: SetClock) -> None:
    await _put(app, "n1")
    for _ in range(len(queue.BACK_OFF_SECONDS) + 1):
        [row] = await _claim(app)
        await _settle(app, Outcome(row.id, "waiting", reason="provider is down", attempts=row.attempts))
        assert await _claim(app) == []
        clock.forward(timedelta(days=1))
    async with app.db.writing() as conn:
        state = (await conn.execute(select(queue.outbox.c.state, queue.outbox.c.reason))).one()
        assert tuple(state) == ("dead", "provider is down")
        assert await dead_letters.replay(conn, clock.now(), [row.id]) == 1
    assert [row.attempts for row in await _claim(app)] == [1]
