"""Outages: what is wrong for everyone in an area. Known before she calls, told when she does, and one word to all when it is over."""

from datetime import datetime

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit, outbox
from core.care import store
from core.care.model import SUPPLY, UNSOLVED, Outage
from core.care.tables import outage, ticket
from core.errors import Refused
from core.house import House
from core.outbox import Letter
from core.parties.tables import premise, service
from core.sets import among

_COLUMNS = [outage.c[name] for name in Outage.__dataclass_fields__]


async def known(conn: AsyncConnection, _house: House, *, area: str, commodity: str) -> Outage | None:
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


async def begin(
    conn: AsyncConnection, house: House, *, commodity: str, area: str, cause: str, actor: str,
    expected_until: datetime | None = None,
) -> Outage:  # fmt: skip
    """Record an outage (a second word about a running one is the same outage) and link the tickets it explains."""
    running_one = await known(conn, house, area=area, commodity=commodity)
    if running_one is not None:
        return running_one
    made = Outage(house.ids.take(), commodity, area, cause, house.clock.now(), expected_until, None)
    await conn.execute(insert(outage).values({name: getattr(made, name) for name in Outage.__dataclass_fields__}))
    await audit.note(conn, house, actor, "outage.began", f"outage:{made.id}", area=area, commodity=commodity)
    explained = list((await conn.execute(_explained(made))).scalars())
    await conn.execute(update(ticket).where(among(conn, ticket.c.id, explained)).values(outage_id=made.id))
    await store.happened(conn, house, explained, actor, "linked", outage=str(made.id))
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
            ticket.c.premise_id.in_(here), ticket.c.kind.in_(SUPPLY), ticket.c.state.in_(UNSOLVED),
            ticket.c.outage_id.is_(None),
        )
        .order_by(ticket.c.id)
    )  # fmt: skip


async def expect(conn: AsyncConnection, house: House, outage_id: int, until: datetime | None, actor: str) -> None:
    """A new word on when it will be over."""
    await conn.execute(update(outage).where(outage.c.id == outage_id).values(expected_until=until))
    await audit.note(conn, house, actor, "outage.expected", f"outage:{outage_id}", until=until and until.isoformat())


async def end(conn: AsyncConnection, house: House, outage_id: int, actor: str) -> int:
    """It is over: its tickets are solved and everyone who reported it hears of it once; how many tickets there were."""
    row = (await conn.execute(select(*_COLUMNS).where(outage.c.id == outage_id).with_for_update())).first()
    if row is None:
        raise Refused("outage.unknown", status=404)
    if row.ended_at is not None:
        return 0
    over = Outage(*row)
    await conn.execute(update(outage).where(outage.c.id == outage_id).values(ended_at=house.clock.now()))
    await audit.note(conn, house, actor, "outage.ended", f"outage:{outage_id}")
    mine = select(ticket.c.id, ticket.c.contact_id, ticket.c.account_id, ticket.c.reference).where(
        ticket.c.outage_id == outage_id, ticket.c.state.in_(UNSOLVED)
    )
    tickets = (await conn.execute(mine.order_by(ticket.c.id))).all()
    ids = [one.id for one in tickets]
    await store.happened(conn, house, ids, actor, "solved", outage=str(outage_id))
    await store.stand(conn, house, ids, "solved")
    letters = [
        Letter(
            f"outage-over:{outage_id}:{one.contact_id or one.account_id}", "notice", "ticket.outage_over",
            {"area": over.area, "reference": one.reference}, contact_id=one.contact_id, account_id=one.account_id,
            subject_id=one.id,
        )
        for one in tickets
    ]  # fmt: skip
    await outbox.enqueue_many(conn, house, letters)
    return len(tickets)
