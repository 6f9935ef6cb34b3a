"""Who reads a message: the contact it is for, or the contacts of the account, the way the operator prefers first.

Unless the operator orders it otherwise the phone on file comes first, because every customer has it and it needs no data. What failed for
good on one way goes the next (`OutboxRow.tried`). A contact's language, consent and STOP are read at this moment, not when the message was
put down, and so is whether WhatsApp lets us write freely: only within 24 hours of the customer's last word.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care.tables import interaction
from core.config.operator import Operator
from core.db.in_list import in_list
from core.notices import time_zones
from core.outbox.queue import OutboxRow
from core.parties import consent
from core.parties.tables import contact, contact_account

CHATS = ("whatsapp", "telegram", "webchat")
PREFERENCE = ("sms", *CHATS, "email")
"""Which way a message goes when nobody chose."""
WINDOW = timedelta(hours=24)


class Recipient(msgspec.Struct, frozen=True):
    """One person at one address, now."""

    contact_id: int | None
    channel: str
    to: str
    language: str
    marketing: bool = False
    stopped: bool = False
    closed: bool = False
    """Only wordings approved beforehand may be sent there now."""
    bounced: bool = False
    """Mail to this address came back for good."""
    stops: frozenset[str] = frozenset()
    """The senders of ours that they stopped by name."""
    parted: bool = False
    """An account was taken away from this contact once: what speaks of one is for it only while it is linked."""
    zone: ZoneInfo | None = None
    """Where they live; None: where the operator is."""

    @property
    def chats(self) -> bool:
        """Whether a smiling face costs nothing there."""
        return self.channel in CHATS


def medium(channel: str) -> str:
    """The channel a notice leaves by: USSD and SMS share the contact `phone`, and only SMS can be sent."""
    return "sms" if channel in ("phone", "ussd") else channel


_CONTACT = (
    contact.c.id, contact.c.channel, contact.c.channel_user, contact.c.language, contact.c.marketing, contact.c.stopped_at,
    contact.c.bounced_at, contact.c.parted_at,
)  # fmt: skip


async def find(
    conn: AsyncConnection,
    now: datetime,
    rows: Sequence[OutboxRow],
    channels: Collection[str],
    language: str,
    order: Sequence[str] = PREFERENCE,
) -> dict[int, list[Recipient]]:
    """The readers of each row by the row's id, the preferred first; a row nobody can read has none."""
    named = {row.contact_id for row in rows if row.contact_id is not None}
    owners = {row.account_id for row in rows if row.contact_id is None and row.account_id is not None}
    people = await _contacts(conn, named)
    lost = await _lost(conn, rows, people)
    families = await _of_accounts(conn, owners)
    can, ranks = frozenset(channels), {channel: rank for rank, channel in enumerate(order)}
    match = {row.id: [] if row.id in lost else _choose(row, people, families, can, language, ranks) for row in rows}
    return await _stops(conn, await _windows(conn, now, match))


async def _lost(conn: AsyncConnection, rows: Sequence[OutboxRow], people: dict[int, Recipient]) -> set[int]:
    """The rows about an account that the contact they are for has lost meanwhile: one query, and none where nobody lost any."""
    named = [
        row for row in rows if row.account_id is not None and row.contact_id in people and people[row.contact_id].parted
    ]
    if not named:
        return set()
    at = contact_account.c
    ids = {row.contact_id for row in named if row.contact_id is not None}
    linked = select(at.contact_id, at.account_id).where(in_list(conn, at.contact_id, ids))
    still = {(row.contact_id, row.account_id) for row in await conn.execute(linked)}
    return {row.id for row in named if (row.contact_id, row.account_id) not in still}


async def at_home(
    conn: AsyncConnection, operator: Operator, rows: Sequence[OutboxRow], found: dict[int, list[Recipient]]
) -> dict[int, list[Recipient]]:
    """Each reader with the zone they live in: of the account's branch, else of their phone's country (`zones`)."""
    homes = await time_zones.of_accounts(conn, operator, {row.account_id for row in rows if row.account_id is not None})
    alone = {one.contact_id for row in rows if row.account_id is None for one in found[row.id] if one.contact_id}
    homes_alone = await time_zones.of_contacts(conn, operator, alone)

    def placed(row: OutboxRow, one: Recipient) -> Recipient:
        home = homes_alone.get(one.contact_id or 0) if row.account_id is None else homes.get(row.account_id)
        home = home or (time_zones.of_phone(operator, one.to) if one.channel == "sms" else None)
        return one if home is None else replace(one, zone=home)

    return {row.id: [placed(row, one) for one in found[row.id]] for row in rows}


