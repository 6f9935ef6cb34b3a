"""Late accounts on a virtual clock: days pass, the ladder runs, the dispatcher sends, the network is a ledger of truth."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import ByMessage
from core.billing.tables import invoice
from core.clock import SetClock, start_of
from core.collections.tables import ladder_step
from core.context import App
from core.db.bulk import insert_many
from core.journeys.dunning import fees, restrict, run
from core.journeys.follow import follow
from core.ledger.model import Book, Journal, Posting, receivable
from core.ledger.post import post_many
from core.ledger.tables import open_item
from core.message import Notice, Sent
from core.outbox.queue import OutboxRow, Outcome, outbox
from core.parties.tables import account, branch, contact, contact_account, party, service
from core.payments import receive
from core.payments.facts import PaymentReceived
from core.payments.model import ReceiptIn
from core.provisioning import compare, provision
from core.provisioning.tables import barring
from scheduler.dispatch import Dispatcher
from scheduler.handover import Together
from tests.core.payments.made import a_bill, an_account
from tests.networks import FakeNetwork

DUE = date(2026, 3, 2)


class Phones(ByMessage):
    """Every SMS, delivered at once."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []

    async def send(self, notices: list[Notice]) -> list[Sent]:
        self.sent += notices
        return [Sent(one.key, "done", provider_ref=f"p{one.key}") for one in notices]


async def _pushed(_house: App, row: OutboxRow) -> Outcome:
    """A prompt that nobody answers: money may be on its way."""
    return Outcome(row.id, "sent", attempts=row.attempts)


@dataclass
class Late:
    """A house with late accounts."""

    app: App
    clock: SetClock
    network: FakeNetwork = field(default_factory=FakeNetwork)
    phones: Phones = field(default_factory=Phones)
    delivers: bool = True
    _told: bool = True

    def __post_init__(self) -> None:
        handlers = {
            "bar": Together(restrict.bar),
            "late_fee": fees.late,
            "provision": partial(provision.send, network=self.network),
            "compare": partial(compare.compare, network=self.network),
            "push": _pushed,
        }
        self.dispatcher = Dispatcher(self.app, {"sms": self.phones}, handlers, lanes=1)

    def at(self, day: date, hour: int = 10) -> None:
        """Move the clock to an hour of a day where the operator is."""
        local = datetime.combine(day, time(hour), tzinfo=self.app.zone)
        self.clock.instant = local.astimezone(start_of(day, self.app.zone).tzinfo)

    async def day(self, day: date, hour: int = 10) -> None:
        """One day: the ladder in the morning, and everything that leaves."""
        self.at(day, hour)
        await run.due(self.app)
        await self.send()

    async def days(self, first: date, last: date) -> None:
        """Every day from the first to the last."""
        for n in range((last - first).days + 1):
            await self.day(first + timedelta(days=n))

    async def send(self) -> None:
        """The dispatcher, and the reports of what was delivered; nothing where nothing is due."""
        due = select(outbox.c.id).where(outbox.c.state == "waiting", outbox.c.not_before <= self.clock.now()).limit(1)
        async with self.app.db.reading() as conn:
            waits = (await conn.execute(due)).first() is not None
        if waits:
            await self.dispatcher.drain()
        if self.delivers and (waits or not self._told):
            async with self.app.db.writing() as conn:
                await conn.execute(outbox.update().where(outbox.c.state == "sent").values(state="delivered"))
        self._told = self.delivers

    async def pay(self, number: str, minor: int, txn: str) -> None:
        """Money by paybill."""
        async with self.app.db.writing() as conn:
            await self.paid(conn, number, minor, txn)

    async def paid(self, conn: AsyncConnection, number: str, minor: int, txn: str) -> None:
        """Money by paybill, in this transaction."""
        got = ReceiptIn("daraja", txn, "mobile_inbound", minor, "KES", self.clock.now(), reference=number)
        taken = await receive.apply(conn, self.app, got)
        await follow(conn, self.app, [PaymentReceived(taken.receipt_id)])

    async def steps(self, account_id: int) -> list[tuple[str, str]]:
        """(step, state) in the order in which they were put down."""
        query = select(ladder_step.c.step, ladder_step.c.state).where(ladder_step.c.account_id == account_id)
        async with self.app.db.reading() as conn:
            return [tuple(row) for row in await conn.execute(query.order_by(ladder_step.c.at, ladder_step.c.id))]

    async def wanted(self) -> dict[int, str]:
        """What is wanted per service."""
        async with self.app.db.reading() as conn:
            return {row.service_id: row.wanted for row in await conn.execute(select(barring))}

    def texts(self) -> list[str]:
        """What the phones showed."""
        return [one.text for one in self.phones.sent]


