"""Walks time-ordered usage through blocks: how much of each account's use falls into each block of each time of use.

An event lies between two readings of its account's running total; what of it falls below a bound is the difference of the
clipped readings. So nothing branches per event, and a block of accounts stays in the cache. `core/rating/fast.py` does
the same by one loop where numba is installed; both give the same integers.
"""

from dataclasses import dataclass

import numpy as np

from core.rating import fast
from core.rating.exact import LIMIT, Column, largest

CACHE_EVENTS = 16_384
_TRUE = np.ones(1, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Trail:
    """Events of `size` accounts, sorted by account and time: quantities (whole numbers, none negative) and their periods.

    Either `bands` (a period per event), or `face` (slot table, origin and slot seconds) with `at`; with neither, all
    events are of one period. `top`: a bound of the quantities, where one is known.
    """

    size: int
    account: Column
    quantity: Column
    bands: Column | None = None
    at: Column | None = None
    face: tuple[Column, int, int] | None = None
    top: int | None = None

    def band_of(self, rows: slice) -> Column | None:
        """The period of some events."""
        if self.bands is not None:
            return self.bands[rows]
        if self.face is None or self.at is None:
            return None
        table, origin, seconds = self.face
        return np.asarray(table[(self.at[rows] - origin) // seconds])


def starts_of(account: Column, size: int) -> Column:
    """Where each account's events begin, and at the end their number: `size + 1` positions."""
    return np.concatenate(([0], np.cumsum(np.bincount(account, minlength=size))))


def sums(account: Column, values: Column, size: int, top: int | None = None) -> Column:
    """Sum of `values` per account (sorted); exact, beyond 64 bits as Python integers. `top` bounds the values if known."""
    if len(values) == 0:
        return np.zeros(size, dtype=np.int64)
    if (largest(values) if top is None else top) * len(values) > LIMIT:
        values = values.astype(object)
    elif values.dtype != object and fast.worthwhile(len(values)):
        return fast.sums(account, values, size)
    firsts = np.flatnonzero(np.concatenate((_TRUE, account[1:] != account[:-1])))
    out = np.zeros(size, dtype=values.dtype)
    out[account[firsts]] = np.add.reduceat(values, firsts)
    return out


def running_before(account: Column, values: Column, size: int) -> Column:
    """For each event the sum of its account's earlier ones."""
    if len(values) and largest(values) * len(values) > LIMIT:
        values = values.astype(object)
    before = np.cumsum(values) - values
    starts = starts_of(account, size)[:-1]
    held = np.append(before, 0)[starts]
    return np.asarray(before - held[account])


def through(trail: Trail, bounds: Column, bands: int) -> Column:
    """Quantity per (period, block, account): shape (bands, blocks, size).

    `bounds`: (blocks - 1, size) or (blocks - 1, 1) upper ends, rising. Quantities count on over all periods: a unit's block
    depends on what was used before it in any period.
    """
    top = largest(trail.quantity) if trail.top is None else trail.top
    unsafe = top * len(trail.quantity) > LIMIT or trail.quantity.dtype == object
    if not unsafe and bounds.dtype != object and fast.worthwhile(len(trail.quantity)):
        return fast.through(trail, bounds, bands)
    out = np.zeros((bands, len(bounds) + 1, trail.size), dtype=object if unsafe or bounds.dtype == object else np.int64)
    starts = starts_of(trail.account, trail.size)
    low = 0
    while low < trail.size:
        high = int(np.searchsorted(starts, starts[low] + CACHE_EVENTS, side="right")) - 1
        high = min(max(high, low + 1), trail.size)
        _through_some(trail, starts, slice(low, high), bounds, out)
        low = high
    return out


def _through_some(trail: Trail, starts: Column, here: slice, bounds: Column, out: Column) -> None:
    """The accounts of the slice `here`."""
    rows = slice(int(starts[here.start]), int(starts[here.stop]))
    edges = starts[here.start : here.stop + 1] - starts[here.start]
    running = np.zeros(rows.stop - rows.start + 1, dtype=out.dtype)
    np.cumsum(trail.quantity[rows], out=running[1:])
    base, counts = running[edges[:-1]], np.diff(edges)
    after = running[1:] - np.repeat(base, counts)
    ends = running[edges[1:]] - base
    band = trail.band_of(rows)
    masks = [] if band is None else [band == b for b in range(1, len(out))]
    below, ends_below = np.zeros(1, dtype=out.dtype), np.zeros(1, dtype=out.dtype)
    for block in range(len(bounds) + 1):
        clipped, ends_clipped = after, ends
        if block < len(bounds):
            bound = bounds[block]
            clipped = np.minimum(after, bound if len(bound) == 1 else np.repeat(bound[here], counts))
            ends_clipped = np.minimum(ends, bound if len(bound) == 1 else bound[here])
        _by_band(out[:, block, here], clipped - below, ends_clipped - ends_below, edges, masks)
        below, ends_below = clipped, ends_clipped


def _by_band(out: Column, inside: Column, whole: Column, edges: Column, masks: list[Column]) -> None:
    """Parts of one block by period: what the later periods take, the first has the rest of the whole."""
    out[0] = whole
    if not masks:
        return
    step = inside.copy()
    step[1:] -= inside[:-1]
    firsts = edges[:-1][np.diff(edges) > 0]
    step[firsts] = inside[firsts]
    for band, mask in enumerate(masks, start=1):
        running = np.zeros(len(step) + 1, dtype=out.dtype)
        np.cumsum(step * mask, out=running[1:])
        taken = running[edges[1:]] - running[edges[:-1]]
        out[band] = taken
        out[0] -= taken
