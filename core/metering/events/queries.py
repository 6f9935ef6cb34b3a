"""What services did in a period, as columns: the joint between events and bills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_list import in_list
from core.metering.events.dedupe import DAY_SECONDS, EPOCH_ORDINAL
from core.metering.tables import event_total, usage_event
from core.metering.vee.estimate import Column

ANSWER = {"s": {"s": 1, "min": 60, "h": 3_600}, "MB": {"MB": 1, "GB": 1_000}}
"""What else the units of events may be asked in: one of these is so many of those."""


@dataclass(frozen=True, slots=True)
class UseColumns:
    """Events of one kind of use, in time order within a service. int64 columns of one length.

    `service` indexes the services asked for; `at` is the second each began, since 1970, as the operator's clock shows it (rating's
    own count); `destination` indexes `numbers` (-1: none); `value_minor` is 0 where there is none.
    """

    unit: str
    service: Column
    at: Column
    quantity_micro: Column
    destination: Column
    value_minor: Column
    numbers: tuple[str, ...]

    def quantity_in(self, unit: str) -> Column:
        """Micro-units of another unit of the same kind (`min` of seconds), rounded down: a length that is a whole number of
        increments stays one. Raises ValueError when it is of another kind."""
        per = 1 if unit == self.unit else ANSWER.get(self.unit, {}).get(unit)
        if per is None:
            raise ValueError(f"events counted in {self.unit} cannot be told in {unit}")
        return self.quantity_micro // per


async def events(conn: AsyncConnection, service_ids: Sequence[int], from_: date, to: date) -> Mapping[str, UseColumns]:
    """Events of the services that began in [from_, to), days of the operator, by kind of use; one set query."""
    e = usage_event.c
    begin, end = ((day.toordinal() - EPOCH_ORDINAL) * DAY_SECONDS for day in (from_, to))
    rows = await conn.execute(
        select(e.use, e.unit, e.service_id, e.at, e.quantity_micro, e.destination, e.value_minor)
        .where(in_list(conn, e.service_id, service_ids), e.at >= begin, e.at < end)
        .order_by(e.service_id, e.at, e.key)
    )
    index = {service_id: at for at, service_id in enumerate(service_ids)}
    result: dict[str, _Making] = {}
    for use, unit, service_id, at, quantity, destination, value in rows:
        making = result.get(use)
        if making is None:
            making = result[use] = _Making(unit)
        making.add(index[service_id], at, quantity, destination, value)
    return {use: making.columns() for use, making in result.items()}


async def came(conn: AsyncConnection, from_: date, to: date) -> bool:
    """Whether events of these days came at all, of anybody: where none did, nothing may be billed as if nothing was used."""
    query = select(event_total.c.file_id).where(
        event_total.c.day >= from_, event_total.c.day < to, event_total.c.records > 0
    )
    return (await conn.execute(query.limit(1))).first() is not None


class _Making:
    """The columns of one use while they grow."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.numbers: dict[str, int] = {}

    def add(self, service: int, at: int, quantity: int, destination: str | None, value: int | None) -> None:
        to = -1 if destination is None else self.numbers.setdefault(destination, len(self.numbers))
        self.rows.append((service, at, quantity, to, value or 0))

    def columns(self) -> UseColumns:
        table = np.ascontiguousarray(np.array(self.rows, dtype=np.int64).T)
        service, at, quantity, to, value = table
        return UseColumns(self.unit, service, at, quantity, to, value, tuple(self.numbers))
