"""Walks time-ordered usage through blocks: how much of each account's use falls into each block of each time of use.

NumPy needs no step per event: one running total over all events, one for each time of use, and for each block's end a search
for the event in which it is reached; what lies between two ends is a difference of running totals. `fast.py` does the same
by one loop where numba is installed; both give the same integers.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.rating import fast
from core.rating.exact import LIMIT, Column, largest
from core.rating.trail import Trail

CACHE_EVENTS = 65_536
"""Events taken at a time, so that the running totals stay near the processor."""


def starts_of(owner: Column, size: int, shift: int = 0) -> Column | None:
    """Where each account's events begin, and at the end their number: `size + 1` positions of a sorted column.

    `owner` less `shift` are the accounts. None where they are not sorted, or not below `size`.
    """
    if fast.worthwhile(len(owner)):
        return fast.starts_of(owner, size, shift)
    starts = np.zeros(size + 1, dtype=np.int64)
    if len(owner) == 0:
        return starts
    firsts = np.flatnonzero(owner[1:] != owner[:-1]) + 1
    account = owner[np.concatenate(([0], firsts))] - shift
    if account[0] < 0 or account[-1] >= size or (account[1:] < account[:-1]).any():
        return None
    starts[1:][account] = np.diff(firsts, prepend=0, append=len(owner))
    return np.cumsum(starts, out=starts)


def extent(values: Column) -> tuple[int, int]:
    """The least and the largest of some values; zeros of none."""
    if len(values) == 0:
        return 0, 0
    if values.dtype != object and fast.worthwhile(len(values)):
        return fast.extent(values)
    return int(values.min()), int(values.max())


def sums(starts: Column, values: Column, top: int | None = None) -> Column:
    """Sum of the values of each account; exact, beyond 64 bits as Python integers. `top` bounds the values if known."""
    if len(values) == 0:
        return np.zeros(len(starts) - 1, dtype=np.int64)
    if (largest(values) if top is None else top) * len(values) > LIMIT:
        values = values.astype(object)
    elif values.dtype != object and fast.worthwhile(len(values)):
        return fast.sums(starts, values)
    out = np.zeros(len(starts) - 1, dtype=values.dtype)
    there = starts[1:] > starts[:-1]
    out[there] = np.add.reduceat(values, starts[:-1][there])
    return out


def running_before(starts: Column, values: Column) -> Column:
    """For each event the sum of its account's earlier ones."""
    if len(values) and largest(values) * len(values) > LIMIT:
        values = values.astype(object)
    before = np.cumsum(values) - values
    held = np.append(before, 0)[starts[:-1]]
    return np.asarray(before - np.repeat(held, np.diff(starts)))


def through(trail: Trail, bounds: Column, bands: int) -> tuple[Column, Column]:
    """Quantity per (time of use, block, account), and the whole of each account.

    `bounds`: (blocks - 1, size) or (blocks - 1, 1) upper ends, rising. Quantities count on over all times: a unit's block
    depends on what was used before it at any time.
    """
    top = largest(trail.quantity) if trail.top is None else trail.top
    unsafe = top * len(trail.quantity) > LIMIT or object in (trail.quantity.dtype, bounds.dtype)
    if not unsafe and fast.worthwhile(len(trail.quantity)):
        return fast.through(trail, bounds, bands)
    kind: type = object if unsafe else np.int64
    out: Column = np.zeros((bands, len(bounds) + 1, trail.size), dtype=kind)
    whole: Column = np.zeros(trail.size, dtype=kind)
    stops = _stops(trail.starts)
    work = Work.of(max(int(trail.starts[high] - trail.starts[low]) for low, high in pairwise(stops)), kind)
    for low, high in pairwise(stops):
        _some(trail, slice(low, high), bounds[:, low:high] if bounds.shape[1] > 1 else bounds, out, whole, work)
    return out, whole


@dataclass(frozen=True, slots=True)
class Work:
    """Columns used again for every slice of events: fresh memory would cost more than the arithmetic."""

    running: Column
    mine: Column
    slots: Column

    @staticmethod
    def of(most: int, kind: type) -> "Work":
        """Room for slices of at most so many events."""
        return Work(np.zeros(most + 1, dtype=kind), np.zeros(most + 1, dtype=kind), np.zeros(most, dtype=np.int64))


def _stops(starts: Column) -> list[int]:
    """Accounts at which a new slice begins, and their number."""
    stops = [0]
    while stops[-1] < len(starts) - 1:
        low = stops[-1]
        high = int(np.searchsorted(starts, starts[low] + CACHE_EVENTS, side="right")) - 1
        stops.append(min(max(high, low + 1), len(starts) - 1))
    return stops if len(stops) > 1 else [0, 0]


def _some(trail: Trail, here: slice, bounds: Column, out: Column, whole: Column, work: Work) -> None:
    """The accounts of the slice `here`: the later times one by one, the first has the rest of each account's whole."""
    starts = trail.starts[here.start : here.stop + 1]
    rows = slice(int(starts[0]), int(starts[-1]))
    edges = starts - starts[0]
    quantity, running = trail.quantity[rows], work.running[: rows.stop - rows.start + 1]
    np.cumsum(quantity, out=running[1:])
    base = running[edges[:-1]]
    whole[here] = running[edges[1:]] - base
    ends = [np.minimum(whole[here], bound) for bound in bounds]
    _between(out[0, :, here], ends, whole[here])
    if len(out) == 1 or rows.start == rows.stop:
        return
    band = trail.band_of(rows, work.slots[: len(quantity)])
    found = [_found(running, base + end, edges[1:]) for end in ends]
    mine = work.mine[: len(running)]
    for number in range(1, len(out)):
        np.multiply(quantity, band == number, out=mine[1:])
        np.cumsum(mine[1:], out=mine[1:])
        since = mine[edges[:-1]]
        reached = [mine[place] - since + np.where(_at(band, place) == number, rest, 0) for place, rest in found]
        _between(out[number, :, here], reached, mine[edges[1:]] - since)
        out[0, :, here] -= out[number, :, here]


def _found(running: Column, target: Column, stop: Column) -> tuple[Column, Column]:
    """The event in which each account reaches its target (or its stop), and how much of that event is still before it."""
    place = np.minimum(np.searchsorted(running, target, side="right") - 1, stop)
    return place, target - running[place]


def _at(band: Column, place: Column) -> Column:
    return np.asarray(band[np.minimum(place, len(band) - 1)])


def _between(out: Column, ends: list[Column], whole: Column) -> None:
    """What lies between the ends of the blocks, and beyond the last."""
    below: Column = np.zeros(1, dtype=out.dtype)
    for block, reached in enumerate([*ends, whole]):
        out[block] = reached - below
        below = reached
