"""Two contacts on file whose numbers are spellings of one (`core/phone.py`): shown to a person, who says whether they are one.

Nothing is merged by itself, and until somebody says so each account keeps the contact it was linked to. Joined, the one that stays has the
links of both, and every spelling leads to it; STOP said to either holds.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, delete, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.engine import insert
from core.db.in_list import in_list
from core.errors import Refused
from core.parties import consent
from core.parties.contacts import BY_NUMBER
from core.parties.tables import account, contact, contact_account, contact_apart, party
from core.phone import masked

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, and what it is linked to: (number of the account, its holder)."""

    id: int
    channel: str
    user: str
    accounts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SpellingPair:
    """Two contacts that may be one person; `one` has the lower id."""

    one: Side
    other: Side


async def pairs(conn: AsyncConnection, branch_id: int | None, limit: int = MOST_SHOWN) -> list[SpellingPair]:
    """Those that nobody has decided on; of a branch, only where both are linked to its accounts alone."""
    rows = (await conn.execute(_undecided(branch_id).limit(limit))).all()
    held = await _accounts(conn, {at for row in rows for at in (row.one_id, row.other_id)})

    def side(at: int, row: Row[Any], user: str) -> Side:
        return Side(at, row.channel, user, tuple(held[at]))

    return [SpellingPair(side(row.one_id, row, row.one_user), side(row.other_id, row, row.other_user)) for row in rows]


def _undecided(branch_id: int | None) -> Select[Any]:
    several = (
        select(contact.c.subscriber, contact.c.channel)
        .where(contact.c.subscriber.is_not(None), contact.c.channel.in_(BY_NUMBER))
        .group_by(contact.c.subscriber, contact.c.channel)
        .having(func.count() > 1)
    ).subquery()
    one, other = contact.alias("one"), contact.alias("other")
    same = [
        and_(side.c.subscriber == several.c.subscriber, side.c.channel == several.c.channel) for side in (one, other)
    ]
    decided = select(contact_apart.c.by).where(
        contact_apart.c.one_id == one.c.id, contact_apart.c.other_id == other.c.id
    )
    query = (
        select(
            one.c.id.label("one_id"),
            one.c.channel_user.label("one_user"),
            other.c.id.label("other_id"),
            other.c.channel_user.label("other_user"),
            one.c.channel,
        )
        .select_from(several.join(one, same[0]).join(other, and_(same[1], other.c.id > one.c.id)))
        .where(~decided.exists())
        .order_by(one.c.id, other.c.id)
    )
    if branch_id is None:
        return query
    held = select(contact_account.c.contact_id).join(account, account.c.id == contact_account.c.account_id)
    ours, foreign = held.where(account.c.branch_id == branch_id), held.where(account.c.branch_id != branch_id)
    for side in (one, other):
        mine = contact_account.c.contact_id == side.c.id
        query = query.where(ours.where(mine).exists(), ~foreign.where(mine).exists())
    return query


async def _accounts(conn: AsyncConnection, ids: Collection[int]) -> dict[int, list[tuple[str, str]]]:
    rows = await conn.execute(
        select(contact_account.c.contact_id, account.c.number, party.c.name)
        .join(account, account.c.id == contact_account.c.account_id)
        .join(party, party.c.id == account.c.party_id)
        .where(in_list(conn, contact_account.c.contact_id, ids))
        .order_by(account.c.number)
    )
    held: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        held[row.contact_id].append((row.number, row.name))
    return held


async def _standing(conn: AsyncConnection, one_id: int, other_id: int, branch_id: int | None) -> None:
    """`Refused` where these two are no such pair (any more), or none of this branch."""
    first, second = sorted((one_id, other_id))
    ids = or_(contact.c.id == first, contact.c.id == second)
    await conn.execute(select(contact.c.id).where(ids).order_by(contact.c.id).with_for_update())
    wanted = _undecided(branch_id).subquery()
    pair = select(wanted.c.one_id).where(wanted.c.one_id == first, wanted.c.other_id == second)
    if (await conn.execute(pair)).first() is None:
        raise Refused("desk.no_pair", status=404)


async def leave_apart(
    conn: AsyncConnection, context: Context, one_id: int, other_id: int, *, actor: str, branch_id: int | None
) -> None:
    """They are two people: not asked again."""
    await _standing(conn, one_id, other_id, branch_id)
    first, second = sorted((one_id, other_id))
    row = {"one_id": first, "other_id": second, "by": actor, "at": context.clock.now()}
    await conn.execute(insert(conn, contact_apart).values(row))
    await trail.note(conn, context, actor, "contact.apart", f"contact:{first}", other=str(second))


async def join(
    conn: AsyncConnection, context: Context, keep_id: int, gone_id: int, *, actor: str, branch_id: int | None
) -> None:
    """They are one: `keep_id` stays, with the links of both."""
    await _standing(conn, keep_id, gone_id, branch_id)
    gone = (await conn.execute(select(contact).where(contact.c.id == gone_id))).one()
    keep = (await conn.execute(select(contact).where(contact.c.id == keep_id))).one()
    link = contact_account.c
    held = select(literal(keep_id), link.account_id, link.linked_at, link.how).where(link.contact_id == gone_id)
    moved = insert(conn, contact_account).from_select(["contact_id", "account_id", "linked_at", "how"], held)
    await conn.execute(moved.on_conflict_do_nothing())
    await conn.execute(delete(contact_account).where(link.contact_id == gone_id))
    if gone.stopped_at is not None:
        await consent.stop(conn, context, keep_id, channel=gone.channel, word="joined", at=gone.stopped_at)
    for sender in (await consent.stops_of(conn, [gone_id])).get(gone_id, ()):
        await consent.stop(conn, context, keep_id, sender=sender, channel=gone.channel, word="joined")
    text = {"marketing": keep.marketing and gone.marketing, "party_id": keep.party_id or gone.party_id}
    stays = update(contact).where(contact.c.id == keep_id)
    await conn.execute(stays.values(**text))
    left = {"channel_user": f"{gone.channel_user}#{gone_id}", "phone": None, "subscriber": None, "party_id": None}
    await conn.execute(update(contact).where(contact.c.id == gone_id).values(**left))
    await trail.note(conn, context, actor, "contact.joined", f"contact:{keep_id}", other=masked(gone.channel_user))
