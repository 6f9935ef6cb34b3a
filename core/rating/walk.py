"""Walks time-ordered usage through blocks: how much of each account's use falls into each block of each time of use.

An event lies between two readings of its account's running total; what of it falls below a bound is the difference of the
clipped readings. So nothing branches per event, and a block of accounts stays in the cache. `core/rating/fast.py` does
the same by one loop where numba is installed; both give the same integers.
"""

import numpy as np

from core.rating import fast
from core.rating.exact import LIMIT, Column, largest
from core.rating.trail import Trail

CACHE_EVENTS = 16_384
_TRUE = np.ones(1, dtype=np.bool_)


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
    """The accounts of the slice `here`: later periods event by event, the first has the rest of each account's whole."""
    rows = slice(int(starts[here.start]), int(starts[here.stop]))
    edges = starts[here.start : here.stop + 1] - starts[here.start]
    running = np.zeros(rows.stop - rows.start + 1, dtype=out.dtype)
    np.cumsum(trail.quantity[rows], out=running[1:])
    base, counts = running[edges[:-1]], np.diff(edges)
    _into_blocks(out[0, :, here], bounds[:, here] if bounds.shape[1] > 1 else bounds, running[edges[1:]] - base)
    band = trail.band_of(rows)
    if band is None or len(out) == 1:
        return
    after = running[1:] - np.repeat(base, counts)
    before = after - trail.quantity[rows]
    for number in range(1, len(out)):
        chosen = np.flatnonzero(band == number)
        at = np.searchsorted(chosen, edges)
        wide = np.repeat(bounds[:, here], np.diff(at), axis=1) if bounds.shape[1] > 1 else bounds
        _between(out[number, :, here], wide, before[chosen], after[chosen], at)
        out[0, :, here] -= out[number, :, here]


def _into_blocks(out: Column, bounds: Column, whole: Column) -> None:
    """Each account's whole use cut at the bounds."""
    below: Column = np.zeros(1, dtype=out.dtype)
    for block in range(len(out)):
        reached = np.minimum(whole, bounds[block]) if block < len(bounds) else whole
        out[block] = reached - below
        below = reached


def _between(out: Column, bounds: Column, before: Column, after: Column, edges: Column) -> None:
    """What events between two running totals have in each block, summed over each account's stretch of them."""
    below: Column = np.zeros(1, dtype=out.dtype)
    there = edges[:-1] < edges[1:]
    firsts = edges[:-1][there]
    for block in range(len(out)):
        inside = after - before
        if block < len(bounds):
            inside = np.minimum(after, bounds[block]) - np.minimum(before, bounds[block])
        reached = np.zeros(out.shape[1], dtype=out.dtype)
        if len(firsts):
            reached[there] = np.add.reduceat(inside, firsts)
        out[block] = reached - below
        below = reached
