"""Pictures, papers and voices that customers send: fetched from the provider in the background and kept for a clerk.

What a file is, its own first bytes say; what the sender or the provider says of it is not believed. Only kinds that a clerk can
open without harm are kept, and none larger than `LARGEST`; of the others only the reason is remembered. Whoever has no account has a
share of the day, and so have all of them together; what they sent is dropped after `STRANGERS_KEPT` (`media_dropped.py`).
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import attempts
from core.audit import alarms
from core.care import media_files
from core.care.tables import media
from core.context import App, Context
from core.db.engine import insert
from core.outbox import queue
from core.outbox.queue import OutboxRow, Outcome
from core.parties.tables import contact_account

KIND = "media"
LARGEST = 5 * 1024 * 1024
LONGEST_CAPTION = 1000
DAY, OF_ONE, OF_ADDRESS = timedelta(days=1), 40_000_000, 60_000_000
"""Bytes a day that are kept of one contact, and that one address may send as strangers."""
STRANGERS_KEPT = timedelta(days=7)
SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
)
"""Where in a file which bytes say what it is."""

_CALLED = {
    "image/jpeg": "picture", "image/jpg": "picture", "image/png": "picture", "image/webp": "picture", "application/pdf": "file",
    "application/octet-stream": "file", "audio/ogg": "voice", "audio/opus": "voice",
}  # fmt: skip

Fetch = Callable[[str, str, int], Awaitable[bytes | str | None]]
"""`(channel, ref, largest)`: the bytes; a reason why there are none for good; None: not now."""


@dataclass(frozen=True, slots=True)
class Media:
    """One file of a customer; `type` and `size` once it is kept."""

    id: int
    channel: str
    contact_id: int | None
    caption: str
    state: str
    reason: str | None
    type: str | None
    size: int | None
    at: datetime


_COLUMNS = [media.c[name] for name in Media.__dataclass_fields__]


def kind_of(body: bytes) -> str | None:
    """What a file is by its own first bytes; None: nothing that we keep."""
    return next((kind for at, sign, kind in SIGNS if body[at : at + len(sign)] == sign), None)


def called(said: str) -> str | None:
    """What we call a file in answering it, by what its provider says it is: picture, voice, file; None: nothing that we keep. What is not
    said is taken for a picture."""
    kind = said.partition(";")[0].strip().lower()
    return _CALLED.get(kind) if kind else "picture"


async def expect(
    conn: AsyncConnection, context: Context, *, channel: str, ref: str, contact_id: int | None, caption: str = ""
) -> int | None:
    """A customer sent a file: it is to be fetched; its id, or None when it is known already."""
    media_id = context.ids.take()
    row = {
        "id": media_id,
        "channel": channel,
        "ref": ref,
        "contact_id": contact_id,
        "caption": caption[:LONGEST_CAPTION],
        "state": "waiting",
        "at": context.clock.now(),
    }
    new = insert(conn, media).values(row).on_conflict_do_nothing(index_elements=["channel", "ref"])
    if (await conn.execute(new)).rowcount == 0:
        return None
    await queue.enqueue(
        conn, context, key=f"media:{media_id}", kind=KIND, template=KIND, contact_id=contact_id, subject_id=media_id
    )
    return media_id


async def keep(
    conn: AsyncConnection, context: Context, *, channel: str, ref: str, contact_id: int | None, body: bytes
) -> str | None:
    """A file that came with its bytes; a word why it is not kept. The same `ref` again changes nothing."""
    kind = kind_of(body)
    if kind is None or len(body) > LARGEST:
        return "type" if kind is None else "too_long"
    known = select(media.c.id).where(media.c.channel == channel, media.c.ref == ref)
    if (await conn.execute(known)).first() is not None:
        return None
    if not await within_shares(conn, context, contact_id, len(body)):
        return "too_many"
    digest = await asyncio.to_thread(media_files.put, context.site.media_path, body, context.clock.now())
    row = {
        "id": context.ids.take(),
        "channel": channel,
        "ref": ref,
        "contact_id": contact_id,
        "caption": "",
        "state": "kept",
        "type": kind,
        "size": len(body),
        "sha256": digest,
        "at": context.clock.now(),
    }
    await conn.execute(insert(conn, media).values(row).on_conflict_do_nothing(index_elements=["channel", "ref"]))
    return None


async def within_shares(conn: AsyncConnection, context: Context, contact_id: int | None, size: int) -> bool:
    """Count these bytes; whether they may be kept: of everybody a share of the day, and of strangers one for all of them together."""
    if await attempts.take(conn, context, "files.contact", str(contact_id or 0), DAY, size) > OF_ONE:
        return False
    linked = select(contact_account.c.contact_id).where(contact_account.c.contact_id == (contact_id or 0)).limit(1)
    if (await conn.execute(linked)).first() is not None:
        return True
    most = context.site.strangers_mb_a_day * 1_000_000
    if await attempts.take(conn, context, "files.strangers", "", DAY, size, most=most) <= most:
        return True
    await alarms.sound(conn, context, "strangers", f"{context.today()}", megabytes=most // 1_000_000)
    return False


def handler(fetch: Fetch) -> Callable[[App, OutboxRow], Awaitable[Outcome]]:
    """What the dispatcher does with rows of kind `media`. Fetching twice changes nothing."""

    async def take(app: App, row: OutboxRow) -> Outcome:
        async with app.db.reading() as conn:
            wanted = (
                await conn.execute(select(media.c.channel, media.c.ref).where(media.c.id == row.subject_id))
            ).first()
            sent = await attempts.taken(conn, app, "files.contact", str(row.contact_id or 0))
        if wanted is None:
            return Outcome(row.id, "dropped", reason="no such file", attempts=row.attempts)
        match = "too_many" if sent > OF_ONE else await fetch(wanted.channel, wanted.ref, LARGEST)
        if match is None:
            return Outcome(row.id, "waiting", reason="the file could not be fetched", attempts=row.attempts)
        async with app.db.writing() as conn:
            await _keep(conn, app, row.subject_id or 0, match)
        return Outcome(row.id, "sent", attempts=row.attempts)

    return take


async def _keep(conn: AsyncConnection, context: Context, media_id: int, found: bytes | str) -> None:
    this = update(media).where(media.c.id == media_id, media.c.state == "waiting")
    if isinstance(found, str):
        await conn.execute(this.values(state="refused", reason=found))
        return
    kind = kind_of(found)
    facts = {"size": len(found), "sha256": hashlib.sha256(found).hexdigest()}
    wrong = "type" if kind is None else "too_long" if len(found) > LARGEST else None
    whose = await conn.scalar(select(media.c.contact_id).where(media.c.id == media_id))
    if wrong is None and not await within_shares(conn, context, whose, len(found)):
        wrong = "too_many"
    if wrong is not None:
        await conn.execute(this.values(state="refused", reason=wrong, **facts))
        return
    await asyncio.to_thread(media_files.put, context.site.media_path, found, context.clock.now())
    await conn.execute(this.values(state="kept", type=kind, **facts))


async def of_contacts(conn: AsyncConnection, contact_ids: list[int], limit: int = 20) -> list[Media]:
    """The last files that these contacts sent, newest first."""
    query = select(*_COLUMNS).where(media.c.contact_id.in_(contact_ids)).order_by(media.c.at.desc(), media.c.id.desc())
    return [Media(*row) for row in await conn.execute(query.limit(limit))]


async def body_of(conn: AsyncConnection, context: Context, media_id: int) -> tuple[Media, bytes] | None:
    """A kept file and its bytes."""
    query = select(*_COLUMNS, media.c.sha256).where(media.c.id == media_id, media.c.state == "kept")
    row = (await conn.execute(query)).first()
    body = await asyncio.to_thread(media_files.get, context.site.media_path, row[-1]) if row else None
    return (Media(*row[:-1]), body) if row and body is not None else None
