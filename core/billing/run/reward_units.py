"""Units bought with points, on the bill: the line `reward_units` is what the bill would cost without them, less what it costs.

Never below zero in total: the line takes off at most what the service's other lines come to. Where the time of use has a price,
the first units of the period are the free ones.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.billing.run.draft_columns import Piece, Reward
from core.billing.run.load import Partition
from core.rating.exact import Column
from core.rating.model import Batch, Events, Rated
from core.rating.rate import rate

UNIT = "kWh"
"""Points buy units of electricity: only a meter counted in kWh takes them."""


def rewarded(partition: Partition, piece: Piece, batch: Batch, rated: Rated, free: dict[int, int]) -> Reward | None:
    """The reward of the piece's services; what it used of each account's units is taken out of `free`."""
    meter = next((code for code, unit in piece.meters.items() if unit == UNIT), None)
    if meter is None or not free:
        return None
    units = _share(partition, piece.group.account, batch.quantity[meter], free)
    rows = np.flatnonzero(units)
    if not len(rows):
        return None
    whole = rated.total[rows]
    lighter = _lighter(_picked(batch, rows), meter, units[rows])
    amount = np.zeros(batch.size, dtype=np.int64)
    amount[rows] = np.clip(rate(piece.versions, lighter).total - whole, -np.maximum(whole, 0), 0)
    return Reward(amount, units)


def _share(partition: Partition, accounts: Sequence[int], quantity: Column, free: dict[int, int]) -> Column:
    """How many free units each service takes: as many as it used and its account still has."""
    units = np.zeros(len(accounts), dtype=np.int64)
    for at, index in enumerate(accounts):
        account_id = partition.due[index].account_id
        have = free.get(account_id, 0)
        if have > 0 and index not in partition.parked:
            units[at] = min(have, int(quantity[at]))
            free[account_id] = have - int(units[at])
    return units


def _lighter(batch: Batch, meter: str, units: Column) -> Batch:
    """The batch without each service's first `units` of the meter."""
    quantity = {**batch.quantity, meter: batch.quantity[meter] - units}
    events = dict(batch.events)
    if meter in events:
        rows = events[meter]
        before = np.cumsum(rows.quantity) - rows.quantity
        firsts = np.append(before, 0)[np.searchsorted(rows.account, np.arange(batch.size))]
        taken = np.clip(units[rows.account] - (before - firsts[rows.account]), 0, rows.quantity)
        events[meter] = replace(rows, quantity=rows.quantity - taken)
    return replace(batch, quantity=quantity, events=events)


def _picked(batch: Batch, rows: Column) -> Batch:
    """Some services of a batch."""
    return Batch(
        len(rows),
        batch.period_from,
        batch.period_to,
        {code: column[rows] for code, column in batch.quantity.items()},
        {name: column[rows] for name, column in batch.attributes.items()},
        {code: (total[rows], count[rows]) for code, (total, count) in batch.history.items()},
        None if batch.fraction is None else (batch.fraction[0][rows], batch.fraction[1][rows]),
        {code: _of(events, rows) for code, events in batch.events.items()},
        opening=None if batch.opening is None else batch.opening[rows],
        closing=None if batch.closing is None else batch.closing[rows],
        began=None if batch.began is None else batch.began[rows],
    )


def _of(events: Events, rows: Column) -> Events:
    """The events of some services (their indexes rising), counted anew."""
    mine = events.picked(np.isin(events.account, rows))
    return replace(mine, owner=np.searchsorted(rows, mine.account), shift=0)
