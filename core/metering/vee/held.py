"""Readings that wait for a person: what was read, what stood there before, and what would be billed if it counted.

A person accepts one, puts another in its place, or has the meter read again; what was read is kept in every case. The rules of `reads.py`
judge a replacement as well: who keeps what they doubt says so.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.bulk import insert_many
from core.db.in_list import in_list
from core.errors import Refused
from core.metering.store.readings import ACCEPTED, COLUMNS, HELD, ORDERED, REPLACED, WAITING, release
from core.metering.tables import meter, reading
from core.metering.units import MICRO
from core.metering.vee.plausibility import Point, doubt
from core.metering.vee.register_interpolation import scaled_one
from core.parties.tables import account, branch, party, service
from core.text import say


@dataclass(frozen=True, slots=True)
class ReadingHeld:
    """A reading that waits, and what surrounds it; `value_micro` as the dials showed it."""

    id: int
    meter_id: int
    serial: str
    unit: str
    dials: int
    multiplier_micro: int
    register: str
    read_on: date
    value_micro: int
    source: str
    state: str
    reason: str | None
    received_at: datetime
    ticket_id: int | None
    account_id: int | None
    number: str | None
    name: str | None
    branch: str | None
    before: Point | None = None
    after: Point | None = None

    @property
    def counts_micro(self) -> int | None:
        """What would be billed since the reading before; None without one. Lower than before means that the dials turned over."""
        return None if self.before is None else self.counted(self.value_micro)

    def counted(self, value_micro: int) -> int:
        """What that value comes to since the reading before, as a bill counts it."""
        step = value_micro - (self.before.value_micro if self.before else 0)
        return scaled_one(step if step >= 0 else step + 10**self.dials * MICRO, self.multiplier_micro)

    @property
    def turned(self) -> bool:
        """Whether accepting it says that the dials passed their last figure."""
        return self.before is not None and self.value_micro < self.before.value_micro


def _query() -> Select[Any]:
    r, m = reading.c, meter.c
    return (
        select(
            r.id,
            r.meter_id,
            m.serial,
            m.unit,
            m.dials,
            m.multiplier_micro,
            r.register,
            r.read_on,
            r.value_micro,
            r.source,
            r.state,
            r.reason,
            r.received_at,
            r.ticket_id,
            account.c.id,
            account.c.number,
            party.c.name,
            branch.c.code,
        )
        .join_from(reading, meter, m.id == r.meter_id)
        .outerjoin(service, service.c.id == m.service_id)
        .outerjoin(account, account.c.id == service.c.account_id)
        .outerjoin(party, party.c.id == account.c.party_id)
        .outerjoin(branch, branch.c.id == account.c.branch_id)
    )


async def listing(
    conn: AsyncConnection, *, branch_code: str | None = None, offset: int = 0, limit: int = 50
) -> list[ReadingHeld]:
    """A page of them, the longest wait first."""
    query = _query().where(reading.c.state.in_(WAITING))
    if branch_code is not None:
        query = query.where(branch.c.code == branch_code)
    rows = await conn.execute(query.order_by(reading.c.received_at, reading.c.id).offset(offset).limit(limit))
    return await _surrounded(conn, [ReadingHeld(*row) for row in rows])


async def count(conn: AsyncConnection) -> int:
    """How many wait in the whole house."""
    query = select(func.count()).select_from(reading).where(reading.c.state.in_(WAITING))
    return int((await conn.execute(query)).scalar_one())


async def one(conn: AsyncConnection, reading_id: int, *, lock: bool = False) -> ReadingHeld:
    """One that waits; `Refused` (404) where it does not."""
    query = _query().where(reading.c.id == reading_id, reading.c.state.in_(WAITING))
    row = (await conn.execute(query.with_for_update(of=reading) if lock else query)).first()
    if row is None:
        raise Refused("held.unknown", status=404)
    return (await _surrounded(conn, [ReadingHeld(*row)]))[0]


async def _surrounded(conn: AsyncConnection, found: list[ReadingHeld]) -> list[ReadingHeld]:
    """Each with the accepted reading before it and the one after."""
    points = await _accepted(conn, {one.meter_id for one in found})
    return [_between(one, points[one.meter_id, one.register]) for one in found]


async def _accepted(conn: AsyncConnection, meter_ids: set[int]) -> dict[tuple[int, str], list[Point]]:
    r = reading.c
    rows = await conn.execute(
        select(r.meter_id, r.register, r.read_on, r.value_micro)
        .where(in_list(conn, r.meter_id, meter_ids), r.state == ACCEPTED)
        .order_by(r.read_on, r.revision)
    )
    days: dict[tuple[int, str], dict[date, int]] = defaultdict(dict)
    for meter_id, register, read_on, value in rows:
        days[meter_id, register][read_on] = value
    match: dict[tuple[int, str], list[Point]] = defaultdict(list)
    for key, values in days.items():
        match[key] = [Point(*pair) for pair in values.items()]
    return match


def _between(one: ReadingHeld, points: list[Point]) -> ReadingHeld:
    before = [point for point in points if point.read_on < one.read_on]
    after = next((point for point in points if point.read_on > one.read_on), None)
    return replace(one, before=before[-1] if before else None, after=after)


async def accept(conn: AsyncConnection, context: Context, found: ReadingHeld, *, sure: bool, actor: str) -> None:
    """It counts. One that is lower than before has to be meant: a whole turn of the dials would be billed."""
    if found.turned and not sure:
        raise Refused("held.turned", counts=_units(found.counted(found.value_micro)), unit=found.unit)
    if not await release(conn, context, found.id, actor):
        raise Refused("held.unknown", status=404)


async def put_instead(
    conn: AsyncConnection,
    context: Context,
    found: ReadingHeld,
    value_micro: int,
    *,
    sure: bool,
    reason: str,
    actor: str,
) -> int:
    """Another value counts in its place; the id of the new reading. What is doubtful as well has to be meant."""
    if value_micro >= 10**found.dials * MICRO:
        raise Refused("reject.beyond_dials", status=400, dials=found.dials, serial=found.serial)
    points = (await _accepted(conn, {found.meter_id}))[found.meter_id, found.register]
    before = [point for point in points if point.read_on < found.read_on]
    why = doubt(Point(found.read_on, value_micro), before, found.after, found.dials)
    if why is not None and not sure:
        raise Refused("held.doubtful", why=say("en", why, serial=found.serial, day=found.read_on))
    r = reading.c
    same = (r.meter_id == found.meter_id) & (r.register == found.register) & (r.read_on == found.read_on)
    last = await conn.execute(select(func.max(r.revision)).where(same, r.source == found.source))
    new_id = context.ids.take()
    row = (
        new_id,
        found.meter_id,
        found.register,
        found.read_on,
        value_micro,
        found.source,
        int(last.scalar_one()) + 1,
        ACCEPTED,
        reason[:300],
        None,
        context.clock.now(),
    )
    await insert_many(conn, reading, COLUMNS, [row])
    await conn.execute(update(reading).where(r.id == found.id).values(state=REPLACED))
    await trail.note(
        conn,
        context,
        actor,
        "reading.replaced",
        f"reading:{found.id}",
        was=found.value_micro,
        now=value_micro,
        why=reason[:300],
    )
    return new_id


async def order(conn: AsyncConnection, context: Context, found: ReadingHeld, actor: str) -> None:
    """The meter is to be read again; its bill waits until it is."""
    if found.state != HELD:
        raise Refused("held.ordered_already")
    await conn.execute(update(reading).where(reading.c.id == found.id).values(state=ORDERED))
    await trail.note(conn, context, actor, "reading.ordered", f"reading:{found.id}")


async def tied(conn: AsyncConnection, reading_id: int, ticket_id: int) -> None:
    """The ticket under which its customer hears of it."""
    await conn.execute(update(reading).where(reading.c.id == reading_id).values(ticket_id=ticket_id))


def _units(micro: int) -> str:
    return f"{micro // MICRO:,}"
