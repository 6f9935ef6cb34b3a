"""Plans campaigns, moves them on, and puts the next batch of their members into the outbox.

The cursor (`last_contact_id`), the members and their outbox rows commit together, so a feeder that is killed loses nobody and takes
nobody twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.campaigns.model import MOVES, NONE, Campaign, Segment, checked, checked_terms
from core.campaigns.queries import COLUMNS, as_campaign, members_after
from core.campaigns.tables import campaign, campaign_member
from core.context import Context
from core.db import bulk
from core.errors import Refused
from core.outbox import queue
from core.outbox.queue import CAMPAIGN, OutboxDraft

AHEAD = 2_000
"""No more rows of a campaign than this wait in the outbox: pausing is quick, and a code's claim is cheap."""
BATCH = 500
_MEMBER = ("campaign_id", "contact_id", "outbox_id", "arm")


async def plan(
    conn: AsyncConnection,
    context: Context,
    *,
    name: str,
    texts: Mapping[str, str],
    segment: Segment,
    channel: str = "sms",
    starts_at: datetime | None = None,
    actor: str,
    texts_b: Mapping[str, str] | None = None,
    holdout_percent: int = 0,
    window: tuple[str, str] | None = None,
    per_minute: int | None = None,
    sender: str | None = None,
) -> Campaign:
    """A new campaign, which begins by itself at `starts_at` (now). `window`: the hours (`09:00`, `17:00`) in which it may leave; `sender`:
    which of ours its SMS come from, where there are several.
    """
    words, second = checked(texts), checked(texts_b) if texts_b else None
    checked_terms(holdout_percent, window, per_minute)
    same = await conn.execute(select(campaign.c.id).where(campaign.c.name == name))
    if same.first() is not None:
        raise Refused("campaign.name_taken", name=name)
    now = context.clock.now()
    opens, shuts = window or (None, None)
    made = Campaign(
        context.ids.take(),
        name,
        words,
        segment,
        channel,
        starts_at or now,
        "planned",
        0,
        0,
        second,
        holdout_percent,
        opens,
        shuts,
        per_minute,
        None,
        sender,
    )
    row = {column: getattr(made, column) for column in Campaign.__dataclass_fields__} | {"segment": segment.as_json()}
    await conn.execute(insert(campaign).values(row | {"created_by": actor, "created_at": now}))
    await trail.note(conn, context, actor, "campaign.planned", f"campaign:{made.id}", name=name)
    return made


async def move(conn: AsyncConnection, context: Context, campaign_id: int, to: str, actor: str) -> Campaign:
    """Pause, resume (`running`) or cancel; what waits in the outbox heeds it when it is claimed."""
    match = await hold(conn, campaign_id)
    if to == match.state:
        return match
    if to not in MOVES[match.state]:
        raise Refused("campaign.no_such_move", state=match.state, to=to)
    await conn.execute(update(campaign).where(campaign.c.id == campaign_id).values(state=to))
    await trail.note(conn, context, actor, f"campaign.{to}", f"campaign:{campaign_id}")
    return await hold(conn, campaign_id)


async def hold(conn: AsyncConnection, campaign_id: int) -> Campaign:
    """One campaign, its row locked."""
    row = (await conn.execute(select(*COLUMNS).where(campaign.c.id == campaign_id).with_for_update())).first()
    if row is None:
        raise Refused("campaign.unknown", status=404)
    return as_campaign(row)


async def begin_due(conn: AsyncConnection, context: Context) -> list[int]:
    """Begin what is planned for now or before; the ids of all that run."""
    due = (campaign.c.state == "planned") & (campaign.c.starts_at <= context.clock.now())
    await conn.execute(update(campaign).where(due).values(state="running"))
    rows = await conn.execute(select(campaign.c.id).where(campaign.c.state == "running").order_by(campaign.c.id))
    return list(rows.scalars())


async def feed(conn: AsyncConnection, context: Context, campaign_id: int) -> int:
    """Put the next batch into the outbox; how many (0: enough wait already, or all were chosen). Ends the campaign when all left."""
    match = await hold(conn, campaign_id)
    if match.state != "running":
        return 0
    waiting = await _waiting(conn, campaign_id)
    if waiting >= AHEAD:
        return 0
    size = match.per_minute or BATCH
    chosen = await members_after(conn, match.segment, match.channel, match.last_contact_id, size, match.sender)
    if not chosen:
        if not waiting:
            await conn.execute(update(campaign).where(campaign.c.id == campaign_id).values(state="done"))
        return 0
    await _choose(conn, context, match, chosen)
    return len(chosen)


async def _waiting(conn: AsyncConnection, campaign_id: int) -> int:
    table = queue.outbox.c
    query = select(func.count()).where(
        table.state.in_(("waiting", "claimed", "leaving")),
        table.priority == CAMPAIGN,
        table.kind == "campaign",
        table.subject_id == campaign_id,
    )
    return int((await conn.execute(query)).scalar_one())


async def _choose(conn: AsyncConnection, context: Context, found: Campaign, contact_ids: Sequence[int]) -> None:
    arms = {contact_id: found.arm(contact_id) for contact_id in contact_ids}
    text = [contact_id for contact_id in contact_ids if arms[contact_id] != NONE]
    ids = dict(zip(text, context.ids.take_many(len(text)), strict=True))
    settled = {"from": found.sender} if found.sender else {}
    letters = [
        OutboxDraft(
            f"campaign:{found.id}:{contact_id}",
            "campaign",
            "campaign",
            {"arm": arms[contact_id], **settled} if found.texts_b else settled,
            channel=found.channel,
            contact_id=contact_id,
            subject_id=found.id,
            priority=CAMPAIGN,
        )
        for contact_id in text
    ]
    times, next_at = _paced(context.clock.now(), found, len(letters))
    await queue.enqueue_many(conn, context, letters, ids=list(ids.values()), known=False, times=times)
    members = [(found.id, contact_id, ids.get(contact_id), arms[contact_id]) for contact_id in contact_ids]
    await bulk.insert_many(conn, campaign_member, _MEMBER, members)
    await conn.execute(
        update(campaign)
        .where(campaign.c.id == found.id)
        .values(last_contact_id=contact_ids[-1], chosen=campaign.c.chosen + len(contact_ids), next_at=next_at)
    )


def _paced(now: datetime, found: Campaign, count: int) -> tuple[list[datetime] | None, datetime | None]:
    """When each of the next `count` may leave, and when the one after them; None: as fast as it goes."""
    if found.per_minute is None:
        return None, None
    step, first = timedelta(minutes=1) / found.per_minute, max(now, found.next_at or now)
    return [first + step * place for place in range(count)], first + step * count
