"""Late accounts on a virtual clock: days pass, the ladder runs, the dispatcher sends, the network is a ledger of truth."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.barring import compare, provision
from core.barring.tables import barring
from core.clock import SetClock, start_of
from core.collections.tables import ladder_step
from core.house import House
from core.journeys import account_barred, fee_charged, ladder_run
from core.journeys.payment_doors import FOLLOW
from core.message import Notice, Sent
from core.outbox import outbox
from core.parties.tables import contact, contact_account, service
from core.payments import receive
from core.payments.model import ReceiptIn
from scheduler.dispatch import Dispatcher
from tests.core.payments.made import a_bill, an_account
from tests.networks import FakeNetwork

DUE = date(2026, 3, 2)


class Phones:
    """Every SMS, delivered at once."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []

    async def send(self, notices: list[Notice]) -> list[Sent]:
        self.sent += notices
        return [Sent(one.key, "accepted", provider_ref=f"p{one.key}") for one in notices]


@dataclass
class Late:
    """A house with late accounts."""

    house: House
    clock: SetClock
    network: FakeNetwork = field(default_factory=FakeNetwork)
    phones: Phones = field(default_factory=Phones)
    delivers: bool = True

    def __post_init__(self) -> None:
        handlers = {
            "bar": account_barred.bar, "late_fee": fee_charged.late, "provision": partial(provision.send, network=self.network),
            "compare": partial(compare.compare, network=self.network),
        }  # fmt: skip
        self.dispatcher = Dispatcher(self.house, {"sms": self.phones}, handlers, lanes=1)

    def at(self, day: date, hour: int = 10) -> None:
        """Move the clock to an hour of a day where the operator is."""
        local = datetime.combine(day, time(hour), tzinfo=self.house.zone)
        self.clock.instant = local.astimezone(start_of(day, self.house.zone).tzinfo)

    async def day(self, day: date, hour: int = 10) -> None:
        """One day: the ladder in the morning, and everything that leaves."""
        self.at(day, hour)
        await ladder_run.due(self.house)
        await self.send()

    async def days(self, first: date, last: date) -> None:
        """Every day from the first to the last."""
        for n in range((last - first).days + 1):
            await self.day(first + timedelta(days=n))

    async def send(self) -> None:
        """The dispatcher, and the reports of what was delivered."""
        await self.dispatcher.drain()
        if self.delivers:
            async with self.house.db.writing() as conn:
                await conn.execute(outbox.update().where(outbox.c.state == "sent").values(state="delivered"))

    async def pay(self, number: str, minor: int, txn: str) -> None:
        """Money by paybill."""
        async with self.house.db.writing() as conn:
            await self.paid(conn, number, minor, txn)

    async def paid(self, conn: AsyncConnection, number: str, minor: int, txn: str) -> None:
        """Money by paybill, in this transaction."""
        got = ReceiptIn("daraja", txn, "mobile_inbound", minor, "KES", self.clock.now(), reference=number)
        taken = await receive.apply(conn, self.house, got)
        await FOLLOW.received(conn, self.house, taken.receipt_id)

    async def steps(self, account_id: int) -> list[tuple[str, str]]:
        """(step, state) in the order in which they were put down."""
        query = select(ladder_step.c.step, ladder_step.c.state).where(ladder_step.c.account_id == account_id)
        async with self.house.db.reading() as conn:
            return [tuple(row) for row in await conn.execute(query.order_by(ladder_step.c.at, ladder_step.c.id))]

    async def wanted(self) -> dict[int, str]:
        """What is wanted per service."""
        async with self.house.db.reading() as conn:
            return {row.service_id: row.wanted for row in await conn.execute(select(barring))}

    def texts(self) -> list[str]:
        """What the phones showed."""
        return [one.text for one in self.phones.sent]


async def a_late_account(
    conn: AsyncConnection, house: House, number: str = "ACC100", minor: int = 50_000, *, due: date = DUE, phone: str | None = None,
    modes: tuple[str, ...] = ("postpaid",), disputed: int = 0,
) -> tuple[int, int, list[int]]:  # fmt: skip
    """An account with one bill, a phone and its services: (account, invoice, services)."""
    account_id = await an_account(conn, house, number)
    bill = await a_bill(conn, house, account_id, minor, due_on=due, disputed=disputed)
    contact_id, *services = house.ids.take_many(1 + len(modes))
    told = phone or f"+2547{contact_id:08}"
    await conn.execute(
        insert(contact).values(
            id=contact_id, channel="phone", channel_user=told, phone=told, language="en", marketing=True,
            created_at=house.clock.now(),
        )
    )  # fmt: skip
    linked = {"contact_id": contact_id, "account_id": account_id, "linked_at": house.clock.now(), "how": "record"}
    await conn.execute(insert(contact_account).values(linked))
    rows = [
        {
            "id": one, "account_id": account_id, "commodity": "internet", "payment_mode": mode, "state": "active",
            "started_on": date(2025, 1, 1),
        }
        for one, mode in zip(services, modes, strict=True)
    ]  # fmt: skip
    await conn.execute(insert(service), rows)
    return account_id, bill.invoice_id, services
