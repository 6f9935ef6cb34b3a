"""The same walk as `core/rating/walk.py` in one compiled loop, where the optional extra `fast` (numba) is installed.

Compiling takes about a second, so it is worth it only for many events; the integers are the same either way.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from core.rating.exact import LIMIT, Column
from core.rating.times import LONGEST_SECONDS, Clockface
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
    enough = SOME_EVENTS if _walked.cache_info().currsize else MANY_EVENTS
    return USED and events >= enough and installed()


def prepare(events: int) -> None:
    """Compile if a batch of that many events is worth it, before it is cut into runs."""
    if worthwhile(events):
        _walked()


def through(trail: Trail, bounds: Column, bands: int) -> tuple[Column, Column]:
    """As `walk.through`; int64 only, the caller has proved that nothing overflows."""
    size, blocks = trail.size, len(bounds) + 1
    limits = np.full((bounds.shape[1] if len(bounds) else 1, blocks), LIMIT, dtype=np.int64)
    limits[:, :-1] = bounds.T
    own = np.uint64(blocks if len(limits) > 1 else 0)
    out, whole = np.empty((bands * blocks, size), dtype=np.int64), np.empty(size, dtype=np.int64)
    when, clock, table = _times(trail, bands)
    cells = (table * blocks).astype(np.uint16)
    _walked()(trail.starts, when, clock, cells, trail.quantity, limits.ravel(), own, out, whole)
    return out.reshape(bands, blocks, size), whole


def _times(trail: Trail, bands: int) -> tuple[Column, tuple[int, Any, Any], Column]:
    """What tells an event's time of use: a column, how it becomes a place in a table, and the table.

    The place is (value - origin) / seconds; the division by a number that is the same for all is a multiplication and a
    shift, exact for every value below 2 ** 27 (twelve hundred days of seconds).
    """
    if trail.bands is not None or trail.face is None or trail.at is None:
        bands_at = np.zeros(len(trail.quantity), dtype=np.int8) if trail.bands is None else trail.bands
        return bands_at, (0, np.uint64(1), np.uint64(0)), np.arange(bands)
    return trail.at, _clock(trail.face), trail.face.bands.astype(np.int64)


def _clock(face: Clockface) -> tuple[int, Any, Any]:
    shift = LONGEST_SECONDS.bit_length() + (face.seconds - 1).bit_length()
    return face.origin, np.uint64(-(-(1 << shift) // face.seconds)), np.uint64(shift)


def arrived(
    account: Column, at: Column, quantity: Column, face: Clockface | None, steps: tuple[Column, Column], used: Column
) -> Column:
    """As `arrivals.Till.take`, events in any order; the caller has proved accounts, quantities and that nothing overflows."""
    ends, prices = steps
    cost = np.empty(len(account), dtype=np.int64)
    clock, table = (0, np.uint64(0), np.uint64(0)), np.zeros(1, dtype=np.uint16)
    if face is not None:
        clock, table = _clock(face), (face.bands.astype(np.int64) * len(ends)).astype(np.uint16)
    _arrived()((account, at, quantity), clock, table, (ends, prices.ravel()), used, cost)
    return cost


def sums(starts: Column, values: Column) -> Column:
    """As `walk.sums`; int64 only, the caller has proved that nothing overflows."""
    out = np.empty(len(starts) - 1, dtype=np.int64)
    _summed()(starts, values, out)
    return out


def starts_of(owner: Column, size: int, shift: int) -> Column | None:
    """As `walk.starts_of`."""
    starts = np.zeros(size + 1, dtype=np.int64)
    return starts if _started()(owner, shift, starts) else None


def extent(values: Column) -> tuple[int, int]:
    """The least and the largest of some values."""
    least, most = _extent()(values)
    return int(least), int(most)


@cache
def _summed() -> Callable[..., Any]:
    from numba import njit

    @njit(nogil=True)
    def add(starts: Any, values: Any, out: Any) -> None:
        for a in range(len(out)):
            total = 0
            for i in range(starts[a], starts[a + 1]):
                total += values[i]
            out[a] = total

    return add


@cache
def _started() -> Callable[..., Any]:
    from numba import njit

    @njit(nogil=True)
    def start(owner: Any, shift: int, starts: Any) -> bool:
        account, size = 0, len(starts) - 1
        for i in range(len(owner)):
            this = owner[i] - shift
            if this != account:
                if this < account or this >= size:
                    return False
                while account < this:
                    account += 1
                    starts[account] = i
        starts[account + 1 :] = len(owner)
        return True

    return start


@cache
def _extent() -> Callable[..., Any]:
    from numba import njit

    @njit(nogil=True)
    def extent(values: Any) -> Any:
        least = most = values[0]
        for i in range(len(values)):
            least, most = min(least, values[i]), max(most, values[i])
        return least, most

    return extent


@cache
def _arrived() -> Callable[..., Any]:
    """Every event against its account's counter."""
    from numba import njit

    one, none = np.uint64(1), np.uint64(0)

    @njit(nogil=True, error_model="numpy")
    def price(events: Any, clock: Any, table: Any, steps: Any, used: Any, cost: Any) -> None:
        (account, at, quantity), (origin, multiplier, shift), (ends, prices) = events, clock, steps
        for i in range(len(account)):
            first = np.uint64(table[(np.uint64(at[i] - origin) * multiplier) >> shift])
            who = np.uint64(account[i])
            before = used[who]
            after = before + quantity[i]
            block, total = none, np.int64(0)
            while ends[block] <= before:
                block += one
            while ends[block] < after:
                total += (ends[block] - before) * prices[first + block]
                before = ends[block]
                block += one
            cost[i] = total + (after - before) * prices[first + block]
            used[who] = after

    return price


@cache
def _walked() -> Callable[..., Any]:
    """Every event into the blocks of its time of use, account by account.

    Cells and limits are flat and the places in them unsigned: a view per event, or a check for a negative place, would
    cost more than the event.
    """
    from numba import njit

    one, none = np.uint64(1), np.uint64(0)

    @njit(nogil=True, error_model="numpy")
    def walk(
        starts: Any, when: Any, clock: Any, table: Any, quantity: Any, limits: Any, own: Any, out: Any, whole: Any
    ) -> None:
        origin, multiplier, shift = clock
        cells = np.zeros(len(out), dtype=np.int64)
        for account in range(len(whole)):
            used, block, row = np.int64(0), none, np.uint64(account) * own
            limit = limits[row]
            for i in range(np.uint64(starts[account]), np.uint64(starts[account + 1])):
                first = np.uint64(table[(np.uint64(when[i] - origin) * multiplier) >> shift])
                after = used + quantity[i]
                while after > limit:
                    cells[first + block] += limit - used
                    used = limit
                    block += one
                    limit = limits[row + block]
                cells[first + block] += after - used
                used = after
            whole[account] = used
            for place in range(len(cells)):
                out[place, account] = cells[place]
                cells[place] = 0

    return walk
