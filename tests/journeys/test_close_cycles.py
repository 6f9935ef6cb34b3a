"""From half-hours on a meter to a bill that she owes, is told of and can read: all rooms together, once."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.billing import queries
from core.billing.cycles import open_cycles
from core.billing.tables import invoice
from core.catalog import store as catalog
from core.context import App
from core.errors import BadInput
from core.journeys.close_cycles import close_cycles
from core.journeys.verify_books import problems
from core.ledger.model import Posting, receivable
from core.ledger.post import post
from core.metering.store.collect import load_csv
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.onboarding.register import register_many
from core.outbox.queue import outbox
from core.rewards.tables import redemption

FEB = date(2026, 2, 1)

KPLC = """
tariff: kplc-domestic-ordinary
valid_from: 2023-07-01
currency: KES
name: {en: Domestic ordinary, sw: Nyumbani}
rounding: {line: "0.01", total: "1", mode: half_up}
charges:
  - {code: consumption, type: usage, meter: energy, unit: kWh, model: volume, select: {average_of: 3}, tiers: [{up_to: "30", price: "12.23"}, {up_to: "100", price: "16.54"}, {price: "20.58"}]}
  - {code: fuel_cost, type: usage, meter: energy, unit: kWh, model: flat, price: "4.00"}
  - {code: forex, type: usage, meter: energy, unit: kWh, model: flat, price: "1.73"}
  - {code: inflation, type: usage, meter: energy, unit: kWh, model: flat, price: "0.23"}
  - {code: epra, type: usage, meter: energy, unit: kWh, model: flat, price: "0.08"}
  - {code: wra, type: usage, meter: energy, unit: kWh, model: flat, price: "0.0150"}
  - {code: rep, type: percent, percent: "5", of: [consumption]}
  - {code: vat, type: tax, percent: "16", of: [consumption, fuel_cost]}
"""


def january(serial: str, *, without: range = range(0)) -> str:
    """42 kWh in 1,488 half-hours, but for those left out."""
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - as the file has it: local
    rows = (
        f"{serial},{(start + timedelta(minutes=30 * at)).isoformat(timespec='minutes')},{'0.364' if at == 1487 else '0.028'}"
        for at in range(1488)
        if at not in without
    )
    return "\n".join(rows) + "\n"


@pytest.fixture
async def households(app: App, tmp_path: Path) -> list[Registered]:
    """Amina's month is whole, Baraka's lacks four hours, Chao's meter never spoke."""
    (tmp_path / "kplc.yaml").write_text(KPLC)
    (tmp_path / "usage.csv").write_text("meter,start,kwh\n" + january("MA") + january("MB", without=range(100, 108)))
    opened = date(2026, 1, 1)
    people = [
        NewCustomer(
            name=name,
            phone=f"+2547120000{at:02}",
            opened_on=opened,
            address="Moi Avenue",
            meter=NewMeter(f"M{name[0]}"),
        )
        for at, name in enumerate(("Amina", "Baraka", "Chao"))
    ]
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, tmp_path)
        made = await register_many(conn, app, people)
        await open_cycles(conn, app, [one.account_id for one in made])
    await load_csv(app, tmp_path / "usage.csv")
    return made


async def test_a_month_of_half_hours_becomes_bills_and_notices_once(app: App, households: list[Registered]) -> None:
    amina, baraka, chao = households
    told: list[tuple[int, int]] = []
    report = await close_cycles(app, FEB, progress=lambda done, of: told.append((done, of)))
    assert (report.state, report.built, report.finalised, report.problems) == ("closed", 2, 2, ())
    assert [one.account_id for one in report.parked] == [chao.account_id]
    assert told == [(3, 3), (2, 2)]
    again = await close_cycles(app, FEB)
    assert (again.built, again.finalised, again.accounts) == (0, 0, 2)
    async with app.db.reading() as conn:
        [last] = await queries.last_bills(conn, amina.account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id, context=app)
        assert bill is not None
        assert [(line.code, line.amount_minor) for line in bill.lines] == [
            ("consumption", 69468),
            ("fuel_cost", 16800),
            ("forex", 7266),
            ("inflation", 966),
            ("epra", 336),
            ("wra", 63),
            ("rep", 3473),
            ("vat", 13803),
            ("rounding", 25),
        ]
        assert (bill.total_minor, bill.estimated, bill.services[0].meters) == (112200, False, ("MA",))
        assert [(one.quantity_micro, bill.use_unit) for one in bill.use] == [(42_000_000, "kWh")]
        [guessed] = await queries.last_bills(conn, baraka.account_id)
        assert guessed.estimated and abs(guessed.total_minor - 112200) < 3000
        notices = (await conn.execute(select(outbox.c.key, outbox.c.account_id).order_by(outbox.c.account_id))).all()
        assert notices == [
            (f"ready:{last.invoice_id}", amina.account_id),
            (f"ready:{guessed.invoice_id}", baraka.account_id),
        ]
        assert await problems(conn) == []


async def test_units_bought_with_points_come_off_the_next_bill_and_are_spent(
    app: App, households: list[Registered]
) -> None:
    account_id = households[0].account_id
    async with app.db.writing() as conn:
        row = {
            "id": app.ids.take(),
            "key": "r:1",
            "account_id": account_id,
            "kind": "kwh",
            "points": 40,
            "amount": 2_000_000,
            "state": "reserved",
            "created_at": app.clock.now(),
        }
        await conn.execute(redemption.insert().values(row))
    await close_cycles(app, FEB)
    async with app.db.reading() as conn:
        [last] = await queries.last_bills(conn, account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id)
        assert bill is not None and bill.lines[-1].code == "reward_units"
        assert bill.total_minor == 112200 + bill.lines[-1].amount_minor == 106_800  # 40 kWh of the same tariff
        spent = (await conn.execute(select(redemption.c.state, redemption.c.invoice_id))).one()
        assert tuple(spent) == ("confirmed", last.invoice_id)
        assert await problems(conn) == []


async def test_verify_finds_a_bill_that_was_altered(app: App, households: list[Registered]) -> None:
    await close_cycles(app, FEB)
    async with app.db.writing() as conn:
        stray = [Posting(receivable(households[0].account_id), receivable(households[1].account_id), 5, "KES", "stray")]
        await post(conn, app, key="invoice:999", kind="invoice", booked_on=FEB, postings=stray)
        assert await problems(conn) == []
        draft = select(invoice.c.id).where(invoice.c.account_id == households[0].account_id).scalar_subquery()
        from core.billing.tables import invoice_line

        await conn.execute(
            invoice_line.update()
            .where(invoice_line.c.invoice_id == draft, invoice_line.c.position == 1)
            .values(amount_minor=1)
        )
        assert [problem for problem in await problems(conn) if "its lines to" in problem]


async def test_an_engine_we_do_not_have_is_refused(app: App) -> None:
    with pytest.raises(BadInput, match="local"):
        await close_cycles(app, FEB, engine="abacus")
    async with app.db.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(invoice))).scalar_one() == 0
