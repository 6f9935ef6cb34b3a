"""What ticks when. Each job finds what is due and does it, so a tick missed is caught up and a tick too many does nothing.

The outbox is not in the table: the dispatcher looks by itself, twice a second and whenever it is nudged.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from core.house import House
from core.journeys import reminders
from core.ledger import seal


@dataclass(frozen=True, slots=True)
class Job:
    """`run(house)` every so often; it answers how much it did (nothing: falsy)."""

    name: str
    every: timedelta
    run: Callable[[House], Awaitable[object]]


async def _remind(house: House) -> object:
    return await reminders.due(house, house.today())


async def _seal(house: House) -> object:
    async with house.db.writing() as conn:
        return await seal.seal_new(conn, house)


JOBS: tuple[Job, ...] = (
    Job("reminders due", timedelta(minutes=10), _remind),
    Job("seal the books", timedelta(minutes=1), _seal),
)
