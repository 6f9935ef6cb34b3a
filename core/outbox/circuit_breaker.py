"""The one circuit breaker: a provider that is out of order, or wants us to wait, is left alone for a while.

Closed: everything goes. After `FAILURES` in a row that are the provider's fault and not of what was sent, open: nothing goes for a rest,
each time twice as long. Then one tries: if it gets through, closed; if not, open again. Who asks us to wait gets what it asks for.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog
from prometheus_client import Counter, Gauge

log = structlog.get_logger()

FAILURES = 5
LONGEST_REST_SECONDS = 300.0
LONGEST_WAIT_SECONDS = 3600.0
"""Nobody is left alone for longer because they said so; then they are asked again."""


def loop_time() -> float:
    """Seconds of the event loop: they never jump."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Circuit:
    """One provider's: `until` while it is open; kept, once that is past, until the first try is back."""

    rest: float
    failures: int = 0
    until: float | None = None
    slow: tuple[str, float] = ("", 0.0)
    """For whom we were last told to wait, and until when."""


class CircuitBreaker:
    """The circuits of one kind of provider (`label`), by name; `now` is the time in seconds by which they rest."""

    def __init__(
        self,
        label: str,
        *,
        rest_seconds: float = 5.0,
        now: Callable[[], float] = loop_time,
        resting: Gauge | None = None,
        opened: Counter | None = None,
    ) -> None:
        self.label, self.rest_seconds, self.now = label, rest_seconds, now
        self._resting, self._opened = resting, opened
        self._circuits: dict[str, Circuit] = {}

    def circuit(self, name: str) -> Circuit:
        """One provider's."""
        return self._circuits.setdefault(name, Circuit(self.rest_seconds))

    def is_resting(self, name: str) -> bool:
        """Whether it is left alone just now."""
        circuit = self._circuits.get(name)
        return circuit is not None and circuit.until is not None and self.now() < circuit.until

    def resting(self) -> frozenset[str]:
        """All that are left alone just now."""
        return frozenset(name for name in self._circuits if self.is_resting(name))

    def most(self, name: str, wave: int) -> int:
        """How many may be sent together: one, to try, after a rest."""
        circuit = self._circuits.get(name)
        return wave if circuit is None or circuit.until is None else 1

    def note(self, name: str, faults: Iterable[bool], why: str = "") -> None:
        """What became of a wave, one by one: whether it failed by the provider's fault."""
        circuit = self.circuit(name)
        for fault in faults:
            if fault:
                circuit.failures += 1
            else:
                self._close(name, circuit)
        if circuit.failures >= FAILURES:
            self._open(name, circuit, why)

    def told_to_wait(self, name: str, seconds: Mapping[str, float]) -> None:
        """It wants us to wait, by whom the messages were for. One recipient that is too busy waits alone; when a second is told so within
        that time, the provider rests as long as it said."""
        circuit, now = self.circuit(name), self.now()
        for to, wait in seconds.items():
            known, until = circuit.slow
            circuit.slow = (to, now + wait)
            if known not in ("", to) and until > now:
                self.wait(name, wait)

    def wait(self, name: str, seconds: float) -> None:
        """It wants us to wait, whoever it is for."""
        circuit = self.circuit(name)
        circuit.until = max(circuit.until or 0.0, self.now() + min(seconds, LONGEST_WAIT_SECONDS))
        self._show(name, 1)
        log.warning("provider.told_us_to_wait", **{self.label: name}, seconds=seconds)

    def _close(self, name: str, circuit: Circuit) -> None:
        if circuit.until is not None:
            log.info("provider.works_again", **{self.label: name})
        circuit.failures, circuit.until, circuit.rest = 0, None, self.rest_seconds
        self._show(name, 0)

    def _open(self, name: str, circuit: Circuit, why: str) -> None:
        """The failures are kept, so that one more after the rest is enough."""
        now = self.now()
        if circuit.until is not None and circuit.until > now:
            return  # another that was under way
        circuit.until = now + circuit.rest
        log.warning("provider.left_alone", **{self.label: name}, seconds=circuit.rest, why=why)
        circuit.rest = min(2 * circuit.rest, LONGEST_REST_SECONDS)
        self._show(name, 1)
        if self._opened is not None:
            self._opened.labels(name).inc()

    def _show(self, name: str, value: int) -> None:
        if self._resting is not None:
            self._resting.labels(name).set(value)
