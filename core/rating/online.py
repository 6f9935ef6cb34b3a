"""One event as it arrives: the price of a measured charge kept up to date by plain integers, without a batch.

A `Counter` holds what an account has used so far; the price of an event is what the total rises by, so that the events of a
period sum to its bill before rounding, to the last digit.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from core.rating.blocks import Tier, Width
from core.rating.charges.flat import Flat, FlatByTime
from core.rating.charges.graduated import Graduated, GraduatedByTime
from core.rating.charges.usage import Usage
from core.rating.errors import CannotRate
from core.rating.exact import LIMIT, MICRO, Column
from core.rating.tariff import Tariff
from core.rating.terms import Price
from core.rating.times import DAY_SECONDS, Clockface


@dataclass(slots=True)
class Counter:
    """What an account has used in the period so far, in micro-units."""

    used: int = 0


Pricer = Callable[[Counter, int, int], int]
"""(counter, local second, micro-units) -> what it costs, in minor units / `denominator`; the counter moves on."""


@dataclass(frozen=True, slots=True)
class Steps:
    """A charge as steps: upper ends of its blocks in micro-units, the last without end; a price for each time and block.

    Prices are for a micro-unit, in minor units / `denominator`. `timed`: whether the time of use matters.
    """

    ends: list[int]
    prices: list[list[int]]
    timed: bool
    denominator: int

    def table(self) -> tuple[Column, Column]:
        """Ends (the last the largest number there is) and prices as columns."""
        return np.array([*self.ends, LIMIT], dtype=np.int64), np.array(self.prices, dtype=np.int64)


def steps_of(tariff: Tariff, code: str) -> Steps:
    """A flat or graduated charge with its plain allowances. Raises `CannotRate` for any other."""
    ends, prices, timed = _parts(tariff, code)
    by = lcm(*(price.minor.denominator for row in prices for price in row))
    return Steps(ends, [[int(price.minor * by) for price in row] for row in prices], timed, MICRO * by)


def denominator(tariff: Tariff, code: str) -> int:
    """What the integers of `price_of` are counted in: parts of a minor unit."""
    return steps_of(tariff, code).denominator


def price_of(tariff: Tariff, code: str) -> Pricer:
    """The pricer of a flat or graduated charge with its plain allowances. Raises `CannotRate` for any other."""
    steps = steps_of(tariff, code)
    ends, rows = steps.ends, steps.prices
    band_at = _bands(tariff) if steps.timed else None
    last = len(ends)

    def price(counter: Counter, at: int, quantity: int) -> int:
        before = counter.used
        after = counter.used = before + quantity
        row = rows[band_at(at)] if band_at else rows[0]
        block, cost = bisect_right(ends, before), 0
        while block < last and ends[block] < after:
            cost += (ends[block] - before) * row[block]
            before = ends[block]
            block += 1
        return cost + (after - before) * row[block]

    return price


def _bands(tariff: Tariff) -> Callable[[int], int]:
    """The time of use of an instant, each day laid out once."""
    times = tariff.times
    assert times is not None
    days: dict[int, list[int]] = {}
    slot = times.slot * 60

    def band_at(at: int) -> int:
        day, second = divmod(at, DAY_SECONDS)
        slots = days.get(day)
        if slots is None:
            slots = days[day] = Clockface.over(times, at, at).bands.tolist()
        return slots[second // slot]

    return band_at


def _parts(tariff: Tariff, code: str) -> tuple[list[int], list[list[Price]], bool]:
    """Upper ends of the blocks in micro-units, prices by time and block, and whether time matters."""
    charge = next((c for c in tariff.charges if c.code == code), None)
    if not isinstance(charge, Usage) or charge.measure.free or charge.measure.during or charge.credit or charge.when:
        raise CannotRate(f"charge {code}", "it cannot be priced event by event", "use `rate`")
    model = charge.model
    free = [a for a in tariff.allowances if a.meter == charge.measure.meter]
    if any(code not in a.charges or a.during or a.destinations or a.step or a.scale_by or a.prorate for a in free):
        raise CannotRate(f"charge {code}", "its allowances depend on more than the units used", "use `rate`")
    tiers, width, timed = _tiers(model, code)
    if width != Width():
        raise CannotRate(f"charge {code}", "its blocks differ from account to account", "use `rate`")
    shift = sum((a.units for a in free), Fraction(0))
    ends = [shift] if free else []
    ends += [shift + tier.up_to for tier in tiers if tier.up_to is not None]
    bands = len(tariff.times.names) if timed and tariff.times else 1
    nothing = [Price("0", Fraction(0))] if free else []
    rows = [[*nothing, *((tier.by_time or {}).get(band, tier.price) for tier in tiers)] for band in range(bands)]
    return [int(end * MICRO) for end in ends], rows, timed


def _tiers(model: object, code: str) -> tuple[tuple[Tier, ...], Width, bool]:
    """The model as blocks."""
    if isinstance(model, Flat):
        return (Tier(None, model.price),), Width(), False
    if isinstance(model, FlatByTime):
        return (Tier(None, next(iter(model.prices.values())), by_time=model.prices),), Width(), True
    if isinstance(model, Graduated) and not any(tier.fee for tier in model.tiers):
        return model.tiers, model.width, False
    if isinstance(model, GraduatedByTime):
        return model.tiers, model.width, True
    raise CannotRate(f"charge {code}", "it cannot be priced event by event", "use `rate`")
