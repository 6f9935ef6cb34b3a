"""Which versions of its tariff a group of services is billed on, and how finely they tell times apart. Pure but for one question.

The versions go to rating together, which cuts the period between them; here it is only seen to that every day has one.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import gcd
from zoneinfo import ZoneInfo

from core.billing.run.load import Days
from core.metering.consumption.timed import Grain, same_clock
from core.rating.charges.demand import Demand
from core.rating.charges.usage import Usage
from core.rating.tariff import Tariff
from core.rating.times import DAY_MINUTES


def in_force(found: Sequence[Tariff], days: Days) -> tuple[Tariff, ...] | str:
    """The versions of the group's days, stretched over the days of the whole period it was not there; or what is missing."""
    starts = [max(one.valid_from, days.from_) for one in found]
    ends = [*starts[1:], days.to][: len(starts)]
    spans = list(zip(found, starts, ends, strict=True))
    gap: date | None = next((end for one, _, end in spans if one.valid_to and one.valid_to < end), None)
    if not found or starts[0] > days.from_ or gap:
        return f"tariff {days.tariff} has no version in force on {gap or days.from_}: load one"
    there = [one for one, start, end in spans if start < end]
    there[0] = replace(there[0], valid_from=min(there[0].valid_from, days.whole_from))
    there[-1] = replace(there[-1], valid_to=None)
    return tuple(there)


def grain_of(versions: Sequence[Tariff]) -> Grain | None:
    """How finely usage has to be known: single intervals, days, or (None) only its total."""
    slots = [one.times.slot for one in versions if one.times is not None]
    demands = [interval for one in versions for interval in _demands(one)]
    if slots or demands:
        return Grain(gcd(DAY_MINUTES, *slots), min(demands, default=None), measured=True)
    return Grain() if len(versions) > 1 else None


def _demands(tariff: Tariff) -> list[int]:
    models = (charge.model for charge in tariff.charges if isinstance(charge, Usage))
    return [int(model.interval) for model in models if isinstance(model, Demand) and model.interval]


def other_clock(versions: Sequence[Tariff], zone: ZoneInfo, days: Days) -> str | None:
    """Why a tariff by the time of use cannot be held against the operator's readings; None when it can."""
    for one in versions:
        if one.times is not None and not same_clock(ZoneInfo(one.zone), zone, days.from_, days.to):
            return f"tariff {one.code} is on the clock of {one.zone}, the readings on that of {zone.key}: give it `zone: {zone.key}`"
    return None
