"""One scheduler leads, another takes over when it is killed, and a job that fails is told and tried again."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.context import App
from core.db.engine import Database
from core.parties.tables import branch
from scheduler.app import Scheduler
from scheduler.jobs import JOBS, Job
from scheduler.leader import leader_for
from tests.faults.nursery import nursery


async def _tickers(db: Database) -> list[str]:
    async with db.reading() as conn:
        return list((await conn.execute(select(branch.c.name).order_by(branch.c.id))).scalars())


async def _until(db: Database, name: str) -> list[str]:
    for _ in range(600):
        if name in (names := await _tickers(db)):
            return names
        await asyncio.sleep(0.05)
    raise AssertionError(f"{name} never ticked")


async def test_only_one_leads_and_the_other_takes_over_after_kill_9(db: Database, db_url: str) -> None:
    async with nursery("tests.scheduler.instance:live") as instances:
        first = await instances.begin({"db": db_url, "name": "first"})
        await _until(db, "first")
        await instances.begin({"db": db_url, "name": "second"})
        await asyncio.sleep(1.0)
        assert set(await _tickers(db)) == {"first"}
        await first.kill()
        names = await _until(db, "second")
    assert names == sorted(names)


async def test_nobody_takes_a_lead_that_is_held_and_a_resigned_one_is_free(db: Database) -> None:
    one, other = leader_for(db), leader_for(db)
    try:
        assert [await one.try_to_lead(), await other.try_to_lead()] == [True, False]
        assert await one.still_leads()
        await one.resign()
        assert not await one.still_leads()
        assert await other.try_to_lead()
    finally:
        await one.resign()
        await other.resign()


async def test_a_job_that_fails_is_told_and_ticks_again(app: App) -> None:
    seen: list[int] = []
    enough = asyncio.Event()

    async def flaky(_house: App) -> int:
        seen.append(len(seen))
        if len(seen) == 1:
            raise RuntimeError("the first time")
        enough.set()
        return 1

    scheduler = Scheduler(app, [Job("flaky", timedelta(seconds=0.05), flaky)])
    running = asyncio.create_task(scheduler.run())
    await asyncio.wait_for(enough.wait(), 30)
    assert scheduler.leading
    scheduler.stop()
    await running
    assert not scheduler.leading
    assert scheduler.ticked["flaky"].runs == len(seen)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
async def test_every_job_finds_nothing_to_do_in_an_empty_house(job: Job, app: App) -> None:
    if job.name == "network compared":
        assert await job.run(app), "it plans the comparison of the day, once"
    assert not await job.run(app)


def test_no_two_jobs_share_a_name() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
