"""The same walk as `core/rating/walk.py` in one compiled loop, where the optional extra `fast` (numba) is installed.

Compiling takes about a second, so it is worth it only for many events; the integers are the same either way.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from core.rating.exact import LIMIT, Column

if TYPE_CHECKING:
    from core.rating.walk import Trail

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


def through(trail: "Trail", bounds: Column, bands: int) -> Column:
    """As `walk.through`; int64 only, the caller has proved that nothing overflows."""
    size, blocks = trail.size, len(bounds) + 1
    out = np.zeros((bands, blocks, size), dtype=np.int64)
    limits = np.full((bounds.shape[1] if len(bounds) else 1, blocks), LIMIT, dtype=np.int64)
    limits[:, :-1] = bounds.T
    if trail.bands is None and trail.face is not None and trail.at is not None:
        table, origin, seconds = trail.face
        _by_face()(trail.account, (trail.at, origin, np.uint32(seconds)), table, trail.quantity, limits, out)
    else:
        band = np.zeros(len(trail.account), dtype=np.int8) if trail.bands is None else trail.bands
        _by_band()(trail.account, band, trail.quantity, limits, out)
    return out


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
    """Put one event into the blocks of its time of use; gives the running total and the block it ends in."""
    from numba import njit

    @njit(nogil=True, inline="always", error_model="numpy")
    def step(used: int, block: int, amount: int, limits: Any, cells: Any) -> Any:
        after = used + amount
        while after > limits[block]:
            cells[block] += limits[block] - used
            used = limits[block]
            block += 1
        cells[block] += after - used
        return after, block

    return step


@cache
def _flush() -> Callable[..., Any]:
    """Write an account's cells out and clear them."""
    from numba import njit

    @njit(nogil=True, inline="always", error_model="numpy")
    def flush(cells: Any, out: Any, account: int) -> None:
        for band in range(cells.shape[0]):
            for block in range(cells.shape[1]):
                out[band, block, account] = cells[band, block]
                cells[band, block] = 0

    return flush


@cache
def _by_face() -> Callable[..., Any]:
    from numba import njit

    step, flush = _step(), _flush()

    @njit(nogil=True, error_model="numpy")
    def walk(account: Any, when: Any, table: Any, quantity: Any, limits: Any, out: Any) -> None:
        at, origin, seconds = when
        own = limits.shape[0] > 1
        cells = np.zeros(out.shape[:2], dtype=np.int64)
        current, used, block = account[0], 0, 0
        mine = limits[current if own else 0]
        for i in range(len(account)):
            if account[i] != current:
                flush(cells, out, current)
                current, used, block = account[i], 0, 0
                mine = limits[current if own else 0]
            band = table[np.uint32(at[i] - origin) // seconds]
            used, block = step(used, block, quantity[i], mine, cells[band])
        flush(cells, out, current)

    return walk


@cache
def _by_band() -> Callable[..., Any]:
    from numba import njit

    step, flush = _step(), _flush()

    @njit(nogil=True, error_model="numpy")
    def walk(account: Any, bands: Any, quantity: Any, limits: Any, out: Any) -> None:
        own = limits.shape[0] > 1
        cells = np.zeros(out.shape[:2], dtype=np.int64)
        current, used, block = account[0], 0, 0
        mine = limits[current if own else 0]
        for i in range(len(account)):
            if account[i] != current:
                flush(cells, out, current)
                current, used, block = account[i], 0, 0
                mine = limits[current if own else 0]
            used, block = step(used, block, quantity[i], mine, cells[bands[i]])
        flush(cells, out, current)

    return walk
