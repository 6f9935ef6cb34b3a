"""Lives of a process that feeds and sends campaigns, for the tests that kill it: `python -m tests.faults.campaign_lives`.

It loads everything once and then forks a process for each life, so that a life begins in no time. One line on its input begins one:
`DATABASE PROVIDER MINUTES FAULT SECONDS`; it answers with how that life ended (-9: killed). Its clock stands MINUTES after noon, so that
each life finds the leases of the one before run out. FAULT is a place and a count, or `-`; SECONDS is when it is killed from outside, or 0.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta

import aiohttp

from core import faults
from core.campaigns import queries
from core.clock import SetClock
from core.config import Operator, Settings
from core.db import Database
from core.house import House
from core.message import Notice, Sent
from scheduler.campaigns import feed_all
from scheduler.dispatch import Dispatcher
from tests.conftest import NOON

WAVE, LANES = 100, 2


class Bulk:
    """Posts a wave in one request, as Africa's Talking takes them."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        told = {"messages": [[notice.key, notice.to, notice.text] for notice in notices]}
        async with self.http.post(self.url, json=told) as answer:
            answer.raise_for_status()
        return [Sent(notice.key, "accepted", f"ref-{notice.key}") for notice in notices]


async def live(url: str, provider: str, minutes: int) -> None:
    """Feed and send until every campaign has ended."""
    operator = Operator(
        name="M", short_name="M", country="KE", zone="Africa/Nairobi", currency="KES", support_phone="+254800000000"
    )
    db = Database(url)
    house = House(db, SetClock(NOON + timedelta(minutes=minutes)), operator, Settings())
    async with aiohttp.ClientSession() as http:
        dispatcher = Dispatcher(house, {"sms": Bulk(provider, http)}, batch=500, wave=WAVE, lanes=LANES)
        while True:
            fed, sent = await asyncio.gather(feed_all(house), dispatcher.drain())
            async with db.reading() as conn:
                states = {one.state for one in await queries.campaigns(conn)}
            if not fed and not sent and states <= {"done", "cancelled"}:
                break
    await db.close()


def begin(url: str, provider: str, minutes: str, fault: str, seconds: str) -> int:
    """One life, in a process of its own; its exit code."""
    child = os.fork()
    if child == 0:
        place, _, count = fault.partition(":")
        faults._armed = faults._Armed(place, int(count)) if count else None
        try:
            asyncio.run(live(url, provider, int(minutes)))
        finally:
            os._exit(1 if sys.exc_info()[0] else 0)
    if float(seconds):
        time.sleep(float(seconds))
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for line in sys.stdin:
        print(begin(*line.split()), flush=True)
