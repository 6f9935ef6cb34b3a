"""Every message that passed, in and out, for whoever answers the customer next. Append-only, and redacted before it comes here.

A one-time code is kept as its template, never as its digits; what a customer typed into a secret screen is not kept at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care.tables import interaction
from core.context import Context
from core.db import bulk


class Interaction(msgspec.Struct, frozen=True):
    """One message as it is remembered. `direction`: in, out. `kind`: turn, notice, reply, campaign, code."""

    contact_id: int | None
    account_id: int | None
    channel: str
    direction: str
    kind: str
    text: str
    outbox_id: int | None = None


@dataclass(frozen=True, slots=True)
class LoggedInteraction:
    """A message of the log, for the page of one customer."""

    id: int
    at: datetime
    channel: str
    direction: str
    kind: str
    text: str
    outbox_id: int | None


_COLUMNS = ("id", "contact_id", "account_id", "channel", "direction", "kind", "text", "outbox_id", "at")


async def log(
    conn: AsyncConnection,
    context: Context,
    *,
    channel: str,
    direction: str,
    kind: str,
    text: str,
    contact_id: int | None = None,
    account_id: int | None = None,
    outbox_id: int | None = None,
) -> None:
    """Remember one message. `text` must be redacted already."""
    await log_many(conn, context, [Interaction(contact_id, account_id, channel, direction, kind, text, outbox_id)])


async def log_many(
    conn: AsyncConnection, context: Context, passed: Sequence[Interaction], *, again: bool = False
) -> None:
    """Remember a batch; with `again` a message of the outbox that is remembered already is left alone."""
    now = context.clock.now()
    ids = context.ids.take_many(len(passed))
    rows = [
        (row_id, one.contact_id, one.account_id, one.channel, one.direction, one.kind, one.text, one.outbox_id, now)
        for row_id, one in zip(ids, passed, strict=True)
    ]
    await bulk.insert_many(conn, interaction, _COLUMNS, rows, skip_known=again)


async def of_customer(
    conn: AsyncConnection,
    *,
    account_id: int | None = None,
    contact_ids: Sequence[int] = (),
    before: datetime | None = None,
    limit: int = 50,
) -> list[LoggedInteraction]:
    """The last messages of an account and of these contacts, newest first; `before` an instant for the next page."""
    mine: ColumnElement[bool] = interaction.c.contact_id.in_(contact_ids)
    mine = mine if account_id is None else or_(mine, interaction.c.account_id == account_id)
    wanted = select(*(interaction.c[name] for name in LoggedInteraction.__dataclass_fields__)).where(mine)
    if before is not None:
        wanted = wanted.where(interaction.c.at < before)
    rows = await conn.execute(wanted.order_by(interaction.c.at.desc(), interaction.c.id.desc()).limit(limit))
    return [LoggedInteraction(*row) for row in rows]
