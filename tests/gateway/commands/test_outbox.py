"""`hodi outbox`: dead letters are listed, and leave again once the cause is mended."""

import asyncio
import json
from pathlib import Path

from sqlalchemy import select, update

from core.outbox.queue import enqueue, outbox
from gateway.commands.run import opened
from tests.gateway.commands.test_cli import hodi, operator_folder, quiet

__all__ = ["operator_folder", "quiet"]


async def _three_letters() -> None:
    async with opened() as app, app.db.writing() as conn:
        for key in ("a", "b", "c"):
            await enqueue(conn, app, key=key, kind="reply", template="reply.text", params={"text": "x"})
        dead = update(outbox).where(outbox.c.key != "c")
        await conn.execute(dead.values(state="dead", attempts=7, reason="not_reached"))


async def _states() -> dict[str, tuple[str, int]]:
    async with opened() as app, app.db.reading() as conn:
        return {row.key: (row.state, row.attempts) for row in await conn.execute(select(outbox))}


def test_dead_letters_are_listed_and_leave_again(operator_folder: Path) -> None:
    asyncio.run(_three_letters())
    status, text = hodi("outbox", "dead", "--json")
    [first, second] = json.loads(text)
    assert (status, first["reason"], first["attempts"]) == (0, "not_reached", 7)
    assert hodi("outbox", "replay", str(first["id"]), "99")[1].startswith("1 will leave again")
    assert sorted(asyncio.run(_states()).values()) == [("dead", 7), ("waiting", 0), ("waiting", 0)]
    assert hodi("outbox", "replay", "--all")[1].startswith("1 will leave again")
    assert hodi("outbox", "dead") == (0, "0 dead letters\n")
    assert hodi("outbox", "replay")[0] == 2
    assert str(second["id"]).isdigit()
