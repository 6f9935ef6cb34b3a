"""kill -9 at any point of both passes: the next run goes on by itself. Nothing missing, nothing twice, numbers gapless, books true.

A seeded handful here; `make soak` has many (HODI_KILLS).
"""

import asyncio
import os
import random
import signal
from datetime import date

import pytest
from sqlalchemy import func, select

from core.billing import verify
from core.billing.tables import bill_run, cycle, invoice
from core.context import App
from core.ledger import verify as books
from tests.core.billing.world import Customer, settle
from tests.faults.bill_run_child import house_of, run
from tests.faults.nursery import nursery

ON = date(2026, 3, 1)
POINTS = ("billing.saved", "billing.built", "billing.numbered", "billing.finalised")
SEED = int(os.environ.get("HODI_SEED", "20260301"))
KILLS = int(os.environ.get("HODI_KILLS", "2"))
CUSTOMERS = [Customer(bill_day=1 if at % 3 else 15) for at in range(10)]
BILLS = 6 * 2 + 4 * 2  # bill day 1: January and February; bill day 15: half of January, and the month after it


async def killed(url: str, place: str, count: int) -> bool:
    """A run in a process that dies at the `count`th pass of `place`; whether it came that far."""
    async with nursery("tests.faults.bill_run_child:live") as children:
        child = await children.begin({"db": url, "on": ON.isoformat()}, f"{place}:{count}")
        code = await asyncio.wait_for(child.wait(), 120)
    assert code in (0, -signal.SIGKILL)
    return code != 0


async def is_whole(app: App) -> None:
    """What a run that was never disturbed leaves behind."""
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []
        assert await books.problems(conn) == []
        assert (await conn.execute(select(func.count(), func.count(invoice.c.number)).select_from(invoice))).one() == (
            BILLS,
            BILLS,
        )
        states = await conn.execute(select(cycle.c.state, func.count()).group_by(cycle.c.state))
        assert {row[0]: row[1] for row in states} == {"final": BILLS, "open": len(CUSTOMERS)}
        assert (await conn.execute(select(bill_run.c.state))).scalars().all() == ["closed"]
        assert max((await conn.execute(select(invoice.c.number))).scalars()) == f"INV-{BILLS:06}"


@pytest.mark.parametrize("place", POINTS)
async def test_a_run_killed_at_each_point_goes_on_by_itself(db_url: str, place: str) -> None:
    app = house_of(db_url)
    await settle(app, CUSTOMERS)
    assert await killed(db_url, place, 2)
    await run(app, ON)
    await is_whole(app)
    await app.db.close()


async def test_a_run_killed_again_and_again_ends_the_same(db_url: str) -> None:
    app, dice = house_of(db_url), random.Random(SEED)
    await settle(app, CUSTOMERS)
    for _ in range(KILLS):
        await killed(db_url, dice.choice(POINTS), dice.randint(1, 3))
    await run(app, ON)
    await is_whole(app)
    await app.db.close()
