"""What a customer sees on her own meter: which dials she may read, and her reading into the one store, marked `customer`.

It passes the same rules as any other reading (`reads.py`). After some of her own in a row the next one is held, so that a person
looks at the meter now and then. Meters that count intervals read themselves, and one with several registers is left to a reader.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.in_list import in_list
from core.metering.store.readings import ACCEPTED, Read, Recorded, record
from core.metering.tables import meter, reading
from core.parties.tables import service

CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class ReadableRegister:
    """One register a customer can read; `last_micro` is the last accepted reading, and `own` how many of the last were hers."""

    meter_id: int
    serial: str
    unit: str
    dials: int
    register: str
    last_on: date | None
    last_micro: int | None
    own: int


async def dials_of(conn: AsyncConnection, account_id: int, on: date) -> list[ReadableRegister]:
    """The dials of an account that hang on a day, by serial."""
    m = meter.c
    rows = await conn.execute(
        select(m.id, m.serial, m.unit, m.dials)
        .join_from(meter, service)
        .where(
            service.c.account_id == account_id,
            m.kind == "register",
            m.installed_on <= on,
            or_(m.removed_on.is_(None), m.removed_on > on),
            service.c.state != "ended",
        )
        .order_by(m.serial)
    )
    found = list(rows)
    known = await _known(conn, [row.id for row in found])
    return [_dial(row, known[row.id]) for row in found if len(known[row.id]) <= 1]


async def take(conn: AsyncConnection, context: Context, dial: ReadableRegister, value_micro: int) -> Recorded:
    """Her reading of today: accepted, held (with the reason), duplicate, or rejected."""
    tired = dial.own >= context.operator.readings.self_reads_in_a_row
    read = Read(
        dial.serial, context.today(), value_micro, CUSTOMER, dial.register, "held.own_in_a_row" if tired else None
    )
    return (await record(conn, context, [read]))[0]


async def _known(conn: AsyncConnection, meter_ids: list[int]) -> dict[int, dict[str, list[Any]]]:
    """Per meter and register the accepted readings, the latest first."""
    r = reading.c
    rows = await conn.execute(
        select(r.meter_id, r.register, r.read_on, r.value_micro, r.source)
        .where(in_list(conn, r.meter_id, meter_ids), r.state == ACCEPTED)
        .order_by(r.read_on.desc(), r.revision.desc())
    )
    found: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.meter_id][row.register].append(row)
    return found


def _dial(row: Any, known: dict[str, list[Any]]) -> ReadableRegister:
    register, reads = next(iter(known.items()), ("", []))
    last = reads[0] if reads else None
    own = next((at for at, read in enumerate(reads) if read.source != CUSTOMER), len(reads))
    return ReadableRegister(
        row.id,
        row.serial,
        row.unit,
        row.dials,
        register,
        last.read_on if last else None,
        last.value_micro if last else None,
        own,
    )
