"""A provider that is out of order is left alone for a while: its messages wait, or go another way, and use up none of their tries.

Closed: everything goes. After `FAILURES` in a row that are the provider's fault and not a message's, open: nothing goes for `REST`
seconds, each time twice as long. Then one wave of one message tries: if it gets through, closed; if not, open again.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog
from prometheus_client import Counter, Gauge

log = structlog.get_logger()

FAILURES = 5
REST_SECONDS, LONGEST_REST_SECONDS = 5.0, 300.0
LONGEST_WAIT_SECONDS = 3600.0
"""No channel rests longer because its provider said so; then it is asked again."""
FAULTS = frozenset({"not_reached", "provider_busy", "no_answer", "wrong_key", "no_credit"})
"""Reasons that say something about the provider rather than about the message (channels/errors.py)."""

OPEN = Gauge("hodi_provider_out_of_order", "1 while a channel's provider is left alone", ("channel",))
OPENED = Counter("hodi_provider_left_alone", "How often a channel's provider was left alone", ("channel",))


@dataclass(slots=True)
class Circuit:
    """One channel's: `until` (loop time) while it is open; `trying` once that is past and the first wave is not back."""

    failures: int = 0
    until: float | None = None
    rest: float = REST_SECONDS
    slow: tuple[str, float] = ("", 0.0)
    """For whose message we were last told to wait, and until when (loop time)."""


class Breaker:
    """The circuits of all channels, by name."""

    def __init__(self) -> None:
        self._circuits: dict[str, Circuit] = {}

    def resting(self) -> frozenset[str]:
        """The channels that are left alone just now."""
        now = asyncio.get_running_loop().time()
        return frozenset(name for name, one in self._circuits.items() if one.until is not None and one.until > now)

    def most(self, channel: str, wave: int) -> int:
        """How many may be sent together: one, to try, after a rest."""
        circuit = self._circuits.get(channel)
        return wave if circuit is None or circuit.until is None else 1

    def note(self, channel: str, reasons: Iterable[str | None]) -> None:
        """What became of a wave, message by message: None where one got through or failed for its own sake."""
        circuit = self._circuits.setdefault(channel, Circuit())
        for reason in reasons:
            if reason not in FAULTS:
                self._close(channel, circuit)
            else:
                circuit.failures += 1
        if circuit.failures >= FAILURES:
            self._open(channel, circuit)

    def told_to_wait(self, channel: str, seconds: Mapping[str, float]) -> None:
        """The provider wants us to wait, by whom the messages were for. One chat that is too busy waits alone; when a second is told so
        within that time, the whole channel rests as long as it was told."""
        circuit, now = self._circuits.setdefault(channel, Circuit()), asyncio.get_running_loop().time()
        for to, wait in seconds.items():
            known, until = circuit.slow
            circuit.slow = (to, now + wait)
            if known not in ("", to) and until > now:
                circuit.until = max(circuit.until or 0.0, now + min(wait, LONGEST_WAIT_SECONDS))
                OPEN.labels(channel).set(1)
                log.warning("provider.told_us_to_wait", channel=channel, seconds=wait)

    def _close(self, channel: str, circuit: Circuit) -> None:
        if circuit.until is not None:
            log.info("provider.works_again", channel=channel)
        circuit.failures, circuit.until, circuit.rest = 0, None, REST_SECONDS
        OPEN.labels(channel).set(0)

    def _open(self, channel: str, circuit: Circuit) -> None:
        """The failures are kept, so that one more after the rest is enough."""
        now = asyncio.get_running_loop().time()
        if circuit.until is not None and circuit.until > now:
            return  # another wave that was under way
        circuit.until = now + circuit.rest
        log.warning("provider.left_alone", channel=channel, seconds=circuit.rest)
        circuit.rest = min(2 * circuit.rest, LONGEST_REST_SECONDS)
        OPEN.labels(channel).set(1)
        OPENED.labels(channel).inc()
