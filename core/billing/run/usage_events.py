"""Calls, messages and sessions of a period as rating takes them: in the tariff's units, to its destinations. Pure.

A destination is looked up in the version of the tariff in which the event began; what no prefix fits is refused by rating with the reason.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.billing.run.load import Days
from core.billing.run.sources import Used
from core.metering.events.queries import UseColumns
from core.rating.charges.event import Event
from core.rating.errors import CannotRate
from core.rating.exact import Column
from core.rating.model import Events
from core.rating.tariff import Tariff
from core.rating.times import DAY_SECONDS, EPOCH

COUNTED = "event"
"""The unit of what is only counted: a tariff calls it a message, or a call."""


def by_events(versions: Sequence[Tariff]) -> bool:
    """Whether a tariff prices events one by one."""
    return any(isinstance(charge, Event) for one in versions for charge in one.charges)


def rolls_over(versions: Sequence[Tariff]) -> str | None:
    """The allowance of which unused units live on; the run does not keep them from period to period."""
    return next((a.code for one in versions for a in one.allowances if a.rollover_periods), None)


def told(versions: Sequence[Tariff], days: Days, used: Used, size: int) -> Used:
    """`used` with its events as rating takes them, and what they come to. Raises `CannotRate` for another kind of unit."""
    if used.uses is None:
        return used
    meters = {code: unit for one in versions for code, unit in one.meters.items()}
    events = {
        code: _events(versions, days, code, unit, used.uses[code]) if code in used.uses else silent()
        for code, unit in meters.items()
    }
    sums = {code: _sum(one, size) for code, one in events.items()}
    return replace(used, quantity={**used.quantity, **sums}, events={**used.events, **events})


def silent() -> Events:
    """No events."""
    nothing = np.zeros(0, dtype=np.int64)
    return Events(nothing, nothing, nothing)


def _events(versions: Sequence[Tariff], days: Days, code: str, unit: str, uses: UseColumns) -> Events:
    try:
        quantity = uses.quantity_micro if uses.unit == COUNTED else uses.quantity_in(unit)
    except ValueError as why:
        raise CannotRate(f"meter {code}", str(why), f"price {code} by the {uses.unit}") from why
    value = uses.value_minor if uses.value_minor.any() else None
    return Events(uses.service, uses.at, quantity, _destinations(versions, days, uses), value)


def _destinations(versions: Sequence[Tariff], days: Days, uses: UseColumns) -> Column | None:
    """The index of each event's destination in the version it began in; None where no event went anywhere."""
    if not uses.numbers or all(one.destinations is None for one in versions):
        return None
    match = np.full(len(uses.at), -1, dtype=np.int64)
    for one in versions:
        table = one.destinations
        codes = [-1 if table is None else table.code(number) for number in uses.numbers] + [-1]
        since = (max(one.valid_from, days.whole_from) - EPOCH).days * DAY_SECONDS
        match = np.where(uses.at >= since, np.array(codes, dtype=np.int64)[uses.destination], match)
    return match


def _sum(events: Events, size: int) -> Column:
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, events.account, events.quantity)
    return total
