"""Who reads a message: the contact it is for, or the first contact of the account that we can reach.

The phone on file comes first, because every customer has it and it needs no data; then the chats in the order below. A contact's
language, consent and STOP are read at this moment, not when the message was put down.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.outbox import Leaving
from core.parties.tables import contact, contact_account
from core.sets import among

CHATS = ("whatsapp", "telegram", "webchat")
PREFERENCE = ("sms", *CHATS, "email")
"""Which way a message goes when nobody chose."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One person at one address, now."""

    contact_id: int | None
    channel: str
    to: str
    language: str
    marketing: bool = False
    stopped: bool = False

    @property
    def chats(self) -> bool:
        """Whether a smiling face costs nothing there."""
        return self.channel in CHATS


def medium(channel: str) -> str:
    """The channel a notice leaves by: USSD and SMS share the contact `phone`, and only SMS can be sent."""
    return "sms" if channel in ("phone", "ussd") else channel


_CONTACT = (
    contact.c.id, contact.c.channel, contact.c.channel_user, contact.c.language, contact.c.marketing, contact.c.stopped_at
)  # fmt: skip


async def find(
    conn: AsyncConnection, rows: Sequence[Leaving], channels: Collection[str], language: str
) -> dict[int, Reader]:
    """The reader of each row by the row's id; a row nobody can read is not there."""
    named = {row.contact_id for row in rows if row.contact_id is not None}
    owners = {row.account_id for row in rows if row.contact_id is None and row.account_id is not None}
    people = await _contacts(conn, named)
    families = await _of_accounts(conn, owners)
    found = {row.id: _choose(row, people, families, channels, language) for row in rows}
    return {row_id: reader for row_id, reader in found.items() if reader is not None}


def _choose(
    row: Leaving, people: dict[int, Reader], families: dict[int, list[Reader]], channels: Collection[str], language: str
) -> Reader | None:
    if row.contact_id is not None:
        candidates = [people[row.contact_id]] if row.contact_id in people else []
    elif row.account_id is not None:
        candidates = families.get(row.account_id, [])
    elif row.channel and "to" in row.params:
        candidates = [Reader(None, medium(row.channel), str(row.params["to"]), str(row.params.get("lang", language)))]
    else:
        candidates = []
    wanted = {medium(row.channel)} if row.channel else set(channels)
    reachable = [reader for reader in candidates if reader.channel in wanted and reader.channel in channels]
    return min(reachable, key=_rank, default=None)


def _rank(reader: Reader) -> int:
    return PREFERENCE.index(reader.channel) if reader.channel in PREFERENCE else len(PREFERENCE)


async def _contacts(conn: AsyncConnection, ids: Collection[int]) -> dict[int, Reader]:
    if not ids:
        return {}
    rows = await conn.execute(select(*_CONTACT).where(among(conn, contact.c.id, ids)))
    return {row.id: _reader(row) for row in rows.all()}


async def _of_accounts(conn: AsyncConnection, ids: Collection[int]) -> dict[int, list[Reader]]:
    families: dict[int, list[Reader]] = {}
    if not ids:
        return families
    rows = await conn.execute(
        select(contact_account.c.account_id, *_CONTACT)
        .join(contact, contact.c.id == contact_account.c.contact_id)
        .where(among(conn, contact_account.c.account_id, ids))
        .order_by(contact_account.c.linked_at, contact.c.id)
    )
    for row in rows.all():
        families.setdefault(row.account_id, []).append(_reader(row))
    return families


def _reader(row: Any) -> Reader:
    stopped = row.stopped_at is not None
    return Reader(row.id, medium(row.channel), row.channel_user, row.language, row.marketing, stopped)
