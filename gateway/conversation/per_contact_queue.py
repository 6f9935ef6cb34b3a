"""Turns of one contact in the order they came: a queue of futures, nobody polls, and nobody waits who need not."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ContactQueue:
    """Who is busy, and who waits behind her."""

    def __init__(self) -> None:
        self._busy: dict[str, deque[asyncio.Future[None]] | None] = {}

    @asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """Runs the block when all earlier blocks of the same key are done."""
        await self.enter(key)
        try:
            yield
        finally:
            self.leave(key)

    def take(self, key: str) -> bool:
        """Begins at once if nobody of this key is busy: nearly always. Else `enter`."""
        if key in self._busy:
            return False
        self._busy[key] = None
        return True

    async def enter(self, key: str) -> None:
        """Waits for its turn."""
        if self.take(key):
            return
        queue = self._busy[key]
        if queue is None:
            queue = self._busy[key] = deque()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(key)  # it was our turn already: pass it on
            raise

    def leave(self, key: str) -> None:
        """Lets the next one in."""
        queue = self._busy[key]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._busy[key]
