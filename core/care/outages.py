"""Outages: what is wrong for everyone in an area. Known before she calls, told when she does, and one word to all when it is over."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.care import store
from core.care.model import SUPPLY, UNSOLVED, Outage
from core.care.tables import outage, ticket
from core.context import Context
from core.db.in_list import in_list
from core.errors import Refused
from core.outbox import queue
from core.outbox.queue import OutboxDraft
from core.parties.tables import premise, service

_COLUMNS = [outage.c[name] for name in Outage.__dataclass_fields__]


async def known(conn: AsyncConnection, _house: Context, *, area: str, commodity: str) -> Outage | None:
    """The outage we know of there, the latest first; None: all is well as far as we know."""
    query = select(*_COLUMNS).where(
        func.lower(outage.c.area) == area.lower(), outage.c.commodity == commodity, outage.c.ended_at.is_(None)
    )
    row = (await conn.execute(query.order_by(outage.c.started_at.desc(), outage.c.id.desc()).limit(1))).first()
    return Outage(*row) if row else None


async def running(conn: AsyncConnection) -> list[Outage]:
    """Every outage that is not over."""
    rows = await conn.execute(select(*_COLUMNS).where(outage.c.ended_at.is_(None)).order_by(outage.c.started_at))
    return [Outage(*row) for row in rows]


async def one(conn: AsyncConnection, outage_id: int) -> Outage:
    """One outage, over or not; `Refused` (404) where there is none."""
    row = (await conn.execute(select(*_COLUMNS).where(outage.c.id == outage_id))).first()
    if row is None:
        raise Refused("outage.unknown", status=404)
    return Outage(*row)


async def latest(conn: AsyncConnection, limit: int = 20) -> list[Outage]:
    """The last that are over, the newest first."""
    over = (
        select(*_COLUMNS).where(outage.c.ended_at.is_not(None)).order_by(outage.c.ended_at.desc(), outage.c.id.desc())
    )
    return [Outage(*row) for row in await conn.execute(over.limit(limit))]


async def reported(conn: AsyncConnection, outage_ids: Collection[int]) -> dict[int, int]:
    """How many unsolved tickets each of them explains."""
    query = select(ticket.c.outage_id, func.count()).where(
        in_list(conn, ticket.c.outage_id, outage_ids), ticket.c.state.in_(UNSOLVED)
    )
    return {row[0]: int(row[1]) for row in await conn.execute(query.group_by(ticket.c.outage_id))}


async def areas(conn: AsyncConnection, branch_id: int | None = None, limit: int = 500) -> list[str]:
    """The areas that are served, as the premises have them; of a branch, or of the house."""
    query = select(premise.c.area).where(premise.c.area != "").distinct().order_by(premise.c.area).limit(limit)
    if branch_id is not None:
        query = query.where(premise.c.branch_id == branch_id)
    return list((await conn.execute(query)).scalars())


async def branches_of(conn: AsyncConnection, area: str) -> set[int | None]:
    """Whose premises stand there; empty for an area that nobody serves."""
    query = select(premise.c.branch_id).where(func.lower(premise.c.area) == area.strip().lower()).distinct()
    return set((await conn.execute(query)).scalars())


async def may_say(conn: AsyncConnection, area: str, branch_id: int | None) -> None:
    """`Refused` where nobody is served there (a slip of the pen would tell nobody), or more than one's own branch is."""
    served = await branches_of(conn, area)
    if branch_id is not None and branch_id not in served:
        served = set()
    if not served:
        raise Refused("outage.no_such_area", status=404, area=area[:60])
    if branch_id is not None and served != {branch_id}:
        raise Refused("outage.of_others", status=403, area=area[:60])


async def begin(
    conn: AsyncConnection,
    context: Context,
    *,
    commodity: str,
    area: str,
    cause: str,
    actor: str,
    expected_until: datetime | None = None,
) -> Outage:
    """Record an outage (a second word about a running one is the same outage) and link the tickets it explains."""
    _not_past(context, expected_until)
    running_one = await known(conn, context, area=area, commodity=commodity)
    if running_one is not None:
        return running_one
    made = Outage(context.ids.take(), commodity, area, cause, context.clock.now(), expected_until, None)
    await conn.execute(insert(outage).values({name: getattr(made, name) for name in Outage.__dataclass_fields__}))
    await trail.note(conn, context, actor, "outage.began", f"outage:{made.id}", area=area, commodity=commodity)
    explained = list((await conn.execute(_explained(made))).scalars())
    await conn.execute(update(ticket).where(in_list(conn, ticket.c.id, explained)).values(outage_id=made.id))
    await store.happened(conn, context, explained, actor, "linked", outage=str(made.id))
    return made


def _explained(made: Outage) -> Select[int]:
    """The open tickets of that area and supply that no outage explains yet."""
    here = (
        select(premise.c.id)
        .join(service, service.c.premise_id == premise.c.id)
        .where(func.lower(premise.c.area) == made.area.lower(), service.c.commodity == made.commodity)
    )
    return (
        select(ticket.c.id)
        .where(
            ticket.c.premise_id.in_(here),
            ticket.c.kind.in_(SUPPLY),
            ticket.c.state.in_(UNSOLVED),
            ticket.c.outage_id.is_(None),
        )
        .order_by(ticket.c.id)
    )


async def expect(conn: AsyncConnection, context: Context, outage_id: int, until: datetime | None, actor: str) -> None:
    """A new word on when it will be over; None: nobody knows."""
    if (await one(conn, outage_id)).ended_at is not None:
        raise Refused("outage.over")
    _not_past(context, until)
    await conn.execute(update(outage).where(outage.c.id == outage_id).values(expected_until=until))
    await trail.note(conn, context, actor, "outage.expected", f"outage:{outage_id}", until=until and until.isoformat())


def _not_past(context: Context, until: datetime | None) -> None:
    if until is not None and until <= context.clock.now():
        raise Refused("outage.in_the_past", status=400)


async def end(conn: AsyncConnection, context: Context, outage_id: int, actor: str) -> int:
    """It is over: its tickets are solved and everyone who reported it hears of it once; how many tickets there were."""
    row = (await conn.execute(select(*_COLUMNS).where(outage.c.id == outage_id).with_for_update())).first()
    if row is None:
        raise Refused("outage.unknown", status=404)
    if row.ended_at is not None:
        return 0
    over = Outage(*row)
    await conn.execute(update(outage).where(outage.c.id == outage_id).values(ended_at=context.clock.now()))
    await trail.note(conn, context, actor, "outage.ended", f"outage:{outage_id}")
    mine = select(ticket.c.id, ticket.c.contact_id, ticket.c.account_id, ticket.c.reference).where(
        ticket.c.outage_id == outage_id, ticket.c.state.in_(UNSOLVED)
    )
    tickets = (await conn.execute(mine.order_by(ticket.c.id))).all()
    ids = [one.id for one in tickets]
    await store.happened(conn, context, ids, actor, "solved", outage=str(outage_id))
    await store.stand(conn, context, ids, "solved")
    letters = [
        OutboxDraft(
            f"outage-over:{outage_id}:{one.contact_id or one.account_id}",
            "notice",
            "ticket.outage_over",
            {"area": over.area, "reference": one.reference},
            contact_id=one.contact_id,
            account_id=one.account_id,
            subject_id=one.id,
        )
        for one in tickets
    ]
    await queue.enqueue_many(conn, context, letters)
    return len(tickets)
