"""How each provider fares: what it answered is counted, and one that is silent time and again is left alone for a while.

Left alone, nothing new is begun with it: whoever wanted to is told at once that it was not reached, which is true and lets them
try again or another way. Questions always go: the first that is answered ends the rest, and `poll` then asks about everything else at once.
"""

from weakref import WeakKeyDictionary

from prometheus_client import Counter, Gauge

from core.context import App
from core.db.engine import Database
from core.outbox.circuit_breaker import CircuitBreaker, loop_time
from core.outcome import NOTHING_TO_ASK_BY, NotReached, Refusal, Unknown
from core.payments.providers import named
from core.payments.providers.contract import Begun, Queried, Started, StartRequest, StatusQuery, Told

REST_SECONDS = 15.0

ANSWERS = Counter("hodi_payment_provider_answers", "What payment providers answered", ("provider", "verb", "answer"))
SECONDS = Counter("hodi_payment_provider_seconds", "Time spent waiting for them", ("provider", "verb"))
RESTING = Gauge("hodi_payment_provider_resting", "1 while a payment provider is left alone", ("provider",))
LABELS = {
    Begun: "begun", Queried: "queried", Refusal: "declined", NotReached: "unreached", Unknown: "unanswered",
}  # fmt: skip
"""What dashboards count each answer as."""

_breakers: WeakKeyDictionary[Database, CircuitBreaker] = WeakKeyDictionary()


def breaker(app: App) -> CircuitBreaker:
    """The circuits of the operator's providers in this process."""
    if app.db not in _breakers:
        clock = app.clock
        _breakers[app.db] = CircuitBreaker(
            "provider", rest_seconds=REST_SECONDS, now=lambda: clock.now().timestamp(), resting=RESTING
        )
    return _breakers[app.db]


async def start(app: App, provider: str, wanted: StartRequest) -> Started:
    """`Provider.start`, unless the provider is left alone: then it surely never heard of it."""
    if breaker(app).is_resting(provider):
        ANSWERS.labels(provider, "start", "left_alone").inc()
        return NotReached("it is left alone for a while")
    began = loop_time()
    said = await named(app, provider).start(wanted)
    _note(app, provider, "start", said, began)
    return said


async def query(app: App, provider: str, asked: StatusQuery) -> Told:
    """`Provider.query`; asked also while it rests, because its answer is how we learn that it is back."""
    began = loop_time()
    said = await named(app, provider).query(asked)
    if not isinstance(said, Unknown) or said.code != NOTHING_TO_ASK_BY:
        _note(app, provider, "query", said, began)
    return said


def _note(app: App, provider: str, verb: str, said: Started | Told, began: float) -> None:
    silent = isinstance(said, NotReached) or (isinstance(said, Unknown) and said.is_silence)
    label = "later" if isinstance(said, Unknown) and not said.is_silence else LABELS[type(said)]
    ANSWERS.labels(provider, verb, label).inc()
    SECONDS.labels(provider, verb).inc(max(0.0, loop_time() - began))
    breaker(app).note(provider, [silent], why=said.why if isinstance(said, NotReached | Unknown) else "")
