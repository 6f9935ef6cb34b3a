"""A contested line takes its levy and its tax out of what is due, on the phone; and what a clerk gives back is what was charged."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from core.billing import queries
from core.billing.run.passes import build, finalise
from core.billing.tables import invoice, invoice_line
from core.care.tables import dispute as disputes
from core.catalog import store as catalog
from core.catalog.compile import load_tariff
from core.context import App
from core.db.engine import Database
from core.journeys import line_disputed
from core.journeys.dispute_decided import decide
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.tables import open_item
from core.onboarding.model import Registered
from core.parties.tables import service_plan
from tests.core.billing.world import Customer, Fake, settle
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World
from tests.gateway.talking import Phone, a_customer, counter
from tests.journeys.test_dispute_decided import FEB

LEVIED = """
tariff: levied
valid_from: 2020-01-01
currency: KES
rounding: {line: "0.01"}
charges:
  - {code: consumption, type: fixed, price: "1000"}
  - {code: levy, type: percent, percent: "5", of: [consumption]}
  - {code: fuel, type: fixed, price: "200"}
  - {code: vat, type: tax, percent: "16", of: [consumption, fuel]}
"""
AMOUNTS = {"consumption": 1_000_00, "levy": 50_00, "fuel": 200_00, "vat": 192_00}
CENTS = """
tariff: cents
valid_from: 2020-01-01
currency: KES
rounding: {line: "0.01"}
charges:
  - {code: a, type: fixed, price: "0.12"}
  - {code: b, type: fixed, price: "0.12"}
  - {code: c, type: fixed, price: "0.12"}
  - {code: vat, type: tax, percent: "20", of: [a, b, c]}
"""


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    """One database will do: the journeys are tried on both."""
    return sqlite_db


async def known(app: App, text: str) -> None:
    tariff = load_tariff(text)
    async with app.db.writing() as conn:
        checked = catalog.Checked(tariff.code, tariff.valid_from, text, tariff.code)
        await catalog.load(conn, app, [checked], by="test")


async def a_levied_bill(app: App, customer: Registered) -> int:
    """1,000 of energy with 50 of levy, 200 of fuel, and 192 of tax on 1,200: 1,442 in all."""
    await known(app, LEVIED)
    invoice_id, total = app.ids.take(), sum(AMOUNTS.values())
    async with app.db.writing() as conn:
        await conn.execute(
            insert(service_plan).values(
                id=app.ids.take(), service_id=customer.service_id, tariff="levied", from_date=date(2020, 1, 1)
            )
        )
        sums = dict.fromkeys(("rounding_minor", "reward_minor", "before_minor"), 0)
        await conn.execute(
            insert(invoice).values(
                id=invoice_id,
                account_id=customer.account_id,
                series="bill",
                from_date=date(2026, 2, 1),
                to_date=date(2026, 3, 1),
                revision=0,
                state="final",
                number="INV-1",
                token="t" * 22,
                currency="KES",
                total_minor=total,
                tax_minor=AMOUNTS["vat"],
                estimated=False,
                issued_on=date(2026, 3, 1),
                due_on=date(2026, 3, 15),
                finalised_at=app.clock.now(),
                facts={"name": "Wanjiku", "number": "1001", "services": {}, "estimated": {}},
                **sums,
            )
        )
        for position, (code, minor) in enumerate(AMOUNTS.items()):
            await conn.execute(
                insert(invoice_line).values(
                    invoice_id=invoice_id,
                    position=position,
                    service_id=customer.service_id,
                    code=code,
                    label={"en": code.title()},
                    amount_minor=minor,
                    kind="tax" if code == "vat" else "charge",
                    booked_on=date(2026, 3, 1),
                )
            )
        await conn.execute(
            insert(open_item).values(
                invoice_id=invoice_id,
                account_id=customer.account_id,
                due_on=date(2026, 3, 15),
                total_minor=total,
                open_minor=total,
                disputed_minor=0,
            )
        )
        owed = Posting(Book("revenue"), receivable(customer.account_id), total, "KES", "bill")
        await post(conn, app, key=f"invoice:{invoice_id}", kind="invoice", booked_on=date(2026, 3, 1), postings=[owed])
    return invoice_id


async def test_on_the_phone_the_levy_and_the_tax_of_a_contested_line_are_not_due(app: App, tmp_path: Path) -> None:
    customer = await a_customer(app)
    await a_levied_bill(app, customer)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        assert "You owe KES 1,442" in await phone.dial()
        for choice in ("2", "1", "1", "1", "1"):
            await phone.answer(choice)
        await phone.answer("1")
        # 1,442 less 1,000, less 5 % of it, less 16 % of it
        assert "You owe KES 232" in await phone.answer("00")


async def test_the_decision_gives_back_what_was_frozen(app: App) -> None:
    customer = await a_customer(app)
    invoice_id = await a_levied_bill(app, customer)
    async with app.db.writing() as conn:
        await line_disputed.dispute(
            conn,
            app,
            account_id=customer.account_id,
            invoice_id=invoice_id,
            position=0,
            reason="wrong",
            contact_id=None,
            key="k",
        )
        frozen = (await queries.owing(conn, customer.account_id)).disputed_minor
        dispute = (await conn.execute(select(disputes.c.id))).scalar_one()
        decided = await decide(conn, app, dispute, "upheld", actor="user:ann")
        assert decided.note is not None
        assert (frozen, decided.note.amount_minor) == (1_210_00, 1_210_00)


async def test_three_lines_of_12_cents_credited_one_by_one_at_the_console_give_back_the_7_cents_of_tax(
    world: World,
) -> None:
    app = world.app
    await known(app, CENTS)
    [(account_id, _)] = await settle(app, [Customer(tariffs=("cents",))])
    await build(app, FEB, sources=Fake((CENTS,)))
    await finalise(app, FEB)
    async with app.db.reading() as conn:
        [bill] = await queries.last_bills(conn, account_id)
    browser = await signed_in(world.client, app)
    taxes = []
    for position in (2, 1, 3):
        async with app.db.writing() as conn:
            ticket = await line_disputed.dispute(
                conn,
                app,
                account_id=account_id,
                invoice_id=bill.invoice_id,
                position=position,
                reason="wrong",
                contact_id=None,
                key=f"k{position}",
            )
        path = f"/console/tickets/{ticket.id}"
        await browser.get(path)
        await browser.post(f"{path}/verdict", verdict="upheld")
        async with app.db.reading() as conn:
            query = select(invoice.c.tax_minor).where(invoice.c.corrects_id == bill.invoice_id)
            taxes.append(-sum((await conn.execute(query)).scalars()))
    assert taxes == [2, 5, 7]
    async with app.db.reading() as conn:
        assert (await queries.owing(conn, account_id)).open_minor == 0
