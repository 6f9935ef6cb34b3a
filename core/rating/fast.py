"""The same walk as `core/rating/walk.py` in one compiled loop, where the optional extra `fast` (numba) is installed.

Compiling takes about a second, so it is worth it only for many events; the integers are the same either way.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from core.rating.exact import Column

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
    out = np.zeros((size, bands, blocks), dtype=np.int64)
    limits = np.ascontiguousarray(bounds.T) if blocks > 1 else np.zeros((1, 0), dtype=np.int64)
    if trail.bands is None and trail.face is not None and trail.at is not None:
        _by_face()(trail.account, trail.at, trail.quantity, trail.face, (limits, out))
    else:
        band = np.zeros(1, dtype=np.int8) if trail.bands is None else trail.bands
        _by_band()(trail.account, band, trail.quantity, limits, out)
    return out.transpose(1, 2, 0)


@cache
def _step() -> Callable[..., Any]:
    from numba import njit

    @njit(nogil=True, inline="always")
    def step(used: int, amount: int, limits: Any, row: int, cells: Any) -> int:
        blocks = limits.shape[1]
        block = 0
        while block < blocks and used >= limits[row, block]:
            block += 1
        while block < blocks and amount > limits[row, block] - used:
            inside = limits[row, block] - used
            cells[block] += inside
            used += inside
            amount -= inside
            block += 1
        cells[block] += amount
        return used + amount

    return step


@cache
def _by_face() -> Callable[..., Any]:
    from numba import njit

    step = _step()

    @njit(nogil=True)
    def walk(account: Any, at: Any, quantity: Any, face: Any, limits_out: Any) -> None:
        (table, origin, seconds), (limits, out) = face, limits_out
        own = limits.shape[0] > 1
        current, used = -1, 0
        for i in range(len(account)):
            if account[i] != current:
                current, used = account[i], 0
            band = table[(at[i] - origin) // seconds]
            used = step(used, quantity[i], limits, current if own else 0, out[current, band])

    return walk


@cache
def _by_band() -> Callable[..., Any]:
    from numba import njit

    step = _step()

    @njit(nogil=True)
    def walk(account: Any, bands: Any, quantity: Any, limits: Any, out: Any) -> None:
        own = limits.shape[0] > 1
        single = len(bands) != len(account)
        current, used = -1, 0
        for i in range(len(account)):
            if account[i] != current:
                current, used = account[i], 0
            band = 0 if single else bands[i]
            used = step(used, quantity[i], limits, current if own else 0, out[current, band])

    return walk
