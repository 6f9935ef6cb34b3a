"""Register readings into the store: known ones left alone, corrected ones as a revision, doubtful ones held for a person."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.bulk import insert_many, update_many
from core.db.in_list import in_list
from core.metering import tables as t
from core.metering.consumption.installations import heard_of, register_of, unknown_register
from core.metering.units import MICRO
from core.metering.vee.plausibility import Point, doubt
from core.text import say

ACCEPTED, HELD, ORDERED, REPLACED = "accepted", "held", "ordered", "replaced"
WAITING = (HELD, ORDERED)
"""A reading that stops the bill of its meter until a person, or a better reading, has the last word."""
PRECEDENCE = ("field", "smart", "customer")
"""Sources of readings, the one that counts first of several on a day first. Estimates are reckoned, never stored as read."""
COLUMNS = [
    "id", "meter_id", "register", "read_on", "value_micro", "source", "revision", "state", "reason", "file_id", "received_at",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Read:
    """What somebody (or the meter itself) saw on the dials at the start of a day."""

    serial: str
    read_on: date
    value_micro: int
    source: str = "field"
    register: str = ""
    doubt: str | None = None
    """The catalogue key of why its sender wants a person to look at it first."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one reading: accepted, held, duplicate, or rejected (not kept); the last two and held say why."""

    state: str
    reason: str | None = None
    reading_id: int | None = None
    """The row, where it was kept."""


@dataclass(slots=True)
class _Register:
    """What is known of one register while readings are taken in order."""

    revisions: dict[tuple[date, str], tuple[int, int]] = field(default_factory=dict)
    accepted: dict[date, int] = field(default_factory=dict)
    waiting: dict[int, tuple[date, str, str]] = field(default_factory=dict)
    """Readings that wait for a person: id -> day, source, state."""

    def settled_by(self, read: "Read", state: str) -> list[int]:
        """Those that need not wait any more: said anew, or ordered and read since."""
        return [
            reading_id
            for reading_id, (day, source, waits) in self.waiting.items()
            if (day, source) == (read.read_on, read.source)
            or (waits == ORDERED and state == ACCEPTED and day <= read.read_on)
        ]

    def around(self, day: date) -> tuple[list[Point], Point | None]:
        points = [Point(*pair) for pair in sorted(self.accepted.items())]
        before = [point for point in points if point.read_on < day]
        after = next((point for point in points if point.read_on > day), None)
        return before, after


async def record(
    conn: AsyncConnection, context: Context, reads: Sequence[Read], *, file_id: int | None = None
) -> list[Recorded]:
    """Take readings in, each judged against those around it; answers in the order given. Two statements read, one writes."""
    m = t.meter.c
    rows = await conn.execute(
        select(m.id, m.serial, m.dials, m.installed_on, m.removed_on, m.registers, m.heard)
        .where(in_list(conn, m.serial, {read.serial for read in reads}))
        .order_by(m.id)
        .with_for_update(key_share=True)
    )
    meters = {row.serial: row for row in rows}
    heard = {row.id: heard_of(row.heard) for row in meters.values()}
    known = await _known(conn, [row.id for row in meters.values()])
    answers: dict[int, Recorded] = {}
    new, settled = [], []
    for at, read in sorted(enumerate(reads), key=lambda pair: pair[1].read_on):
        meter = meters.get(read.serial)
        if (why := _impossible(read, meter, context.today())) is not None or meter is None:
            answers[at] = Recorded("rejected", why)
            continue
        name = register_of(meter.registers, heard[meter.id], read.register)
        if name is None:
            why = unknown_register(read.serial, meter.registers, heard[meter.id], read.register)
            answers[at] = Recorded("rejected", why)
            continue
        register = known[meter.id, name]
        before = register.revisions.get((read.read_on, read.source))
        if before is not None and before[1] == read.value_micro:
            answers[at] = Recorded("duplicate")
            continue
        answers[at] = _judged(register, read, meter.dials)
        revision = 0 if before is None else before[0] + 1
        register.revisions[read.read_on, read.source] = (revision, read.value_micro)
        settled += register.settled_by(read, answers[at].state)
        answers[at] = replace(answers[at], reading_id=context.ids.take())
        new.append(
            (
                answers[at].reading_id,
                meter.id,
                name,
                read.read_on,
                read.value_micro,
                read.source,
                revision,
                answers[at].state,
                answers[at].reason,
                file_id,
                context.clock.now(),
            )
        )
    await insert_many(conn, t.reading, COLUMNS, new)
    told = [(",".join(heard[row.id]), row.id) for row in meters.values() if heard[row.id] != heard_of(row.heard)]
    await update_many(conn, t.meter, ("id",), ("heard",), told)
    if settled:
        await conn.execute(update(t.reading).where(in_list(conn, t.reading.c.id, settled)).values(state=REPLACED))
    return [answers[at] for at in range(len(reads))]


def _judged(register: _Register, read: Read, dials: int) -> Recorded:
    before, after = register.around(read.read_on)
    why = doubt(Point(read.read_on, read.value_micro), before, after, dials) or read.doubt
    if why is not None:
        return Recorded(HELD, say("en", why, serial=read.serial, day=read.read_on))
    register.accepted[read.read_on] = read.value_micro
    return Recorded(ACCEPTED)


def _impossible(read: Read, meter: Any, today: date) -> str | None:
    """Why a reading cannot be of this meter (a row of `meter`, or None) at all."""
    if meter is None:
        return say("en", "reject.unknown_meter", serial=read.serial[:40])
    if read.read_on > today:
        return say("en", "reject.future")
    if read.source not in PRECEDENCE:
        return say("en", "reject.source", text=read.source[:20], sources=", ".join(PRECEDENCE))
    if read.read_on < meter.installed_on or (meter.removed_on is not None and read.read_on > meter.removed_on):
        return say("en", "reject.not_installed", serial=read.serial, day=read.read_on)
    if not 0 <= read.value_micro < 10**meter.dials * MICRO:
        return say("en", "reject.beyond_dials", dials=meter.dials, serial=read.serial)
    return None


async def _known(conn: AsyncConnection, meter_ids: Sequence[int]) -> dict[tuple[int, str], _Register]:
    r = t.reading.c
    rows = await conn.execute(
        select(r.meter_id, r.register, r.read_on, r.source, r.revision, r.value_micro, r.state, r.id)
        .where(in_list(conn, r.meter_id, meter_ids))
        .order_by(r.read_on, r.revision)
    )
    match: dict[tuple[int, str], _Register] = defaultdict(_Register)
    for meter_id, register, read_on, source, revision, value, state, reading_id in rows:
        known = match[meter_id, register]
        known.revisions[read_on, source] = (revision, value)
        if state == ACCEPTED:
            known.accepted[read_on] = value
        elif state in WAITING:
            known.waiting[reading_id] = (read_on, source, state)
    return match


async def release(conn: AsyncConnection, context: Context, reading_id: int, actor: str) -> bool:
    """A person has looked and accepts a held reading; False if it is not held."""
    r = t.reading.c
    mine = (r.id == reading_id) & r.state.in_(WAITING)
    done = await conn.execute(update(t.reading).where(mine).values(state=ACCEPTED))
    if done.rowcount != 1:
        return False
    await trail.note(conn, context, actor, "reading.released", f"reading:{reading_id}")
    return True
