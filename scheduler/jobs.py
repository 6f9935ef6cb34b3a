"""What ticks when. Each job finds what is due and does it, so a tick missed is caught up and a tick too many does nothing.

The outbox is not in the table: the dispatcher looks by itself, twice a second and whenever it is nudged.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from core.access import attempts
from core.balances import book, expire
from core.billing.cycles import due_dates
from core.billing.run import parked
from core.care import media_dropped, talks
from core.context import App
from core.journeys import late_usage_rebill, live_closed
from core.journeys.close_cycles import close_cycles
from core.journeys.credit_limit import exposure
from core.journeys.dunning import run as ladder_run
from core.ledger import seal
from core.metering.store import pickup
from core.notices import reminders
from core.outbox import delivery_reports
from core.overview import cards_found
from core.payments import collect, mandates
from core.payments import doors as payment_doors
from core.payments.reconcile import run as reconcile
from core.provisioning import compare
from core.rewards import airtime
from core.vending import vending
from scheduler.campaigns import feed_all


@dataclass(frozen=True, slots=True)
class Job:
    """`run(house)` every so often; it answers how much it did (nothing: falsy)."""

    name: str
    every: timedelta
    run: Callable[[App], Awaitable[object]]


async def _bill(app: App) -> object:
    on, now = app.today(), app.clock.now()
    async with app.db.reading() as conn:
        due = await due_dates(conn, "open", on) or await due_dates(conn, "built", on)
        again = await parked.worth_a_try(conn, on, now)
    return (await close_cycles(app, on, tried_before=now - parked.AGAIN)).finalised if due or again else 0


async def _collect(app: App) -> object:
    return (await collect.collect_due(app, app.today())).total()


async def _poll(app: App) -> object:
    return (await payment_doors.poll(app)).total()


async def _remind(app: App) -> object:
    return await reminders.due(app, app.today())


async def _airtime(app: App) -> object:
    return (await airtime.poll(app)).total()


async def _talks(app: App) -> object:
    async with app.db.writing() as conn:
        return await talks.time_out(conn, app)


async def _vends(app: App) -> object:
    return (await vending.poll(app)).total()


async def _compare(app: App) -> object:
    return await compare.plan(app, app.today())


async def _seal(app: App) -> object:
    async with app.db.writing() as conn:
        return await seal.seal_new(conn, app)


async def _pull(app: App) -> object:
    return (await payment_doors.pull(app)).total()


async def _match(app: App) -> object:
    return await reconcile.run_recent(app)


async def _lapse(app: App) -> object:
    async with app.db.writing() as conn:
        return await mandates.lapse(conn, app)


JOBS: tuple[Job, ...] = (
    Job("bills due", timedelta(minutes=1), _bill),
    Job("bills to put right", timedelta(days=1), late_usage_rebill.put_right),
    Job("mandates to collect", timedelta(minutes=10), _collect),
    Job("reminders due", timedelta(minutes=10), _remind),
    Job("payments unknown", timedelta(seconds=30), _poll),
    Job("paybill pulled", timedelta(minutes=15), _pull),
    Job("days matched", timedelta(hours=1), _match),
    Job("mandates unused", timedelta(hours=12), _lapse),
    Job("airtime unknown", timedelta(minutes=1), _airtime),
    Job("tokens unknown", timedelta(seconds=30), _vends),
    Job("talks that wait too long", timedelta(seconds=30), _talks),
    Job("the ladder", timedelta(minutes=10), ladder_run.due),
    Job("credit limits", timedelta(minutes=15), exposure.tick),
    Job("network compared", timedelta(hours=1), _compare),
    Job("campaigns", timedelta(seconds=5), feed_all),
    Job("usage to fetch", timedelta(minutes=1), pickup.tick),
    Job("balances past their time", timedelta(seconds=30), expire.tick),
    Job("live periods closed", timedelta(minutes=1), live_closed.tick),
    Job("money used beforehand", timedelta(minutes=5), book.tick),
    Job("reports of nobody's messages", timedelta(days=1), delivery_reports.forget),
    Job("card numbers", timedelta(hours=1), cards_found.tick),
    Job("files of strangers", timedelta(hours=1), media_dropped.tick),
    Job("counts that are over", timedelta(hours=1), attempts.forget),
    Job("seal the books", timedelta(minutes=1), _seal),
)
