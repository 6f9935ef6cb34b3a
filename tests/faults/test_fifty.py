"""Fifty messages of one person at once over two workers, one of which is killed in the midst: the result is the serial one (channels.md)."""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from core.outbox.queue import outbox
from core.parties.tables import contact, interest
from tests.faults.calls import SEED
from tests.faults.test_turn_kills import STRANGER, Served, every
from tests.gateway.talking import HOOKS

FIFTY = int(os.environ.get("HODI_AT_ONCE", "50"))
BEFORE = ["hello", "2", "Amina", "Kisumu"]


async def post(http: aiohttp.ClientSession, worker: Served, number: int, text: str) -> bool:
    form = {"from": STRANGER, "id": f"m{number}", "text": text, "to": "40400", "date": "2026-03-10 09:00:00"}
    try:
        async with http.post(f"http://127.0.0.1:{worker.port}{HOOKS}/sms", data=form) as answer:
            assert answer.status == 200
            return True
    except aiohttp.ClientError:
        return False


async def brought(http: aiohttp.ClientSession, workers: list[Served], number: int, dice: random.Random) -> None:
    """The network brings it to either worker, again and again until it is taken, and sometimes once more."""
    times = dice.choice((1, 1, 2))
    for _ in range(200):
        times -= await post(http, dice.choice(workers), number, "1")
        if times <= 0:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"message {number} was never taken")


async def ended(url: str) -> tuple[int, int, Counter[str]]:
    texts = [row.params["text"] for row in await every(url, outbox) if row.kind == "reply"]
    return len(await every(url, interest)), len(await every(url, contact)), Counter(texts)


@pytest.mark.soak
@pytest.mark.parametrize("server", ["postgres"], indirect=True)
async def test_fifty_messages_at_once_end_as_fifty_in_turn_though_a_worker_dies(db_url: str, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    one, two = workers = [Served(db_url, tmp_path) for _ in range(2)]
    try:
        await asyncio.gather(one.start(), two.start())
        async with aiohttp.ClientSession() as http:
            for number, text in enumerate(BEFORE):
                assert await post(http, one, number, text)
            first = len(BEFORE)
            bringing = [asyncio.create_task(brought(http, workers, first + at, dice)) for at in range(FIFTY)]
            for _ in range(600):
                if sum(task.done() for task in bringing) >= FIFTY // 4:
                    break
                await asyncio.sleep(0.01)
            await two.stop()
            workers.remove(two)
            await asyncio.gather(*bringing)
    finally:
        await asyncio.gather(*(worker.stop() for worker in (one, two) if worker.process))
    interests, contacts, texts = await ended(db_url)
    assert (interests, contacts) == (1, 1), f"seed {SEED}"
    assert sum(texts.values()) == len(BEFORE) + FIFTY, f"seed {SEED}: each is answered once"
    assert not [text for text in texts if "Sorry" in text], f"seed {SEED}"
    assert sum(count for text, count in texts.items() if text.startswith("Thank you. We will call you soon.")) == 1
