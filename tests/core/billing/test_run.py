"""Two passes, each resumable: bills are made once, numbered without a gap, and the books agree with them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import queries, verify
from core.billing.facts import Finalised
from core.billing.model import FinalBill, RunReport
from core.billing.run.passes import build, close, finalise, foresee
from core.billing.run.store import unpark
from core.billing.tables import cycle, invoice, invoice_line
from core.context import App, Context
from core.facts import Fact
from core.ledger import queries as ledger
from core.ledger import verify as books
from tests.core.billing.world import KWH, Customer, Fake, settle

FEB = date(2026, 2, 1)


async def run(app: App, on: date, sources: Fake, partition: int = 10_000) -> RunReport:
    await build(app, on, sources=sources, partition=partition)
    await finalise(app, on, partition=partition)
    return await close(app, on)


async def sound(app: App) -> None:
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []
        assert await books.problems(conn) == []


async def test_a_month_of_power_becomes_a_bill_that_they_owe(app: App) -> None:
    [(account_id, _)] = await settle(app, [Customer()])
    report = await run(app, FEB, Fake())
    assert (report.state, report.accounts, report.total_minor, report.problems) == ("closed", 1, 90700, ())
    async with app.db.reading() as conn:
        [last] = await queries.last_bills(conn, account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id, context=app)
        assert bill is not None
        # 30 x 12.23 + 12 x 20.58 + 42 x 4.00 = 781.86, VAT 16 % = 125.10, to whole shillings 0.04
        assert [(line.code, line.amount_minor) for line in bill.lines] == [
            ("consumption", 36690),
            ("consumption", 24696),
            ("fuel_cost", 16800),
            ("vat", 12510),
            ("rounding", 4),
        ]
        assert [line.position for line in bill.lines] == [1, 2, 3, 4, 5]
        assert (bill.number, bill.due_on, bill.to_pay_minor) == ("INV-000001", date(2026, 2, 16), 90700)
        assert (bill.tax_minor, bill.rounding_minor) == (12510, 4)
        assert (bill.name, bill.services[0].address) == ("Amina 0", "0 Moi Avenue")
        assert await ledger.balance(conn, "receivable", account_id, "KES") == 90700
        assert await ledger.balance(conn, "tax", 0, "KES") == -12510
        assert await ledger.balance(conn, "rounding", 0, "KES") == -4
        owing = await queries.owing(conn, account_id)
        assert (owing.open_minor, owing.due_on, owing.currency) == (90700, date(2026, 2, 16), "KES")
        assert (await queries.bill(conn, token=last.token)) is not None
        assert (await queries.bill(conn, token="no-such-token")) is None
    await sound(app)


async def test_running_a_finished_day_again_makes_nothing(app: App) -> None:
    await settle(app, [Customer(), Customer(), Customer(bill_day=15)])
    first = await run(app, FEB, Fake())
    assert await run(app, FEB, Fake()) == first
    async with app.db.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(invoice))).scalar_one() == 3
    await sound(app)


async def test_a_late_run_closes_every_period_in_order(app: App) -> None:
    [(account_id, _), *_] = await settle(app, [Customer(bill_day=31, opened_on=date(2026, 1, 31)), Customer()])
    report = await run(app, date(2026, 5, 1), Fake(), partition=1)
    assert (report.accounts, report.problems) == (7, ())
    async with app.db.reading() as conn:
        found = await queries.last_bills(conn, account_id, limit=9)
        assert [one.to_date for one in reversed(found)] == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
        rows = (
            await conn.execute(select(invoice.c.number).order_by(invoice.c.to_date, invoice.c.account_id))
        ).scalars()
        assert sorted(rows) == [f"INV-{number:06}" for number in range(1, 8)]
        bill = await queries.bill(conn, invoice_id=found[0].invoice_id)
        assert bill is not None and bill.before_minor == 2 * 90700
        assert [one.quantity_micro for one in bill.use] == [42 * KWH] * 3
        still_open = (await conn.execute(select(cycle.c.to_date).where(cycle.c.state == "open"))).scalars().all()
        assert sorted(still_open) == [date(2026, 5, 31), date(2026, 6, 1)]
    await sound(app)


async def test_who_cannot_be_billed_is_parked_with_the_reason_and_the_rest_goes_on(app: App) -> None:
    made = await settle(app, [Customer(), Customer(), Customer(tariffs=(None,)), Customer(tariffs=("gone",))])
    broken = made[1][1][0]
    sources = Fake(bad={broken: "600 of 1488 readings are missing"})
    report = await run(app, FEB, sources)
    assert (report.state, report.accounts) == ("closed", 1)
    reasons = {one.account_id: one.reason for one in report.parked}
    assert reasons[made[1][0]] == "600 of 1488 readings are missing"
    assert "has no tariff" in reasons[made[2][0]]
    assert "no version in force" in reasons[made[3][0]]
    sources.bad.clear()
    assert (await build(app, FEB, sources=sources)).built == 0
    async with app.db.writing() as conn:
        assert await unpark(conn, FEB) == 3
    again = await run(app, FEB, sources)
    assert (again.accounts, len(again.parked)) == (2, 2)
    await sound(app)


async def test_a_parked_month_does_not_hold_up_the_next(app: App) -> None:
    [(_, [service_id])] = await settle(app, [Customer()])
    sources = Fake(bad={service_id: "gap"})
    await run(app, FEB, sources)
    sources.bad.clear()
    report = await run(app, date(2026, 3, 1), sources)
    assert (report.accounts, [one.to_date for one in report.parked]) == (1, [FEB])


async def test_all_services_of_an_account_stand_on_one_bill_with_subtotals(app: App) -> None:
    [(account_id, services)] = await settle(app, [Customer(tariffs=("energy", "water"))])
    await run(app, FEB, Fake(use={}, estimated={}))
    async with app.db.reading() as conn:
        [last] = await queries.last_bills(conn, account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id)
    assert bill is not None
    assert [(part.service_id, part.subtotal_minor) for part in bill.services] == [
        (services[0], 90700),
        (services[1], 42 * 6000 + 5000),
    ]
    assert bill.total_minor == sum(part.subtotal_minor for part in bill.services)
    assert bill.lines[5].label == {"en": "Water", "sw": "Maji"}


async def test_a_short_first_period_is_its_days(app: App) -> None:
    [(account_id, _)] = await settle(app, [Customer(opened_on=date(2026, 1, 22), tariffs=("water",))])
    await run(app, FEB, Fake())
    async with app.db.reading() as conn:
        [last] = await queries.last_bills(conn, account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id)
    assert bill is not None
    assert [line.amount_minor for line in bill.lines if line.code == "rent"] == [round(5000 * 10 / 31)]


async def test_a_new_version_in_mid_period_splits_it_by_days(app: App) -> None:
    newer = WATER_DEARER
    [(account_id, _)] = await settle(app, [Customer(tariffs=("water",))])
    await run(app, FEB, Fake(tariff_texts=(*Fake().tariff_texts, newer)))
    async with app.db.reading() as conn:
        [last] = await queries.last_bills(conn, account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id)
    assert bill is not None
    rents = [line.amount_minor for line in bill.lines if line.code == "rent"]
    assert rents == [round(5000 * 20 / 31), round(10000 * 11 / 31)]


WATER_DEARER = """
tariff: water
valid_from: 2026-01-21
currency: KES
name: {en: Water, sw: Maji}
rounding: {line: "0.01", mode: half_up}
charges:
  - {code: water, type: usage, meter: water, unit: m3, model: flat, price: "60.00"}
  - {code: rent, type: fixed, price: "100.00", per: period, prorate: true}
