"""Registers of one meter, each by its own code: a tariff prices `energy_day` and `energy_night`, or says that they are summed.

`sums: {energy: [energy_day, energy_night]}` on the tariff makes one quantity of several; without it none is ever added to another, and a
register that has no price parks its account rather than be billed at nothing. What was billed is recorded by register all the same.
"""

from collections.abc import Sequence

import numpy as np

from core.billing.run.draft_columns import Piece
from core.billing.run.sources import Used
from core.billing.run.usage_events import silent
from core.rating.exact import Column
from core.rating.model import Events
from core.text import say


def parts_of(piece: Piece, code: str) -> tuple[str, ...]:
    """A meter of the tariff, and the registers that it sums."""
    return code, *piece.sums.get(code, ())


def unpriced(piece: Piece, used: Used) -> dict[int, str]:
    """The services (by index) with a register that the tariff does not price, and the reason."""
    priced = {part for code in piece.meters for part in parts_of(piece, code)}
    match = {}
    for at, codes in used.split.items():
        missing = [code for code in codes if code not in priced and not code.endswith("_export")]
        if missing:
            match[at] = say("en", "parked.unpriced", codes=", ".join(missing), tariff=piece.days.tariff)
    return match


def quantity_of(piece: Piece, used: Used, code: str, zeros: Column) -> Column:
    """What is billed under a code."""
    rows = [used.quantity[part] for part in parts_of(piece, code) if part in used.quantity]
    total = zeros
    for one in rows:
        total = total + one
    return total


def summed(histories: Sequence[tuple[Column, Column]]) -> tuple[Column, Column]:
    """What was billed before under the parts of a code: the quantities added, the periods counted once."""
    (total, count), *more = histories
    for sums, periods in more:
        total, count = total + sums, np.maximum(count, periods)
    return total, count


def events_of(piece: Piece, used: Used, code: str) -> Events:
    """When it was used, in order of service and time."""
    rows = [used.events[part] for part in parts_of(piece, code) if part in used.events]
    if not rows:
        return silent()
    if len(rows) == 1:
        return rows[0]
    account = np.concatenate([one.account for one in rows])
    at = np.concatenate([_at(one) for one in rows])
    order = np.lexsort((at, account))
    return Events(account[order], at[order], np.concatenate([one.quantity for one in rows])[order])


def _at(one: Events) -> Column:
    return np.zeros(len(one.account), dtype=np.int64) if one.at is None else one.at