async def late_accounts(
    app: App, first: int, count: int, minors: Sequence[int], dues: Sequence[date]
) -> list[tuple[str, str, int, int, int]]:
    """Many accounts with a bill, a phone and a service each, by sets: (number, phone, account, invoice, service)."""
    await app.db.reserve_ids(12 * count)
    now, today, ids = app.clock.now(), app.today(), app.ids
    kept = [
        (f"ACC{1000 + at}", f"+2547{at:08}", ids.take(), ids.take(), ids.take(), ids.take(), ids.take())
        for at in range(first, first + count)
    ]  # (number, phone, account, party, branch, contact, service)
    async with app.db.writing() as conn:
        await insert_many(conn, branch, ("id", "code", "name"), [(one[4], f"B{one[0]}", "Kisumu") for one in kept])
        named = [(one[3], "Amina", "person", "sw", now) for one in kept]
        await insert_many(conn, party, ("id", "name", "kind", "language", "created_at"), named)
        opened = [(one[2], one[0], one[3], one[4], "residential", "KES", 28, "active", today, now) for one in kept]
        columns = (
            "id",
            "number",
            "party_id",
            "branch_id",
            "segment",
            "currency",
            "bill_day",
            "state",
            "opened_on",
            "created_at",
        )
        await insert_many(conn, account, columns, opened)
        phones = [(one[5], "phone", one[1], one[1], "en", True, now) for one in kept]
        columns = ("id", "channel", "channel_user", "phone", "language", "marketing", "created_at")
        await insert_many(conn, contact, columns, phones)
        linked = [(one[5], one[2], now, "record") for one in kept]
        await insert_many(conn, contact_account, ("contact_id", "account_id", "linked_at", "how"), linked)
        sold = [(one[6], one[2], "internet", "postpaid", "active", date(2025, 1, 1)) for one in kept]
        columns = ("id", "account_id", "commodity", "payment_mode", "state", "started_on")
        await insert_many(conn, service, columns, sold)
        invoices = await many_bills(conn, app, [one[2] for one in kept], minors, dues)
    return [(one[0], one[1], one[2], invoice_id, one[6]) for one, invoice_id in zip(kept, invoices, strict=True)]


async def many_bills(
    conn: AsyncConnection, app: App, accounts: Sequence[int], minors: Sequence[int], dues: Sequence[date]
) -> list[int]:
    """A final bill for each of these accounts, with its posting and its open item; their ids. The ids are reserved."""
    ids, day = app.ids.take_many(len(accounts)), date(2020, 1, 1)
    money = [
        one.name for one in invoice.c if one.name.endswith("_minor") and not one.nullable and one.name != "total_minor"
    ]
    columns = (
        "id",
        "account_id",
        "series",
        "from_date",
        "to_date",
        "revision",
        "state",
        "number",
        "token",
        "currency",
        "total_minor",
        "estimated",
        "due_on",
        "facts",
        *money,
    )
    rows = list(zip(ids, accounts, minors, dues, strict=True))
    starts = [day + timedelta(invoice_id % 2_000) for invoice_id in ids]
    final = [
        (
            invoice_id,
            account_id,
            "bill",
            start,
            start + timedelta(28),
            0,
            "final",
            f"INV-{invoice_id}",
            f"t{invoice_id}",
            "KES",
            minor,
            False,
            due,
            {},
            *(0 for _ in money),
        )
        for (invoice_id, account_id, minor, due), start in zip(rows, starts, strict=True)
    ]
    await insert_many(conn, invoice, columns, final)
    journals = [
        Journal(
            f"invoice:{one[0]}",
            "invoice",
            app.today(),
            [Posting(Book("revenue"), receivable(one[1]), one[2], "KES", "bill")],
        )
        for one in rows
    ]
    await post_many(conn, app, journals)
    items = [(invoice_id, account_id, due, minor, minor, 0) for invoice_id, account_id, minor, due in rows]
    columns = ("invoice_id", "account_id", "due_on", "total_minor", "open_minor", "disputed_minor")
    await insert_many(conn, open_item, columns, items)
    return list(ids)


async def a_late_account(
    conn: AsyncConnection,
    app: App,
    number: str = "ACC100",
    minor: int = 50_000,
    *,
    due: date = DUE,
    phone: str | None = None,
    modes: tuple[str, ...] = ("postpaid",),
    disputed: int = 0,
) -> tuple[int, int, list[int]]:
    """An account with one bill, a phone and its services: (account, invoice, services)."""
    account_id = await an_account(conn, app, number)
    bill = await a_bill(conn, app, account_id, minor, due_on=due, disputed=disputed)
    contact_id, *services = app.ids.take_many(1 + len(modes))
    told = phone or f"+2547{contact_id:08}"
    await conn.execute(
        insert(contact).values(
            id=contact_id,
            channel="phone",
            channel_user=told,
            phone=told,
            language="en",
            marketing=True,
            created_at=app.clock.now(),
        )
    )
    linked = {"contact_id": contact_id, "account_id": account_id, "linked_at": app.clock.now(), "how": "record"}
    await conn.execute(insert(contact_account).values(linked))
    rows = [
        {
            "id": one,
            "account_id": account_id,
            "commodity": "internet",
            "payment_mode": mode,
            "state": "active",
            "started_on": date(2025, 1, 1),
        }
        for one, mode in zip(services, modes, strict=True)
    ]
    await conn.execute(insert(service), rows)
    return account_id, bill.invoice_id, services
