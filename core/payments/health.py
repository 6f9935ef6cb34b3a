"""How each provider fares: what it answered is counted, and one that is silent time and again is left alone for a while.

Left alone, nothing new is begun with it: whoever wanted to is told at once that it was never heard (`Unreached`), which is true and lets her
try again or another way. Questions always go: the first that is answered ends the rest, and `poll` then asks about everything else at once.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import structlog
from prometheus_client import Counter, Gauge

from core.context import App, Context
from core.db.engine import Database
from core.payments.providers import named
from core.payments.providers.contract import (
    Silence,
    Started,
    StartRequest,
    StatusQuery,
    Told,
    Unanswered,
    Unaskable,
    Unreached,
)

SILENCES = 5
"""So many in a row, and it is left alone."""
REST, LONGEST_REST = timedelta(seconds=15), timedelta(minutes=5)

ANSWERS = Counter("hodi_payment_provider_answers", "What payment providers answered", ("provider", "verb", "answer"))
SECONDS = Counter("hodi_payment_provider_seconds", "Time spent waiting for them", ("provider", "verb"))
RESTING = Gauge("hodi_payment_provider_resting", "1 while a payment provider is left alone", ("provider",))

_log = structlog.get_logger("payments")


@dataclass(slots=True)
class ProviderCircuit:
    """Of one provider: silences in a row, until when it is left alone, and for how long the next time."""

    silences: int = 0
    until: datetime | None = None
    rest: timedelta = REST


_circuits: WeakKeyDictionary[Database, dict[str, ProviderCircuit]] = WeakKeyDictionary()


def circuit(app: App, provider: str) -> ProviderCircuit:
    """The provider's circuit in this process."""
    return _circuits.setdefault(app.db, {}).setdefault(provider, ProviderCircuit())


def resting(app: App, provider: str) -> bool:
    """Whether it is left alone now."""
    until = circuit(app, provider).until
    return until is not None and app.clock.now() < until


async def start(app: App, provider: str, wanted: StartRequest) -> Started:
    """`Provider.start`, unless the provider is left alone: then it surely never heard of it."""
    if resting(app, provider):
        ANSWERS.labels(provider, "start", "left_alone").inc()
        return Unreached("it is left alone for a while")
    began = _now()
    said = await named(app, provider).start(wanted)
    _note(app, provider, "start", said, began)
    return said


async def query(app: App, provider: str, asked: StatusQuery) -> Told:
    """`Provider.query`; asked also while it rests, because its answer is how we learn that it is back."""
    began = _now()
    said = await named(app, provider).query(asked)
    if not isinstance(said, Unaskable):
        _note(app, provider, "query", said, began)
    return said


def _now() -> float:
    return asyncio.get_running_loop().time()


def _note(app: App, provider: str, verb: str, said: Started | Told, began: float) -> None:
    ANSWERS.labels(provider, verb, type(said).__name__.lower()).inc()
    SECONDS.labels(provider, verb).inc(max(0.0, _now() - began))
    found = circuit(app, provider)
    if not isinstance(said, Unreached | Unanswered):
        if found.until is not None:
            _log.info("provider.works_again", provider=provider)
        found.silences, found.until, found.rest = 0, None, REST
        RESTING.labels(provider).set(0)
        return
    found.silences += 1
    if found.silences >= SILENCES and not resting(app, provider):
        _leave_alone(app, provider, found, said)


def _leave_alone(context: Context, provider: str, found: ProviderCircuit, said: Silence) -> None:
    """The silences are kept, so that one more after the rest is enough."""
    found.until = context.clock.now() + found.rest
    _log.warning("provider.left_alone", provider=provider, why=said.why, seconds=found.rest.total_seconds())
    found.rest = min(2 * found.rest, LONGEST_REST)
    RESTING.labels(provider).set(1)
