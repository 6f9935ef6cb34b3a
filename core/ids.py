"""Ids are 64-bit integers made by us, in blocks.

A block is allotted in a transaction of its own, so that a rollback elsewhere never issues an id again, and ids are known
before a bulk insert. Gaps are normal (a killed process loses the rest of its block); what must be gapless is a number, and
numbers are `core/ledger/number.py`.
"""

from collections import deque

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Ids:
    """The ids this process may still give out."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[int, int]] = deque()
        self.spare = 0

    def add(self, first: int, count: int) -> None:
        """A block of `count` ids from `first` was allotted to us."""
        self._blocks.append((first, first + count))
        self.spare += count

    def take(self) -> int:
        """The next id."""
        return self.take_many(1)[0]

    def take_many(self, count: int) -> list[int]:
        """The next `count` ids; they need not be consecutive across blocks."""
        if count > self.spare:
            raise RuntimeError(
                f"{count} ids wanted, {self.spare} at hand: call db.reserve_ids({count}) before writing()"
            )
        taken: list[int] = []
        while len(taken) < count:
            first, end = self._blocks.popleft()
            upto = min(end, first + count - len(taken))
            taken.extend(range(first, upto))
            if upto < end:
                self._blocks.appendleft((upto, end))
        self.spare -= count
        return taken


async def allot(conn: AsyncConnection, count: int) -> int:
    """Move the common counter on by `count`; the first id of the block."""
    result = await conn.execute(
        text("UPDATE id_block SET next_id = next_id + :count WHERE name = 'hodi' RETURNING next_id"), {"count": count}
    )
    row = result.first()
    if row is None:
        raise RuntimeError("the database has no id_block row: run `hodi db upgrade`")
    return int(row[0]) - count
