"""Seals what is new, in batches: each digest covers the postings, their journals, and the digest before it.

A row altered, added or taken away behind our back breaks the chain from there on (`verify.py` finds where). Which postings are new
is told by `seal_due`, written with them: ids come in blocks, so postings commit out of the order of their ids.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.engine import insert
from core.ledger.tables import journal, posting, seal, seal_due

BATCH = 50_000
FIRST = "0" * 64
"""The digest before the first seal."""

Span = tuple[int, int]


async def seal_new(conn: AsyncConnection, context: Context) -> int:
    """Seal what has been posted since the last seal; how many postings. One sealer at a time: ids of seals are consecutive."""
    sealed = 0
    while due := await _due(conn):
        last = (await conn.execute(select(seal).order_by(seal.c.id.desc()).limit(1))).first()
        number, before = (last.id, last.digest) if last else (0, FIRST)
        digest, count = await digest_of(conn, due, before)
        row = {"id": number + 1, "spans": due, "postings": count, "digest": digest, "at": context.clock.now()}
        await conn.execute(insert(conn, seal).values(row))
        await conn.execute(delete(seal_due).where(seal_due.c.first_id.in_([first for first, _ in due])))
        sealed += count
    return sealed


async def _due(conn: AsyncConnection) -> list[Span]:
    """The next spans to seal, about `BATCH` postings of them."""
    chosen: list[Span] = []
    held = 0
    for row in await conn.execute(select(seal_due).order_by(seal_due.c.first_id).limit(1_000)):
        if chosen and held + row.postings > BATCH:
            break
        chosen.append((row.first_id, row.last_id))
        held += row.postings
    return chosen


async def digest_of(conn: AsyncConnection, spans: Sequence[Span], before: str) -> tuple[str, int]:
    """The digest of the postings in `spans` chained to `before`, and how many postings there were."""
    running, count = hashlib.sha256(before.encode()), 0
    for first, last in _merged(spans):
        for row in await conn.execute(_ROWS.where(posting.c.id.between(first, last))):
            running.update(canonical(row))
            count += 1
    return running.hexdigest(), count


def canonical(row: Any) -> bytes:
    """A posting and its journal as the bytes that are sealed."""
    return ("\x1f".join(str(value) for value in row) + "\x1e").encode()


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Neighbouring spans as one, so that a seal is a handful of range reads."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and merged[-1][1] + 1 == first:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged


_ROWS = (
    select(
        posting.c.id,
        posting.c.journal_id,
        posting.c.source_id,
        posting.c.destination_id,
        posting.c.amount,
        posting.c.asset,
        posting.c.why,
        posting.c.booked_on,
        journal.c.key,
        journal.c.kind,
        journal.c.reverses_id,
    )
    .outerjoin_from(posting, journal, posting.c.journal_id == journal.c.id)
    .order_by(posting.c.id)
)
