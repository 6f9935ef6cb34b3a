"""A bill that became final is announced once, with what credit, a mandate and points did to it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select

from channels.contract import ByMessage
from core.billing.tables import invoice_line
from core.context import App
from core.journeys import bill_final
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.tables import open_item
from core.message import Sent
from core.outbox.queue import outbox
from core.payments import allocate, mandates
from core.rewards import earn, redeem, units
from core.rewards.model import MICRO, PaidBill
from scheduler.dispatch import Dispatcher
from tests.people import Customer, a_bill, a_branch, a_customer, a_receipt

DUE = date(2026, 3, 24)


@dataclass(frozen=True, slots=True)
class Final:
    invoice_id: int
    account_id: int
    due_on: date = DUE
    total_minor: int = 120_050
    reward_minor: int = 0


class Phone(ByMessage):
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def send(self, notices: "list[object]") -> list[Sent]:
        self.texts |= {str(getattr(one, "to", "")): str(getattr(one, "text", "")) for one in notices}
        return [Sent(str(getattr(one, "key", "")), "done") for one in notices]


async def _paid_before(conn, app: App, customer: Customer, amount: int) -> None:
    """Money that came before there was a bill: it stands to her credit."""
    receipt_id = await a_receipt(conn, app, customer, amount)
    posting = Posting(receivable(customer.account_id), Book("cash:sandbox"), amount, "KES", "receipt")
    await post(conn, app, key=f"receipt:{receipt_id}", kind="receipt", booked_on=DUE, postings=[posting])
    await allocate.receipt(conn, app, receipt_id)


async def test_each_bill_is_announced_as_it_stands(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        pays, direct, credit, part = [await a_customer(conn, app, number) for number in range(1, 5)]
        reference = await mandates.create(conn, app, direct.account_id, masked="bank ****1", actor="test")
        await mandates.activate(conn, app, reference, actor="test")
        await _paid_before(conn, app, credit, 200_000)
        await _paid_before(conn, app, part, 20_050)
        bills = [
            Final(await a_bill(conn, app, customer, token=f"{number:022}"), customer.account_id)
            for number, customer in enumerate((pays, direct, credit, part))
        ]
        assert await bill_final.announce(conn, app, bills) == 4
        left = (await conn.execute(select(open_item.c.open_minor).order_by(open_item.c.invoice_id))).scalars().all()
        rows = (await conn.execute(select(outbox.c.key, outbox.c.resend_unknown).order_by(outbox.c.key))).all()
    assert left == [120_050, 120_050, 0, 100_000]
    assert [tuple(row) for row in rows] == [(f"ready:{bill.invoice_id}", True) for bill in bills]
    phone = Phone()
    await Dispatcher(app, {"sms": phone}).drain()
    assert "Please pay KES 1,200.50 by 24th March" in phone.texts[pays.phone]
    assert "We will collect KES 1,200.50 on or just after 24th March" in phone.texts[direct.phone]
    assert "Your credit has paid all of it" in phone.texts[credit.phone]
    assert "Please pay KES 1,000 by 24th March" in phone.texts[part.phone]


async def test_units_from_points_are_taken_up_by_the_bill_that_carries_them(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        await earn.for_paid_bills(conn, app, customer.account_id, [PaidBill(1, 1_000_000, "KES", DUE, DUE)])
        await redeem.kwh(conn, app, account_id=customer.account_id, units=2, key="k")
        bill = Final(await a_bill(conn, app, customer), customer.account_id, reward_minor=-3000)
        await conn.execute(
            insert(invoice_line).values(
                invoice_id=bill.invoice_id,
                position=9,
                service_id=1,
                code="reward_units",
                label={},
                amount_minor=-3000,
                quantity_micro=2 * MICRO,
                unit="kWh",
                kind="reward",
                booked_on=DUE,
            )
        )
        await bill_final.announce(conn, app, [bill])
        assert await units.free_units(conn, [customer.account_id]) == {}
