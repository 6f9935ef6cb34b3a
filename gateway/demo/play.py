"""Plays the demo: settles the town, lets it live up to its newest bills, then tells the story, or serves with a phone to dial."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from core.access import staff
from core.clock import SystemClock
from core.config import hook_secrets
from core.config.operator import read_operator
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.journeys.verify_books import problems
from core.metering.model import FileReport
from core.migrations import upgrade
from core.text.days import last_of
from gateway.commands.bill import progress_bar
from gateway.commands.run import out
from gateway.commands.setup import lay_down
from gateway.demo import totals
from gateway.demo import town as towns
from gateway.demo.clock import TownClock
from gateway.demo.handset import StoryFailed
from gateway.demo.plan import DemoPlan
from gateway.demo.servers import HOST, Ports, Wires, free_ports, settings_of, wired
from gateway.demo.story import tell
from gateway.demo.town import Town

CLERK, WELCOME = "demo", "karibu-hodi-karibu"


async def play(folder: Path, plan: DemoPlan) -> None:
    """`--once`: the story, told and checked; the books verified."""
    began = SystemClock().now()
    clock, ports = TownClock(plan.after), free_ports()
    async with _house(folder, clock, ports) as app:
        async with wired(app, ports, prompts_by_hand=False, with_scheduler=False) as wires:
            town = await _settle(plan, wires, clock)
            await tell(town, wires, clock, out, plan.last)
        async with app.db.reading() as conn:
            wrong = await problems(conn)
        if wrong:
            raise StoryFailed("; ".join(wrong))
    out.rule("The end")
    out.print("The books are true: postings balance, lines = invoices = postings, numbers gapless.", highlight=False)
    out.print(f"All of it in {(SystemClock().now() - began).seconds} seconds.", highlight=False)


async def serve(folder: Path, plan: DemoPlan, port: int) -> None:
    """The town stays, with a phone to dial, until it is stopped."""
    clock, ports = TownClock(plan.after), free_ports(port)
    async with _house(folder, clock, ports) as app:
        async with wired(app, ports, prompts_by_hand=False, with_scheduler=False) as wires:
            town = await _settle(plan, wires, clock)
        clock.let_run()
        async with app.db.writing() as conn:
            await staff.create_staff(conn, app, CLERK, "admin", WELCOME)
        async with wired(app, ports, prompts_by_hand=True, with_scheduler=True):
            _invite(town, port)
            await asyncio.Event().wait()


def _invite(town: Town, port: int) -> None:
    """Where to go, and how a provider would speak to us (the secret is this town's own and dies with it)."""
    who = next(iter(town.neighbours.values()))
    out.rule("Hodi?")
    out.print(f"A phone to dial:  http://{HOST}:{port}/phone   (be {who.name}, {who.phone})", highlight=False)
    out.print(f"A chat:           http://{HOST}:{port}/chat", highlight=False)
    out.print(f"The console:      http://{HOST}:{port}/console   ({CLERK} / {WELCOME})", highlight=False)
    secret = hook_secrets.secret_of(town.app.settings, "africastalking")
    out.print("Or as the network does it:", highlight=False)
    out.print(
        f"curl http://{HOST}:{port}/hooks/africastalking/{secret}/ussd -d sessionId=1 -d serviceCode='*384*100#' "
        f"--data-urlencode phoneNumber={who.phone} -d text=",
        highlight=False,
        soft_wrap=True,
    )
    out.print("Ctrl-C ends it.", highlight=False)


@asynccontextmanager
async def _house(folder: Path, clock: TownClock, ports: Ports) -> AsyncIterator[App]:
    lay_down("electricity", folder / "operator")
    settings = settings_of(folder, ports)
    app = App(clock, read_operator(folder / "operator"), Database(settings.database_url), settings, follow)
    await upgrade(app.db.engine)
    try:
        yield app
    finally:
        await app.db.close()


async def _settle(plan: DemoPlan, wires: Wires, clock: TownClock) -> Town:
    """People, readings, control totals, and every day up to the newest bills."""
    if plan.shift_years:
        out.print(
            f"The readings are moved by {plan.shift_years} years: {plan.first} up to {plan.last}.", highlight=False
        )
    town = await towns.settle(wires.app, plan.people, plan.first)
    with progress_bar("Readings") as progress:
        report = await towns.read_meters(wires.app, plan.file, plan.shift_years, progress)
    out.print(
        f"{report.rows:,} readings of {len(plan.people)} meters: {report.accepted:,} accepted, "
        f"{report.duplicates:,} known already, {report.rejected:,} rejected.",
        highlight=False,
    )
    with progress_bar("Days") as progress:

        def put(instant: datetime) -> None:
            clock.put(instant)
            progress((instant.date() - plan.first).days, (plan.last - plan.first).days)

        await towns.live(town, wires, plan.first, plan.last, put)
    out.print(f"{towns.shown(town)}, {len(town.parked)} parked.", highlight=False)
    for one in town.parked:
        out.print(
            f"  parked {one.number}, {one.from_date} to {last_of(one.to_date)}: {one.reason}",
            highlight=False,
            markup=False,
        )
    if plan.controls:
        await _check(plan, wires.app, report)
    return town


async def _check(plan: DemoPlan, app: App, report: FileReport) -> None:
    """The control totals, exactly; and how each meter-month was billed."""
    billed = await totals.billed(app, plan.controls)
    wrong = totals.differences(plan.controls, report) + billed.wrong
    if wrong:
        raise StoryFailed("control totals differ:\n" + "\n".join(wrong))
    out.print(
        f"Control totals: {len(plan.controls)} meter-months matched exactly. Billed: {billed.complete} complete, "
        f"{billed.estimated} with gaps estimated and marked, {billed.parked} parked.",
        highlight=False,
    )
