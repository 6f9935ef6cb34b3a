"""What no bill may be made of: negative or absurd usage, a household of nobody, an amount beyond belief.

The bill run parks such a service with this sentence and bills the others; a quote answers with it.
"""

from collections.abc import Iterator

import numpy as np

from core.rating.charges.event import Event
from core.rating.exact import MICRO, Column, Exact, Mask, largest
from core.rating.model import Events
from core.rating.sheet import Worksheet
from core.rating.tariff import Tariff
from core.rating.walk import extent

MOST_UNITS = 10**9
"""More units than this in one period of one meter is a slipped reading. Use a larger unit (GB, not B) where it is not."""
MOST_MINOR = 10**15
"""No single bill may exceed this, in minor units (as in core/money.py)."""


def refusals(tariff: Tariff, sheet: Worksheet) -> dict[int, str]:
    """Which services cannot be rated, and why: index -> sentence."""
    found: dict[int, str] = {}
    for where, mask, why in _suspects(tariff, sheet):
        for index in np.unique(where[mask]):
            found.setdefault(int(index), why)
    return found


def _suspects(tariff: Tariff, sheet: Worksheet) -> Iterator[tuple[Column, Mask, str]]:
    batch = sheet.batch
    everyone = np.arange(batch.size)
    for meter, column in batch.quantity.items():
        if not _plausible(*extent(column)):
            yield from _bad_quantity(meter, everyone, column)
    for meter, events in batch.events.items():
        if not _plausible(*sheet.extent(meter)):
            yield from _bad_quantity(meter, events.account, events.quantity)
        if events.destination is not None and tariff.destinations is not None:
            yield from _no_rate(tariff, meter, events)
            yield (
                events.account,
                events.destination < 0,
                f"meter {meter}: a destination that no prefix of the tariff fits",
            )
        if events.value is not None:
            yield events.account, events.value < 0, f"meter {meter}: a negative value"
    for meter, (total, _) in batch.history.items():
        yield (
            everyone,
            (total < 0) | (total > 36 * MOST_UNITS * MICRO),
            f"meter {meter}: its history is negative or absurd",
        )
    for name, column in batch.attributes.items():
        if name in scales(tariff) and column.size:
            yield everyone, (column < 1) | (column > 10**6), f"{name} must be from 1 to 1000000"


def _no_rate(tariff: Tariff, meter: str, events: Events) -> Iterator[tuple[Column, Mask, str]]:
    """Events to a destination for which no charge of the meter has a rate."""
    charges = [c for c in tariff.charges if isinstance(c, Event) and c.measure.meter == meter]
    rates = [rate for charge in charges for rate in charge.rates]
    if not rates or any(rate.destinations is None for rate in rates) or tariff.destinations is None:
        return
    reached = frozenset[int]().union(*(rate.destinations for rate in rates if rate.destinations is not None))
    for index, name in enumerate(tariff.destinations.names):
        if index not in reached:
            why = f"charge {charges[0].code}: no rate for the destination {name}; add one, or correct the number"
            yield events.account, np.asarray(events.destination == index), why


def _plausible(least: int, most: int) -> bool:
    return least >= 0 and most <= MOST_UNITS * MICRO


def _bad_quantity(meter: str, where: Column, column: Column) -> Iterator[tuple[Column, Mask, str]]:
    yield (
        where,
        column < 0,
        f"meter {meter}: a negative quantity; correct the reading, or use a credit charge for export",
    )
    yield (
        where,
        column > MOST_UNITS * MICRO,
        f"meter {meter}: more than {MOST_UNITS} units; check the reading and its unit",
    )


def scales(tariff: Tariff) -> set[str]:
    """The attributes that block widths or allowances are multiplied by."""
    names = {allowance.scale_by for allowance in tariff.allowances}
    for charge in tariff.charges:
        model = getattr(charge, "model", None)
        names.add(getattr(getattr(model, "width", None), "scale_by", None))
    return {name for name in names if name is not None}


def too_large(total: Column, exact: Exact) -> dict[int, str]:
    """Bills beyond belief: index -> sentence. `exact` has a proven bound of the totals."""
    if exact.top <= MOST_MINOR * exact.den or largest(total) <= MOST_MINOR:
        return {}
    return {
        int(i): "the bill exceeds any amount Hodi accepts; check usage and prices"
        for i in np.flatnonzero(np.abs(total) > MOST_MINOR)
    }
