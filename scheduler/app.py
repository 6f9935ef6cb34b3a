"""The scheduler: ticks the jobs and sends what waits, but only while it leads.

APScheduler only ticks: what is due stands in the data, and each job finds it and does it, so a missed tick is caught up by the next
one and a tick too many does nothing. Jobs are defined in code (`jobs.py`), kept in memory, and never pickled.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from core.clock import SystemClock
from core.context import App
from scheduler.dispatch import Dispatcher
from scheduler.jobs import Job
from scheduler.leader import Leader, leader_for

log = structlog.get_logger()

STAND_BY_SECONDS = 0.5
BEAT_SECONDS = 1.0


@dataclass(slots=True)
class Ticked:
    """How the last run of a job went: for `/readyz` and the day page."""

    at: datetime
    error: str | None = None
    runs: int = 0


class Scheduler:
    """Leads or stands by. `run` for ever, `stop` to end; `leading` says which."""

    def __init__(
        self, app: App, jobs: Sequence[Job], dispatcher: Dispatcher | None = None, leader: Leader | None = None
    ) -> None:
        self.app, self.jobs, self.dispatcher = app, jobs, dispatcher
        self.leader = leader or leader_for(app.db)
        self.leading = False
        self.ticked: dict[str, Ticked] = {}
        self._ended = asyncio.Event()

    def stop(self) -> None:
        """Let `run` end, and another lead."""
        self._ended.set()

    async def run(self) -> None:
        """Stand by, lead when nobody does, and stand by again when the lead is lost; until `stop` or cancellation."""
        self._ended.clear()
        try:
            while not self._ended.is_set():
                if await self.leader.try_to_lead():
                    await self._lead()
                    await self.leader.resign()
                else:
                    await self._wait(STAND_BY_SECONDS)
        finally:
            await self.leader.resign()

    async def _lead(self) -> None:
        log.info("scheduler.leads")
        ticker = self._ticker()
        ticker.start()
        dispatching = asyncio.create_task(self.dispatcher.run()) if self.dispatcher else None
        self.leading = True
        try:
            while not self._ended.is_set() and await self.leader.still_leads():
                if dispatching is not None and dispatching.done():
                    dispatching.result()
                await self._wait(BEAT_SECONDS)
        finally:
            self.leading = False
            ticker.shutdown(wait=False)
            await self._stop_dispatching(dispatching)
            log.info("scheduler.no_longer_leads")

    async def _stop_dispatching(self, task: asyncio.Task[None] | None) -> None:
        if task is None or self.dispatcher is None:
            return
        self.dispatcher.stop()
        await asyncio.wait([task])

    def _ticker(self) -> AsyncIOScheduler:
        ticker = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            timezone="UTC",
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        at_once = SystemClock().now()
        for job in self.jobs:
            seconds = job.every.total_seconds()
            ticker.add_job(self.tick, "interval", [job], seconds=seconds, id=job.name, next_run_time=at_once)
        return ticker

    async def tick(self, job: Job) -> None:
        """Run one job now; what goes wrong is told in the log and in `ticked`, and tried again by the next tick."""
        last = self.ticked.setdefault(job.name, Ticked(self.app.clock.now()))
        last.at, last.runs = self.app.clock.now(), last.runs + 1
        try:
            done = await job.run(self.app)
        except Exception as bug:
            last.error = type(bug).__name__
            log.exception("scheduler.job_failed", job=job.name)
        else:
            last.error = None
            if done:
                log.info("scheduler.job_did", job=job.name, done=str(done))
                if self.dispatcher:
                    self.dispatcher.nudge()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
