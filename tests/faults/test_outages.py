"""The whole gateway, two workers, real servers: PostgreSQL is stopped as by a power cut, Redis is killed, both under load (R8, R9).

Only `make soak` runs them. HODI_AWAY_SECONDS, HODI_MESSAGES, HODI_CALLERS set the sizes.
"""

import asyncio
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.db.engine import Database
from core.outbox.queue import outbox
from tests.databases import Postgres
from tests.faults.outage import Heard, calls, metric, opened, postgres15, writes
from tests.faults.servers import servers
from tests.gateway.test_sessions import Valkey, valkey

__all__ = ["valkey"]
AWAY = float(os.environ.get("HODI_AWAY_SECONDS", "60"))
MESSAGES = int(os.environ.get("HODI_MESSAGES", "10000"))
CALLERS = int(os.environ.get("HODI_CALLERS", "16"))
SENDERS = 40


async def _replies(db: Database) -> list[str]:
    async with db.reading() as conn:
        found = await conn.execute(
            select(outbox.c.key).where(outbox.c.kind == "reply").order_by(outbox.c.created_at, outbox.c.id)
        )
        return list(found.scalars())


async def _count(db: Database) -> int:
    async with db.reading() as conn:
        return int((await conn.execute(select(func.count()).where(outbox.c.kind == "reply"))).scalar_one())


@pytest.mark.soak
async def test_a_database_that_loses_its_power_loses_no_message_and_every_caller_hears_a_sentence(
    tmp_path: Path,
) -> None:
    before, during, after = Heard(), Heard(), Heard()
    acknowledged: set[str] = set()
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(postgres15())
        running = await stack.enter_async_context(servers(tmp_path, postgres.url, ""))
        await opened(running, SENDERS + CALLERS)
        await running.serve("--no-scheduler")

        async def load(heard: Heard, first: int, count: int, seconds: float) -> list[str]:
            over = asyncio.Event()
            calling = [asyncio.create_task(calls(running, SENDERS + one, over, heard)) for one in range(CALLERS)]
            began = time.monotonic()
            told = await asyncio.gather(
                *(writes(running, one, first, count // SENDERS, acknowledged) for one in range(SENDERS))
            )
            await asyncio.sleep(max(0.0, seconds - (time.monotonic() - began)))
            over.set()
            await asyncio.gather(*calling)
            return [why for one in told for why in one]

        refused = await load(before, 0, SENDERS * 5, 2)
        postgres.stop()
        stopped = time.monotonic()
        refused += await load(during, 5, MESSAGES, AWAY)
        away = time.monotonic() - stopped
        postgres.start()
        back = time.monotonic()
        refused += await load(after, 5 + MESSAGES // SENDERS, SENDERS * 5, 2)
        db = Database(postgres.url)
        for _ in range(1_800):
            if await _count(db) >= len(acknowledged):
                break
            await asyncio.sleep(0.5)
        drained = time.monotonic() - back
        keys = await _replies(db)
        await db.close()
    told = (tmp_path / "serve.log").read_text(errors="replace").splitlines()
    print(*(line[:200] for line in told if "worker" in line.lower() or "kept for later" not in line), sep="\n")
    print("wrong:", (before.wrong + during.wrong + after.wrong)[:5])
    print(
        f"\nbefore: {before}\naway for {away:.0f} s: {during}\nafter: {after}\n{len(acknowledged)} acknowledged, {len(refused)} brought again ({refused[:3]}), "
        f"{len(keys)} answered, all {drained:.1f} s after the database was back; out of order: {len(_disordered(keys))}"
    )
    assert set(keys) == acknowledged
    assert len(keys) == len(set(keys))
    assert not [why for why in refused if "Server" not in why], (
        "a line that breaks is the network's, a refusal would be ours"
    )
    assert before.wrong + during.wrong + after.wrong == []
    assert during.polite
    assert during.share(1) <= 3.0


def _disordered(keys: list[str]) -> list[str]:
    """Replies that were written down before the one to an earlier message of the same sender."""
    last: dict[str, int] = {}
    found = []
    for key in keys:
        sender, _, at = key.removeprefix("reply:sms:m").partition(".")
        if int(at) < last.get(sender, -1):
            found.append(key)
        last[sender] = max(int(at), last.get(sender, -1))
    return found


@pytest.mark.soak
async def test_redis_is_killed_under_load_and_comes_back_empty(
    postgres_server: Postgres,
    valkey: Valkey,
    tmp_path: Path,
) -> None:
    url = await postgres_server.fresh(tmp_path)
    spans = {name: Heard() for name in ("there", "gone", "back, and empty")}
    async with servers(tmp_path, url, valkey.url) as running:
        await opened(running, CALLERS)
        await running.serve("--no-scheduler")
        for name, heard in spans.items():
            over = asyncio.Event()
            calling = [asyncio.create_task(calls(running, one, over, heard)) for one in range(CALLERS)]
            await asyncio.sleep(AWAY / 6)
            if name == "gone":
                await valkey.kill()
            elif name == "back, and empty":
                await valkey.start()
            await asyncio.sleep(AWAY / 3)
            up = 0.0 if name == "gone" else 1.0
            seen = [await metric(running, "hodi_sessions_redis_up") for _ in range(6)]
            over.set()
            await asyncio.gather(*calling)
            print(f"\nRedis {name}: {heard}; metric {seen}")
            assert heard.wrong == []
            assert heard.share(0.99) <= 3.0
            assert set(seen) == {up}
    rates = {name: len(heard.seconds) for name, heard in spans.items()}
    assert rates["gone"] >= rates["there"] / 2, f"at least half of the normal throughput: {rates}"
    await postgres_server.drop(url)
