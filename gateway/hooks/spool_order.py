"""Several processes keep in one folder, each in a file of its own: what was kept first is taken up first, whoever kept it.

A customer's messages reach now one process and now another. So before a process takes up an entry it looks at what the others have
waiting, and lets what is older go first as long as they get on with it. One that does not (it hangs, or it died and its file is to be
taken over) holds nobody up for longer than `PATIENCE_SECONDS`.
"""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from gateway.hooks.spool_file import peek

PATIENCE_SECONDS, LOOK_AGAIN_SECONDS = 6.0, 0.005
"""Longer than a process may rest before it tries the database again (`gateway/hooks/spool.py`)."""


class Elders:
    """What the others keep in `folder`. `came_at` tells when an entry came in."""

    def __init__(self, folder: Path, came_at: Callable[[bytes | None], float]) -> None:
        self.folder, self.came_at = folder, came_at
        self._stuck: bytes | None = None

    def first(self, at: float, mine: Collection[Path]) -> bytes | None:
        """Something that another process kept before this instant, and has not taken up."""
        for path in sorted(self.folder.glob("*.spool")):
            raw = None if path in mine else peek(path)
            if raw is not None and raw != self._stuck and self.came_at(raw) < at:
                return raw
        return None

    async def linger(self, at: float, mine: Callable[[], Collection[Path]], hurry: Callable[[], bool]) -> bool:
        """Waits until no other has anything older, or `hurry` calls; True: one of them does not get on with it."""
        clock = asyncio.get_running_loop().time
        seen, until = None, 0.0
        while not hurry() and (elder := self.first(at, mine())):
            if elder != seen:
                seen, until = elder, clock() + PATIENCE_SECONDS
            elif clock() > until:
                self._stuck = elder
                return True
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return False