"""


async def test_an_estimate_is_marked(app: App) -> None:
    [(account_id, [service_id])] = await settle(app, [Customer()])
    await run(app, FEB, Fake(estimated={service_id: 5 * KWH}))
    async with app.db.reading() as conn:
        [last] = await queries.last_bills(conn, account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id)
    assert last.estimated and bill is not None and bill.services[0].estimated


@pytest.mark.parametrize("free, off", [(12, -(12 * 2458 * 116 // 100 + 5)), (99, -90700)])
async def test_units_from_points_take_off_what_they_cost_and_never_more(app: App, free: int, off: int) -> None:
    [(account_id, _), (other, _)] = await settle(app, [Customer(), Customer()])
    await build(app, FEB, sources=Fake(), free_units={account_id: free * KWH})
    seen: list[FinalBill] = []

    async def follow(conn: AsyncConnection, context: Context, facts: Sequence[Fact]) -> None:
        seen.extend(bill for fact in facts if isinstance(fact, Finalised) for bill in fact.bills)

    await finalise(replace(app, follow=follow), FEB)
    assert (await close(app, FEB)).problems == ()
    rewards = {one.account_id: one.reward_minor for one in seen}
    assert rewards[other] == 0
    assert rewards[account_id] == (-90700 if free == 99 else rewards[account_id])
    assert -90700 <= rewards[account_id] < 0
    async with app.db.reading() as conn:
        assert await ledger.balance(conn, "receivable", account_id, "KES") == 90700 + rewards[account_id] >= 0
        assert await ledger.balance(conn, "rewards_cost", 0, "KES") == -rewards[account_id]
    await sound(app)


async def test_units_from_points_are_given_once_over_all_months_of_a_late_run(app: App) -> None:
    [(account_id, _)] = await settle(app, [Customer()])
    free = {account_id: 60 * KWH}
    await build(app, FEB, sources=Fake(), free_units=free)
    await build(app, date(2026, 4, 1), sources=Fake(), free_units=free)
    async with app.db.reading() as conn:
        used = select(invoice_line.c.quantity_micro).where(invoice_line.c.code == "reward_units")
        rows = (await conn.execute(used.order_by(invoice_line.c.invoice_id))).scalars().all()
    assert [-micro // KWH for micro in rows] == [42, 18]


async def test_a_preview_shows_the_bills_and_writes_nothing(app: App) -> None:
    await settle(app, [Customer(), Customer(tariffs=("energy", "water"))])
    shown = (await foresee(app, FEB, sources=Fake())).bills
    assert [one.total_minor for one in shown] == [90700, 90700 + 257_000]
    assert shown[0].lines[0].code == "consumption"
    async with app.db.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(invoice))).scalar_one() == 0
        assert (await conn.execute(select(cycle.c.state).distinct())).scalars().all() == ["open"]


async def test_two_runs_at_once_bill_everyone_once(app: App) -> None:
    await settle(app, [Customer() for _ in range(30)])
    await asyncio.gather(*(build(app, FEB, sources=Fake(), partition=7) for _ in range(3)))
    await asyncio.gather(*(finalise(app, FEB, partition=4) for _ in range(3)))
    report = await close(app, FEB)
    assert (report.accounts, report.problems) == (30, ())
    await sound(app)


async def test_a_run_whose_lines_do_not_add_up_stays_open(app: App) -> None:
    await settle(app, [Customer()])
    await build(app, FEB, sources=Fake())
    async with app.db.writing() as conn:
        await conn.execute(invoice.update().values(total_minor=invoice.c.total_minor + 1))
    await finalise(app, FEB)
    report = await close(app, FEB)
    assert report.state == "finalising"
    assert report.problems == ("run 2026-02-01: invoice INV-000001 comes to 90701, its lines to 90700",)
