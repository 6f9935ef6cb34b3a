"""The town is settled (folder, books, neighbours, readings) and lives its days: cycles close, mandates are collected, most people pay."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import func, select

from core import money
from core.billing.model import Parked
from core.billing.tables import cycle
from core.catalog import store as tariffs
from core.context import App
from core.errors import BadInput
from core.journeys.close_cycles import close_cycles
from core.ledger.tables import open_item
from core.metering.model import FileReport
from core.metering.store import collect
from core.notices import reminders
from core.onboarding.model import NewCustomer, NewMeter
from core.onboarding.register import register_many
from core.payments import mandates
from core.payments.collect import collect_due
from core.payments.tables import receipt
from gateway.demo.handset import StoryFailed
from gateway.demo.people import Neighbour
from gateway.demo.servers import Wires

MORNING = time(9, 0)
PAY_BEFORE_DAYS = 6


@dataclass(slots=True)
class Town:
    """The neighbours, by account id, and what the runs had to tell."""

    app: App
    neighbours: dict[int, Neighbour]
    bills: int = 0
    total_minor: int = 0
    parked: list[Parked] = field(default_factory=list)

    def at(self, day: date, clock: time = MORNING) -> datetime:
        """An hour of a day where the operator is."""
        return datetime.combine(day, clock, self.app.zone)

    def account_of(self, neighbour: Neighbour) -> int:
        """Her account's id."""
        return next(key for key, one in self.neighbours.items() if one is neighbour)


async def settle(app: App, people: Sequence[Neighbour], opened_on: date) -> Town:
    """Load the tariffs and register everybody; those with a mandate get it."""
    if app.settings.operator is None:
        raise BadInput("HODI_OPERATOR", "is not set.", "The demo sets it itself.")
    async with app.db.writing() as conn:
        await tariffs.load_folder(conn, app, app.settings.operator)
        known = await register_many(conn, app, [_customer(one, opened_on) for one in people])
        for registered, neighbour in zip(known, people, strict=True):
            if neighbour.mandate:
                reference = await mandates.create(
                    conn, app, registered.account_id, masked=f"bank ****{neighbour.account[-4:]}", actor="job:demo"
                )
                await mandates.activate(conn, app, reference, actor="provider:sandbox")
    return Town(app, {one.account_id: neighbour for one, neighbour in zip(known, people, strict=True)})


def _customer(one: Neighbour, opened_on: date) -> NewCustomer:
    return NewCustomer(
        name=one.name,
        number=one.account,
        phone=one.phone,
        language=one.language,
        branch=one.branch,
        bill_day=one.bill_day,
        opened_on=opened_on,
        address=one.address,
        area=one.area,
        marketing=True,
        meter=NewMeter(one.meter, installed_on=opened_on),
    )


async def read_meters(
    app: App, file: Path, shift_years: int, progress: Callable[[int, int], None] | None = None
) -> FileReport:
    """Collect the readings of a file into the usage store."""
    return await collect.load_csv(app, file, shift_years=shift_years, progress=progress)


async def live(town: Town, wires: Wires, first: date, last: date, put_clock: Callable[[datetime], None]) -> None:
    """The days from `first` to `last`: close, collect, remind, pay. On `last` cycles close and nobody has paid yet."""
    day = first
    while day <= last:
        put_clock(town.at(day))
        await _one_day(town, wires, day, paying=day < last)
        day += timedelta(days=1)


async def _one_day(town: Town, wires: Wires, day: date, *, paying: bool) -> None:
    app = town.app
    if await _closes(app, day):
        report = await close_cycles(app, day)
        if report.problems:
            raise BadInput(str(day), "; ".join(report.problems), "This is a bug of Hodi: please report it.")
        town.bills += report.finalised
        town.total_minor += report.total_minor
        town.parked += [one for one in report.parked if one not in town.parked]
    await collect_due(app, day)
    await reminders.due(app, day)
    if paying:
        await _pay(town, wires, day)
    await wires.dispatcher.drain()


async def _closes(app: App, day: date) -> bool:
    async with app.db.reading() as conn:
        due = select(func.count()).where(cycle.c.state.in_(("open", "built")), cycle.c.to_date <= day)
        return bool(await conn.scalar(due))


async def _pay(town: Town, wires: Wires, day: date) -> None:
    """Those without a mandate pay into the paybill some days before it is due, typing their account number."""
    item = open_item.c
    query = select(item.account_id, func.sum(item.open_minor), func.min(item.due_on)).where(item.open_minor > 0)
    async with town.app.db.reading() as conn:
        owing = (await conn.execute(query.group_by(item.account_id))).all()
        before = await conn.scalar(select(func.count()).select_from(receipt)) or 0
    paid = 0
    for account, open_minor, due_on in owing:
        one = town.neighbours[account]
        if not one.mandate and day >= due_on - timedelta(days=PAY_BEFORE_DAYS):
            await wires.ask_bank(
                "/v1/inbound",
                reference=one.account,
                amount_minor=int(open_minor),
                currency=town.app.currency,
                phone=one.phone,
            )
            paid += 1
    await until(lambda: _receipts(town.app, before + paid), "the payments of the day")


async def _receipts(app: App, wanted: int) -> bool:
    async with app.db.reading() as conn:
        return (await conn.scalar(select(func.count()).select_from(receipt)) or 0) >= wanted


async def until(what: Callable[[], Awaitable[object]], words: str, seconds: float = 15) -> None:
    """Wait until a question is answered with yes; StoryFailed names what did not come."""
    try:
        async with asyncio.timeout(seconds):
            while not await what():  # noqa: ASYNC110 - it looks into the books, which ring no bell
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise StoryFailed(f"waited {seconds:g} seconds in vain for {words}") from None


def shown(town: Town) -> str:
    """`150 bills, KES 312,400 in all`."""
    return f"{town.bills} bills, {money.show(town.total_minor, town.app.currency)} in all"
