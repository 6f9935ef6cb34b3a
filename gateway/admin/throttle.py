"""So many, then wait: a leaky bucket for each name, in the memory of this process.

It keeps a stranger from guessing and a page from flooding; what must hold across workers (five passwords, five codes) is counted
in the database. The number of names is bounded, the longest unused is forgotten first.
"""

import asyncio
from collections import OrderedDict

NAMES_AT_MOST = 20_000


class Throttle:
    """At most `burst` at once, refilled evenly over `per_seconds`."""

    def __init__(self, burst: int, per_seconds: float) -> None:
        self._burst, self._rate = burst, burst / per_seconds
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, name: str) -> bool:
        """Count one for `name`; False when it has had its share."""
        now = asyncio.get_running_loop().time()
        level, at = self._level.pop(name, (0.0, now))
        level = max(0.0, level - (now - at) * self._rate)
        allowed = level + 1 <= self._burst
        self._level[name] = (level + 1 if allowed else level, now)
        while len(self._level) > NAMES_AT_MOST:
            self._level.popitem(last=False)
        return allowed
