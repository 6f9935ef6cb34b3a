"""The same walk as `core/rating/walk.py` in one compiled loop, where the optional extra `fast` (numba) is installed.

Compiling takes about a second, so it is worth it only for many events; the integers are the same either way.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from core.rating.exact import LIMIT, Column
from core.rating.trail import Trail

MANY_EVENTS = 500_000
"""From here on compiling pays for itself."""
SOME_EVENTS = 5_000
USED = True
"""Tests and the bench set this to False to walk with NumPy."""


@cache
def installed() -> bool:
    """Whether numba can be imported."""
    return find_spec("numba") is not None


def worthwhile(events: int) -> bool:
    """Whether the compiled loop should walk that many events; once compiled, it is for far fewer."""
    enough = SOME_EVENTS if _by_face.cache_info().currsize else MANY_EVENTS
    return USED and events >= enough and installed()


def prepare(events: int) -> None:
    """Compile if a batch of that many events is worth it, before it is cut into runs."""
    if worthwhile(events):
        _by_face()


def through(trail: Trail, bounds: Column, bands: int) -> Column:
    """As `walk.through`; int64 only, the caller has proved that nothing overflows."""
    size, blocks = trail.size, len(bounds) + 1
    out = np.zeros((bands * blocks, size), dtype=np.int64)
    limits = np.full((bounds.shape[1] if len(bounds) else 1, blocks), LIMIT, dtype=np.int64)
    limits[:, :-1] = bounds.T
    shape = (bands, blocks, blocks if len(limits) > 1 else 0)
    if trail.bands is None and trail.face is not None and trail.at is not None:
        table, origin, seconds = trail.face
        when = (trail.at, origin, np.uint32(seconds))
        _by_face()(trail.account, when, table, trail.quantity, limits.ravel(), shape, out)
    else:
        band = np.zeros(len(trail.account), dtype=np.int8) if trail.bands is None else trail.bands
        _by_band()(trail.account, band, trail.quantity, limits.ravel(), shape, out)
    return out.reshape(bands, blocks, size)


def sums(account: Column, values: Column, size: int) -> Column:
    """As `walk.sums`; int64 only, the caller has proved that nothing overflows."""
    out = np.zeros(size, dtype=np.int64)
    _summed()(account, values, out)
    return out


@cache
def _summed() -> Callable[..., Any]:
    from numba import njit

    @njit(nogil=True)
    def add(account: Any, values: Any, out: Any) -> None:
        for i in range(len(account)):
            out[account[i]] += values[i]

    return add


@cache
def _step() -> Callable[..., Any]:
    """Put one event into the blocks of its time of use; gives the running total and the block it ends in.

    Cells and limits are flat and places in them plain integers: a view per event would cost more than the event.
    """
    from numba import njit

    @njit(nogil=True, inline="always", error_model="numpy")
    def step(state: Any, amount: int, limits: Any, row: int, cells: Any, first: int) -> Any:
        used, block = state
        after = used + amount
        limit = limits[row + block]
        while after > limit:
            cells[first + block] += limit - used
            used = limit
            block += 1
            limit = limits[row + block]
        cells[first + block] += after - used
        return after, block

    return step


@cache
def _flush() -> Callable[..., Any]:
    """Write an account's cells out and clear them."""
    from numba import njit

    @njit(nogil=True, inline="always", error_model="numpy")
    def flush(cells: Any, out: Any, account: int) -> None:
        for place in range(len(cells)):
            out[place, account] = cells[place]
            cells[place] = 0

    return flush


@cache
def _by_face() -> Callable[..., Any]:
    from numba import njit

    step, flush = _step(), _flush()

    @njit(nogil=True, error_model="numpy")
    def walk(account: Any, when: Any, table: Any, quantity: Any, limits: Any, shape: Any, out: Any) -> None:
        (at, origin, seconds), (bands, blocks, own) = when, shape
        cells = np.zeros(bands * blocks, dtype=np.int64)
        current, state = account[0], (0, 0)
        for i in range(len(account)):
            if account[i] != current:
                flush(cells, out, current)
                current, state = account[i], (0, 0)
            band = table[np.uint32(at[i] - origin) // seconds]
            state = step(state, quantity[i], limits, current * own, cells, band * blocks)
        flush(cells, out, current)

    return walk


@cache
def _by_band() -> Callable[..., Any]:
    from numba import njit

    step, flush = _step(), _flush()

    @njit(nogil=True, error_model="numpy")
    def walk(account: Any, bands_at: Any, quantity: Any, limits: Any, shape: Any, out: Any) -> None:
        bands, blocks, own = shape
        cells = np.zeros(bands * blocks, dtype=np.int64)
        current, state = account[0], (0, 0)
        for i in range(len(account)):
            if account[i] != current:
                flush(cells, out, current)
                current, state = account[i], (0, 0)
            state = step(state, quantity[i], limits, current * own, cells, bands_at[i] * blocks)
        flush(cells, out, current)

    return walk
