"""No faster than the provider allows: never more than so many messages of a channel in any one second, whoever sends them.

The seconds are those of the event loop, because a pace is about this machine and not about the date.
"""

import asyncio
from collections import deque
from collections.abc import Mapping


class Pace:
    """How many messages left on each channel in the last second; `per_second` names the channels that have a limit."""

    def __init__(self, per_second: Mapping[str, int] | None = None) -> None:
        self.per_second = dict(per_second or {})
        self._left: dict[str, deque[tuple[float, int]]] = {channel: deque() for channel in self.per_second}
        self._turn: dict[str, asyncio.Lock] = {channel: asyncio.Lock() for channel in self.per_second}

    def most(self, channel: str, wave: int) -> int:
        """How many may leave together: a whole wave, or less where the limit is smaller."""
        return max(1, min(wave, self.per_second.get(channel, wave)))

    async def wait(self, channel: str, count: int) -> None:
        """Return when `count` more (at most `most`) may leave; first come, first served."""
        if channel not in self.per_second:
            return
        left, limit, loop = self._left[channel], self.per_second[channel], asyncio.get_running_loop()
        async with self._turn[channel]:
            while True:
                now = loop.time()
                while left and left[0][0] <= now - 1.0:
                    left.popleft()
                if sum(number for _, number in left) + count <= limit:
                    left.append((now, count))
                    return
                await asyncio.sleep(left[0][0] + 1.0 - now)
