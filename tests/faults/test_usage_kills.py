"""kill -9 in the middle of a file of events: the next load goes on from the last commit; nothing is lost and nothing twice."""

import asyncio
import signal
from pathlib import Path

from sqlalchemy import func, select

from core.metering import verify
from core.metering.tables import usage_event, usage_file
from tests.core.metering.events.world import HEAD, a_line, call
from tests.faults.nursery import nursery
from tests.faults.usage_child import house_of

RECORDS = 55


async def load(url: str, path: Path, fault: str) -> int:
    async with nursery("tests.faults.usage_child:live") as children:
        return await asyncio.wait_for((await children.begin({"db": url, "path": str(path)}, fault)).wait(), 120)


async def test_a_file_whose_loading_was_killed_is_taken_up_where_it_was(db_url: str, tmp_path: Path) -> None:
    app = house_of(db_url)
    await a_line(app)
    rows = [call(number=at, at=f"202603100800{at:02}") for at in range(RECORDS)]
    path = tmp_path / "cdr.csv"
    path.write_text(HEAD + "".join(rows) + "bad\n" + rows[7] + f"TRAILER,{RECORDS + 2}\n")
    for count in (1, 2):
        assert await load(db_url, path, f"metering.batch:{count}") == -signal.SIGKILL
    assert await load(db_url, path, "") == 0
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []
        f = usage_file.c
        kept = (await conn.execute(select(f.rows, f.accepted, f.duplicates, f.rejected, f.state, f.problem))).one()
        assert tuple(kept) == (RECORDS + 2, RECORDS, 1, 1, "done", None)
        assert (await conn.execute(select(func.count()).select_from(usage_event))).scalar_one() == RECORDS
    await app.db.close()
