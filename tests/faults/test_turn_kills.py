"""kill -9 between and inside turns: the provider repeats the step, and nothing is lost or done twice."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from core.db.engine import Database
from core.outbox.queue import outbox
from core.parties.tables import contact, interest
from tests.faults.nursery import Child, Nursery, nursery
from tests.gateway.talking import HOOKS
from tests.ports import free_port

STRANGER = "+254700000001"
TALK = ["", "2", "2*Amina", "2*Amina*Kisumu", "2*Amina*Kisumu*1"]
LAST = "CON Thank you. We will call you soon.\n0. Back\n00. Home"

SEED = int(os.environ.get("HODI_SEED", "20260301"))
KILLS = int(os.environ.get("HODI_KILLS", "1"))
USSD_FAULTS = [
    "turn.effect:1", "turn.done:1", "turn.effect:2", "turn.done:2", "turn.answered:1", "turn.answered:4", "turn.answered:5",
    "turn.kept:5",
]  # fmt: skip
DONE = "turn.done:2"
SMS_FAULTS = ["turn.done:2", "turn.answered:4", "turn.kept:4", "reply.kept:4", "reply.kept:1"]


def some(faults: list[str]) -> list[str]:
    """The place where an effect is done and its turn is not, and a seeded handful; `make soak` has them all (HODI_KILLS)."""
    return sorted({DONE, *random.Random(SEED).sample(faults, min(KILLS, len(faults)))})


class Served:
    """The gateway in a process of its own, which may be told where to die."""

    def __init__(self, children: Nursery, url: str, folder: Path) -> None:
        self.children, self.url, self.folder, self.port = children, url, folder, free_port()
        self.process: Child | None = None

    async def start(self, fault: str = "") -> None:
        said = {"db": self.url, "folder": str(self.folder), "port": self.port}
        self.process = await self.children.begin(said, fault)
        for _ in range(1200):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the gateway did not come up")

    async def post(self, path: str, form: dict[str, str]) -> str:
        """As the provider does: if the line breaks, once more until there is an answer."""
        for _ in range(3):
            try:
                url = f"http://127.0.0.1:{self.port}{HOOKS}/{path}"
                async with aiohttp.ClientSession() as http, http.post(url, data=form) as answer:
                    assert answer.status == 200
                    return await answer.text()
            except aiohttp.ClientError:
                assert self.process is not None
                assert await self.process.wait() == -9, "it died where it was told to"
                await self.start()
        raise AssertionError("it died again without being told to")


@pytest.fixture
async def served(db_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with nursery("tests.faults.turns_served:live") as children:
        yield Served(children, db_url, tmp_path)


async def every(url: str, table: Any) -> list[Any]:
    db = Database(url)
    async with db.reading() as conn:
        found = list(await conn.execute(select(table)))
    await db.close()
    return found


@pytest.mark.parametrize("fault", some(USSD_FAULTS))
async def test_a_killed_turn_is_taken_up_by_the_repeat_with_one_effect(served: Served, fault: str) -> None:
    await served.start(fault)
    screens = [
        await served.post("ussd", {"sessionId": "s1", "phoneNumber": STRANGER, "serviceCode": "*384#", "text": text})
        for text in TALK
    ]
    assert screens[-1] == LAST
    assert len(await every(served.url, interest)) == 1
    assert len(await every(served.url, contact)) == 1


@pytest.mark.parametrize("fault", some(SMS_FAULTS))
async def test_a_killed_sms_turn_leaves_one_reply_and_one_effect(served: Served, fault: str) -> None:
    await served.start(fault)
    for at, text in enumerate(["hello", "2", "Amina", "Kisumu", "1"]):
        form = {"from": STRANGER, "id": f"m{at}", "text": text, "to": "40400", "date": "2026-03-10 09:00:00"}
        await served.post("sms", form)
    replies = [row.params["text"] for row in await every(served.url, outbox)]
    assert len(replies) == 5
    assert replies[-1].startswith("Thank you. We will call you soon.")
    assert len(await every(served.url, interest)) == 1
