"""Uses that were charged live, on the bill of their period: all uses are billed together, and what was paid at once is taken off.

So the bill and the live charges together are what the tariff says of all uses; what stands beside them (fixed charges, what a minimum
lacks) is asked for by the bill. The period then counts as billed: a later use posts what the total rises by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.metering.events.clock import seconds
from core.metering.events.queries import UseColumns
from core.metering.live import store
from core.rating.exact import Column


@dataclass(frozen=True, slots=True)
class Live:
    """What services were charged live, aligned with those asked for: `paid` minor units, their `period` (0: none), and the uses."""

    paid: Column
    period: Column
    uses: Mapping[tuple[str, str], UseColumns]
    """By kind of use and unit."""


async def charged(
    conn: AsyncConnection, context: Context, service_ids: Sequence[int], from_: date, to: date
) -> Live | None:
    """What was charged live of the periods that begin in [from_, to); None where nothing was."""
    periods = await store.periods_of(conn, service_ids, from_, to)
    if not periods:
        return None
    index = {service_id: at for at, service_id in enumerate(service_ids)}
    at = {one.id: index[one.service_id] for one in periods}
    paid, period = (np.zeros(len(service_ids), dtype=np.int64) for _ in range(2))
    for one in periods:
        paid[at[one.id]] += one.charged_minor
        period[at[one.id]] = one.id
    of_use: dict[tuple[str, str], list[tuple[int, store.StoredUse]]] = {}
    for period_id, use in await store.uses_in(conn, at.keys()):
        of_use.setdefault((use.use, use.unit), []).append((at[period_id], use))
    return Live(paid, period, {key: _columns(context, key[1], rows) for key, rows in of_use.items()})


def together(collected: Mapping[str, UseColumns], charged: Live) -> dict[str, UseColumns]:
    """Uses that were collected and uses that were charged live, in the order of time. Raises ValueError where their units differ."""
    match = dict(collected)
    for (use, unit), more in charged.uses.items():
        one = match.get(use)
        if one is not None and one.unit != unit:
            raise ValueError(f"{use} came by the {one.unit} and by the {unit}")
        match[use] = more if one is None else _merged(one, more)
    return match


def _columns(context: Context, unit: str, rows: Sequence[tuple[int, store.StoredUse]]) -> UseColumns:
    """Uses of one kind by service and time, as the operator's clock shows it."""
    numbers: dict[str, int] = {}
    table = [
        (
            service,
            seconds(datetime.fromtimestamp(use.at, UTC).astimezone(context.zone)),
            use.quantity_micro,
            -1 if use.destination is None else numbers.setdefault(use.destination, len(numbers)),
            use.value_minor or 0,
        )
        for service, use in rows
    ]
    table.sort(key=lambda row: row[:2])
    service, at, quantity, to, value = np.array(table, dtype=np.int64).T
    return UseColumns(unit, service, at, quantity, to, value, tuple(numbers))


def _merged(one: UseColumns, other: UseColumns) -> UseColumns:
    moved = np.where(other.destination < 0, -1, other.destination + len(one.numbers))
    service, at = np.concatenate([one.service, other.service]), np.concatenate([one.at, other.at])
    order = np.lexsort((at, service))
    return UseColumns(
        one.unit,
        service[order],
        at[order],
        np.concatenate([one.quantity_micro, other.quantity_micro])[order],
        np.concatenate([one.destination, moved])[order],
        np.concatenate([one.value_minor, other.value_minor])[order],
        (*one.numbers, *other.numbers),
    )
