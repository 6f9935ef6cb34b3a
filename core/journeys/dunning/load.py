"""How accounts stand with what is overdue: the facts of bills, payments, disputes, notices and arrangements, gathered by sets.

Collections know none of these rooms; what the ladder needs to know of them meets here, a handful of statements for any number of
accounts. `open_item.disputed_minor` is never counted as payable, and what a running arrangement covers is not either.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Row, Text, cast, literal, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.billing.tables import invoice
from core.collections import agency, queries
from core.collections.calendar import Calendar
from core.collections.ladder import Rules
from core.collections.model import Episode, OverduePosition
from core.collections.tables import episode, ladder_step
from core.context import Context
from core.db.in_list import in_list
from core.ledger.tables import open_item
from core.outbox.queue import outbox
from core.parties.tables import account
from core.payments.model import LIVE
from core.payments.tables import attempt, collection, mandate


def rules_of(context: Context, segment: str) -> Rules:
    """The ladder of a segment, with this operator's calendar."""
    ladder = context.operator.collections.ladder_of(context.operator.country, segment)
    ladder = ladder if context.site.network_connected else ladder.without_bars()
    minimum = money.parse(ladder.minimum, context.currency)
    return Rules(ladder, Calendar(context.operator.country, ladder.closed), minimum)


async def candidates(conn: AsyncConnection, on: date, after: int, limit: int) -> list[int]:
    """Accounts with something overdue on `on` or an open episode, by id, after `after`."""
    overdue = select(open_item.c.account_id).where(open_item.c.due_on < on, open_item.c.open_minor > 0)
    chased = select(episode.c.open_id).where(episode.c.open_id.is_not(None))
    either = union(overdue.where(open_item.c.account_id > after), chased.where(episode.c.open_id > after)).subquery()
    query = select(either.c.account_id).order_by(either.c.account_id).limit(limit)
    return list((await conn.execute(query)).scalars())


async def standings(
    conn: AsyncConnection, context: Context, on: date, account_ids: Sequence[int]
) -> list[OverduePosition]:
    """How each of these accounts stands on `on`, in the order given."""
    if not account_ids:
        return []
    items = await items_of(conn, on, account_ids)
    covered = await queries.covered(conn, account_ids)
    return [
        with_debt(bare, items[bare.account_id], covered, on) for bare in await _bare(conn, context, on, account_ids)
    ]


async def _bare(conn: AsyncConnection, context: Context, on: date, account_ids: Sequence[int]) -> list[OverduePosition]:
    """Everything but the debt."""
    segments = await _segments(conn, account_ids)
    episodes = await _episodes(conn, account_ids)
    text = await _told(conn, context, [one.id for one in episodes.values()])
    paying = await _paying(conn, on, account_ids)
    protected = await queries.protected(conn, account_ids, on)
    placed = await agency.placed(conn, account_ids)
    return [
        OverduePosition(
            account_id,
            segments[account_id],
            0,
            pending=account_id in paying,
            protections=frozenset(protected.get(account_id, ())),
            episode=episodes.get(account_id),
            told_on=_told_on(episodes.get(account_id), text),
            agency=placed.get(account_id),
        )
        for account_id in account_ids
    ]


def with_debt(bare: OverduePosition, items: Sequence[Any], covered: dict[int, int], on: date) -> OverduePosition:
    """The same account with what is overdue on `on` of these items. Pure."""
    payable, disputed, arranged = 0, 0, 0
    due: list[date] = []
    billed: list[date] = []
    corrected: list[date] = []
    for item in items:
        if item.due_on >= on:
            continue
        free = item.open_minor - item.disputed_minor
        under = min(free, covered.get(item.invoice_id, 0))
        disputed, arranged, payable = disputed + item.disputed_minor, arranged + under, payable + free - under
        if free > under:
            due.append(item.due_on)
            if item.issued_on:
                billed.append(item.issued_on)
                corrected += [item.issued_on] if item.revision else []
    return replace(
        bare,
        payable_minor=payable,
        oldest_due=min(due, default=None),
        oldest_billed=min(billed, default=None),
        disputed_minor=disputed,
        arranged_minor=arranged,
        corrected_on=max(corrected, default=None),
    )


async def _segments(conn: AsyncConnection, account_ids: Sequence[int]) -> dict[int, str]:
    rows = await conn.execute(select(account.c.id, account.c.segment).where(in_list(conn, account.c.id, account_ids)))
    return {row.id: row.segment for row in rows}


async def items_of(conn: AsyncConnection, on: date, account_ids: Sequence[int]) -> dict[int, list[Any]]:
    """What is open of these accounts and due before `on`."""
    names = ("account_id", "invoice_id", "due_on", "open_minor", "disputed_minor")
    query = (
        select(*(open_item.c[name] for name in names), invoice.c.issued_on, invoice.c.revision)
        .join(invoice, invoice.c.id == open_item.c.invoice_id)
        .where(in_list(conn, open_item.c.account_id, account_ids), open_item.c.due_on < on, open_item.c.open_minor > 0)
    )
    match: dict[int, list[Any]] = defaultdict(list)
    for row in await conn.execute(query):
        match[row.account_id].append(row)
    return match


async def _episodes(conn: AsyncConnection, account_ids: Sequence[int]) -> dict[int, Episode]:
    columns = [episode.c[name] for name in Episode.__dataclass_fields__]
    query = select(episode.c.account_id, *columns).where(in_list(conn, episode.c.open_id, account_ids))
    return {row[0]: Episode(*row[1:]) for row in await conn.execute(query)}


async def _told(conn: AsyncConnection, context: Context, episode_ids: Sequence[int]) -> dict[tuple[int, int], Row[Any]]:
    """(episode, round) -> when and how surely the formal notice of that round reached them."""
    letter = outbox.c.key == literal("ladder:") + cast(ladder_step.c.id, Text)
    names = ("episode_id", "round", "told_on")
    query = (
        select(*(ladder_step.c[name] for name in names), outbox.c.state, outbox.c.settled_at, account.c.segment)
        .join(account, account.c.id == ladder_step.c.account_id)
        .outerjoin(outbox, letter)
        .where(in_list(conn, ladder_step.c.episode_id, episode_ids), ladder_step.c.step == "formal")
    )
    match: dict[tuple[int, int], Row[Any]] = {}
    for row in await conn.execute(query):
        ladder = context.operator.collections.ladder_of(context.operator.country, row.segment)
        enough = ("delivered",) if ladder.proof == "delivered" else ("delivered", "sent")
        if row.told_on:
            match[row.episode_id, row.round] = row.told_on
        elif row.state in enough and row.settled_at:
            match[row.episode_id, row.round] = row.settled_at.astimezone(context.zone).date()
    return match


def _told_on(one: Episode | None, told: dict[tuple[int, int], Any]) -> date | None:
    return told.get((one.id, one.round)) if one else None


async def _paying(conn: AsyncConnection, on: date, account_ids: Sequence[int]) -> set[int]:
    """Accounts from which money may be on its way: a live attempt, or a mandate that has yet to collect what is overdue."""
    trying = select(attempt.c.account_id).where(
        in_list(conn, attempt.c.account_id, account_ids), attempt.c.state.in_(LIVE)
    )
    collecting = (
        select(collection.c.account_id)
        .join(mandate, mandate.c.id == collection.c.mandate_id)
        .join(open_item, open_item.c.invoice_id == collection.c.invoice_id)
        .where(
            in_list(conn, collection.c.account_id, account_ids),
            collection.c.state == "planned",
            mandate.c.state == "active",
            open_item.c.due_on < on,
        )
    )
    return set((await conn.execute(union(trying, collecting))).scalars())
