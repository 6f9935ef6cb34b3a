"""Whom a campaign means, and how far it is."""

from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.campaigns.model import Campaign, Progress, Segment
from core.campaigns.tables import campaign, campaign_member
from core.ledger.tables import open_item
from core.outbox import queue
from core.parties.tables import account, branch, contact, contact_account, sender_stop

COLUMNS = [campaign.c[name] for name in Campaign.__dataclass_fields__]
UNSETTLED = ("waiting", "claimed", "leaving")


def as_campaign(row: Any) -> Campaign:
    """A row as a value."""
    values = row._asdict()
    return Campaign(**(values | {"segment": Segment(**values["segment"])}))


async def campaigns(conn: AsyncConnection, limit: int = 50) -> list[Campaign]:
    """The campaigns, newest first."""
    rows = await conn.execute(
        select(*COLUMNS).order_by(campaign.c.created_at.desc(), campaign.c.id.desc()).limit(limit)
    )
    return [as_campaign(row) for row in rows]


async def by_id(conn: AsyncConnection, campaign_id: int) -> Campaign | None:
    """One campaign."""
    row = (await conn.execute(select(*COLUMNS).where(campaign.c.id == campaign_id))).first()
    return None if row is None else as_campaign(row)


async def members_after(
    conn: AsyncConnection, segment: Segment, channel: str, after: int, limit: int, sender: str | None = None
) -> list[int]:
    """The next contacts of a segment by id, of those who agree to hear from us (from this sender)."""
    query = select(contact.c.id).where(*_meant(segment, channel, sender), contact.c.id > after)
    return list((await conn.execute(query.order_by(contact.c.id).limit(limit))).scalars())


async def audience(conn: AsyncConnection, segment: Segment, channel: str = "sms", sender: str | None = None) -> int:
    """How many contacts a segment means now: shown before a campaign is planned."""
    query = select(func.count()).select_from(contact).where(*_meant(segment, channel, sender))
    return int((await conn.execute(query)).scalar_one())


def _meant(segment: Segment, channel: str, sender: str | None) -> list[ColumnElement[bool]]:
    terms: list[ColumnElement[bool]] = [
        contact.c.channel == ("phone" if channel == "sms" else channel),
        contact.c.marketing.is_(True),
        contact.c.stopped_at.is_(None),
    ]
    if sender is not None:
        stop = sender_stop.c
        terms.append(~exists().where(stop.contact_id == contact.c.id, func.lower(stop.sender) == sender.lower()))
    if segment.language is not None:
        terms.append(contact.c.language == segment.language)
    if segment.branch is not None or segment.customers is not None or segment.owing is not None:
        terms.append(_with_account(segment))
    return terms


def _with_account(segment: Segment) -> ColumnElement[bool]:
    """They have an account that fits all the conditions."""
    query = (
        select(contact_account.c.account_id)
        .join(account, account.c.id == contact_account.c.account_id)
        .where(contact_account.c.contact_id == contact.c.id)
    )
    if segment.branch is not None:
        query = query.join(branch, branch.c.id == account.c.branch_id).where(branch.c.code == segment.branch)
    if segment.customers is not None:
        query = query.where(account.c.segment == segment.customers)
    if segment.owing is not None:
        owes = exists().where(
            open_item.c.account_id == account.c.id, open_item.c.open_minor > open_item.c.disputed_minor
        )
        query = query.where(owes if segment.owing else ~owes)
    return query.exists()


async def progress(conn: AsyncConnection, campaign_id: int) -> Progress | None:
    """How far a campaign is."""
    match = await by_id(conn, campaign_id)
    if match is None:
        return None
    rows = await conn.execute(
        select(queue.outbox.c.state, func.count())
        .join(campaign_member, campaign_member.c.outbox_id == queue.outbox.c.id)
        .where(campaign_member.c.campaign_id == campaign_id)
        .group_by(queue.outbox.c.state)
    )
    states = {row[0]: int(row[1]) for row in rows}
    left = sum(states.pop(state, 0) for state in UNSETTLED)
    return Progress(match.state, match.chosen, left, states)
