"""What earlier bills of these accounts were off by: usage that came late, was revised, or was estimated and is known now.

The whole earlier period of the service is rated anew by the very code that bills, and what was billed for it is taken off. So block
prices stay those of the days on which it was used, however much comes at once. What is left is a line on this bill, named with the
period, and the tax in it another.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.render.labels import PAID_LIVE
from core.billing.run.draft_columns import Block, Correction, used_of
from core.billing.run.load import Partition, load_billed
from core.billing.run.sources import UsedRow
from core.billing.tables import invoice_line
from core.db.in_list import in_list
from core.metering.consumption.late import Changed

LATE_USE, LATE_TAX = "late_use", "late_tax"
"""Codes of the lines, each followed by the first day of the bill that it corrects: `late_use:2026-01-01`."""

Item = tuple[int, int]
"""(service, invoice): one service on one bill."""
Sums = tuple[int, int]
"""(net, tax) in minor units."""


@dataclass(slots=True)
class _Again:
    """A service of an earlier bill, rated anew."""

    from_date: date
    to_date: date
    net: int = 0
    tax: int = 0
    rows: list[UsedRow] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)


def services_of(partition: Partition) -> dict[int, int]:
    """Service -> which of the partition's accounts it is of; parked accounts are left out."""
    return {
        service: account
        for group in partition.groups.values()
        for account, service in zip(group.account, group.service, strict=True)
        if account not in partition.parked
    }


async def billed_again(conn: AsyncConnection, accounts: Collection[int], changed: Sequence[Changed]) -> list[Partition]:
    """The earlier cycles of these accounts' services, to be rated once more."""
    return await load_billed(conn, accounts, {one.invoice_id for one in changed}, {one.service_id for one in changed})


async def corrections(
    conn: AsyncConnection,
    owner: Mapping[int, int],
    changed: Sequence[Changed],
    again: Sequence[tuple[Partition, list[Block]]],
) -> list[Correction]:
    """What each changed service (of the account that `owner` tells) of each earlier bill is off by; `again`: those cycles, rated anew."""
    anew = {key: one for past, blocks in again for key, one in _anew(past, blocks).items()}
    of_item: dict[Item, list[Changed]] = defaultdict(list)
    for one in changed:
        if (one.service_id, one.invoice_id) in anew:
            of_item[one.service_id, one.invoice_id].append(one)
    billed = await _billed(conn, of_item, anew)
    return [
        _correction(owner[item[0]], item, same, anew[item], billed.get(item, (0, 0)))
        for item, same in sorted(of_item.items())
    ]


def _anew(past: Partition, blocks: Sequence[Block]) -> dict[Item, _Again]:
    """What each service of an earlier cycle comes to now; accounts that cannot be rated any more are left as they are."""
    match: dict[Item, _Again] = {}
    index = np.arange(len(past.due))
    for block in blocks:
        of_service: dict[int, _Again] = {}
        for account, service in zip(block.piece.group.account, block.piece.group.service, strict=True):
            if account not in past.parked:
                due = past.due[account]
                key = (service, due.invoice_id or 0)
                of_service[service] = match.setdefault(key, _Again(due.from_date, past.to_date))
        for line in block.rated.lines:
            for service, amount in zip(block.piece.group.service, line.amount.tolist(), strict=True):
                one = of_service.get(service)
                if one is not None and line.kind == "tax":
                    one.tax += amount
                elif one is not None:
                    one.net += amount
        for row in used_of(block, index, index.tolist()):
            if row.service_id in of_service:
                of_service[row.service_id].rows.append(row)
                of_service[row.service_id].units.update(block.piece.recorded)
    return match


async def _billed(
    conn: AsyncConnection, of_item: dict[Item, list[Changed]], anew: dict[Item, _Again]
) -> dict[Item, Sums]:
    """What was charged for each item so far: on its own bill, and on bills that corrected it."""
    wanted: dict[tuple[int, int], list[tuple[Item, bool]]] = defaultdict(list)
    for item, same in of_item.items():
        wanted[item].append((item, True))
        for later in {number for one in same for number in one.corrected_on}:
            wanted[item[0], later].append((item, False))
    line = invoice_line.c
    rows = await conn.execute(
        select(line.service_id, line.invoice_id, line.code, line.kind, func.sum(line.amount_minor))
        .where(
            in_list(conn, line.invoice_id, {invoice_id for _, invoice_id in wanted}),
            in_list(conn, line.service_id, {service_id for service_id, _ in wanted}),
            line.kind != "reward",
            line.code != PAID_LIVE,
        )
        .group_by(line.service_id, line.invoice_id, line.code, line.kind)
    )
    sums: dict[Item, Counter[bool]] = defaultdict(Counter)
    for service_id, invoice_id, code, kind, amount in rows:
        late, _, of = code.partition(":")
        for item, own in wanted[service_id, invoice_id]:
            if (late not in (LATE_USE, LATE_TAX)) if own else of == anew[item].from_date.isoformat():
                sums[item][kind == "tax"] += int(amount)
    return {item: (both[False], both[True]) for item, both in sums.items()}


def _correction(account: int, item: Item, changed: Sequence[Changed], anew: _Again, billed: Sums) -> Correction:
    revision = {(one.meter_code, one.from_date): one.revision for one in changed}
    rows = [row for row in anew.rows if (row.meter_code, row.from_date) in revision]
    was = {(one.meter_code, one.from_date): one.was_micro for one in changed}
    moved = (row.meter_code for row in rows if row.quantity_micro != was[row.meter_code, row.from_date])
    code = next(moved, changed[0].meter_code)
    return Correction(
        account,
        *item,
        anew.from_date,
        anew.to_date,
        was=sum(one.was_micro for one in changed if one.meter_code == code),
        now=sum(row.quantity_micro for row in rows if row.meter_code == code),
        unit=anew.units.get(code, ""),
        net=anew.net - billed[0],
        tax=anew.tax - billed[1],
        rows=tuple((row, revision[row.meter_code, row.from_date]) for row in rows),
    )
