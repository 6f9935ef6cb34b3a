"""What the ladder would do if nothing else happened: by the very rule of the daily run, day by day, writing nothing.

Assumed: nobody pays, contests or agrees anything, every notice arrives on its day, an arrangement is kept. Bills known today become
overdue as the days pass. It is what `hodi collections simulate`, the console and the customer's own "what next" show.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections import queries
from core.collections.ladder import advance, after
from core.collections.model import Kind, OverduePosition
from core.config.collections import StepName
from core.context import Context
from core.errors import Refused
from core.journeys.dunning import load

FARTHEST = timedelta(days=400)
_SHOWN = ("start", "step", "hold", "resume", "end")


@dataclass(frozen=True, slots=True)
class DunningForecast:
    """Something that would happen on a day, and why."""

    on: date
    kind: Kind
    step: StepName | None
    payable_minor: int
    trail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """The ladder of an account up to a day, and what would come after it."""

    account_id: int
    now: OverduePosition
    happens: tuple[DunningForecast, ...]
    next: DunningForecast | None
    """The step after the last day, if one can be foreseen."""


async def simulate(conn: AsyncConnection, context: Context, account_id: int, on: date) -> Ahead:
    """The ladder from today to `on`; `Refused` for a day that is past or too far away."""
    today = context.today()
    if not today <= on <= today + FARTHEST:
        raise Refused("collections.simulate.day", days=FARTHEST.days)
    [now] = await load.standings(conn, context, today, [account_id])
    items = (await load.items_of(conn, on + FARTHEST, [account_id]))[account_id]
    covered = await queries.covered(conn, [account_id])
    rules = load.rules_of(context, now.segment)
    happens: list[DunningForecast] = []
    standing, held, day = now, None, today
    while day <= on or (day <= on + timedelta(days=90) and not _beyond(happens, on)):
        standing = load.with_debt(standing, items, covered, day)
        result, standing = advance(standing, rules, day)
        for one in result:
            if one.kind in _SHOWN and not (one.kind == "hold" and one.hold == held):
                happens.append(DunningForecast(day, one.kind, one.step, standing.payable_minor, one.trail))
        held = result[-1].hold
        standing = after(standing, result[-1], rules) if result[-1].kind == "step" else standing
        day += timedelta(days=1)
    return Ahead(account_id, now, tuple(one for one in happens if one.on <= on), _beyond(happens, on))


def _beyond(happens: list[DunningForecast], on: date) -> DunningForecast | None:
    return next((one for one in happens if one.on > on and one.kind == "step"), None)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What a customer may be told: what happens next, from when, and about how much."""

    step: StepName
    on: date
    payable_minor: int

    @property
    def words(self) -> str:
        """The key of the sentence that says so."""
        return "ahead.letter" if self.step in ("overdue", "firm") else f"ahead.{self.step}"


async def next_step(conn: AsyncConnection, context: Context, account_id: int) -> NextStep | None:
    """The next step and its day if nothing changes; None where nothing is overdue, or something holds the ladder."""
    [now] = await load.standings(conn, context, context.today(), [account_id])
    if not now.payable_minor:
        return None
    ahead = await simulate(conn, context, account_id, context.today())
    coming = next((one for one in (*ahead.happens, ahead.next) if one and one.kind == "step"), None)
    if coming is None or coming.step is None or any(one.kind == "hold" for one in ahead.happens):
        return None
    return NextStep(coming.step, coming.on, now.payable_minor)
