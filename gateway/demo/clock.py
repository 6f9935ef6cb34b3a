"""The town's clock: stands where the story puts it, and runs on from there when the story is told."""

from datetime import datetime, timedelta

from core.clock import SystemClock


class TownClock:
    """Set by the story; after `let_run` it goes on from where it stands."""

    def __init__(self, instant: datetime) -> None:
        self._instant, self._since, self._wall = instant, instant, SystemClock()
        self._running = False

    def now(self) -> datetime:
        """The town's present instant."""
        return self._instant + (self._wall.now() - self._since) if self._running else self._instant

    def put(self, instant: datetime) -> None:
        """Let it be `instant`."""
        self._instant, self._running = instant, False

    def forward(self, step: timedelta) -> None:
        """Move on by `step`."""
        self._instant += step

    def let_run(self) -> None:
        """From here on it runs like any clock."""
        self._since, self._running = self._wall.now(), True