async def _stops(conn: AsyncConnection, found: dict[int, list[Recipient]]) -> dict[int, list[Recipient]]:
    """Marks which senders each stopped: one query, and for SMS alone, where alone we have several."""
    ids = {one.contact_id for readers in found.values() for one in readers if one.channel == "sms" and one.contact_id}
    stops = await consent.stops_of(conn, ids)
    if not stops:
        return found
    return {
        row_id: [replace(one, stops=stops[one.contact_id]) if one.contact_id in stops else one for one in readers]
        for row_id, readers in found.items()
    }


def _choose(
    row: OutboxRow,
    people: dict[int, Recipient],
    families: dict[int, list[Recipient]],
    channels: frozenset[str],
    language: str,
    ranks: dict[str, int],
) -> list[Recipient]:
    if row.contact_id is not None:
        candidates = [people[row.contact_id]] if row.contact_id in people else []
    elif row.account_id is not None:
        candidates = families.get(row.account_id, [])
    elif row.channel and "to" in row.params:
        candidates = [
            Recipient(None, medium(row.channel), str(row.params["to"]), str(row.params.get("lang", language)))
        ]
    else:
        candidates = []
    wanted = channels - row.shut if row.tried else channels
    if row.channel:
        wanted &= {medium(row.channel)}
    reachable = [reader for reader in candidates if reader.channel in wanted and not reader.bounced]
    if len(reachable) > 1:
        reachable.sort(key=lambda reader: ranks.get(reader.channel, len(ranks)))
    return reachable


async def _windows(
    conn: AsyncConnection, now: datetime, found: dict[int, list[Recipient]]
) -> dict[int, list[Recipient]]:
    """Marks whom WhatsApp lets us write to only in approved words: one query, and none where nobody is on WhatsApp."""
    chats = [one for readers in found.values() for one in readers if one.channel == "whatsapp"]
    ids = {one.contact_id for one in chats if one.contact_id is not None}
    if not ids:
        return found
    rows = await conn.execute(
        select(interaction.c.contact_id)
        .distinct()
        .where(
            in_list(conn, interaction.c.contact_id, ids),
            interaction.c.direction == "in",
            interaction.c.at > now - WINDOW,
            interaction.c.channel == "whatsapp",
        )
    )
    open_ones = set(rows.scalars())
    return {
        row_id: [
            replace(one, closed=True) if one.contact_id in ids and one.contact_id not in open_ones else one
            for one in readers
        ]
        for row_id, readers in found.items()
    }


async def _contacts(conn: AsyncConnection, ids: Collection[int]) -> dict[int, Recipient]:
    if not ids:
        return {}
    rows = await conn.execute(select(*_CONTACT).where(in_list(conn, contact.c.id, ids)))
    return {row[0]: _reader(*row) for row in rows.all()}


async def _of_accounts(conn: AsyncConnection, ids: Collection[int]) -> dict[int, list[Recipient]]:
    families: dict[int, list[Recipient]] = {}
    if not ids:
        return families
    rows = await conn.execute(
        select(contact_account.c.account_id, *_CONTACT)
        .join(contact, contact.c.id == contact_account.c.contact_id)
        .where(in_list(conn, contact_account.c.account_id, ids))
        .order_by(contact_account.c.linked_at, contact.c.id)
    )
    for row in rows.all():
        families.setdefault(row[0], []).append(_reader(*row[1:]))
    return families


def _reader(
    contact_id: int,
    channel: str,
    user: str,
    language: str,
    marketing: bool,
    stopped_at: datetime | None,
    bounced_at: datetime | None,
    parted_at: datetime | None,
) -> Recipient:
    """A row of `_CONTACT`."""
    return Recipient(
        contact_id,
        medium(channel),
        user,
        language,
        marketing,
        stopped_at is not None,
        bounced=bounced_at is not None,
        parted=parted_at is not None,
    )
