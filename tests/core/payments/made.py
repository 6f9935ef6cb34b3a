"""Accounts and bills for the payment tests, as onboarding and billing would leave them."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import invoice
from core.context import App
from core.ledger import queries as ledger
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.tables import open_item
from core.parties.tables import account, branch, party
from core.payments.tables import allocation, attempt, provider_event, receipt

DUE = date(2026, 3, 20)


async def an_account(conn: AsyncConnection, app: App, number: str = "ACC100", currency: str = "KES") -> int:
    """One active account in a branch of its own."""
    branch_id, party_id, account_id = app.ids.take_many(3)
    now, today = app.clock.now(), app.today()
    await conn.execute(insert(branch).values(id=branch_id, code=f"B{number}", name="Kisumu"))
    await conn.execute(insert(party).values(id=party_id, name="Amina", kind="person", language="sw", created_at=now))
    await conn.execute(
        insert(account).values(
            id=account_id,
            number=number,
            party_id=party_id,
            branch_id=branch_id,
            segment="residential",
            currency=currency,
            bill_day=28,
            state="active",
            opened_on=today,
            created_at=now,
        )
    )
    return account_id


@dataclass(frozen=True, slots=True)
class Bill:
    """A final bill."""

    invoice_id: int
    account_id: int
    total_minor: int
    due_on: date
    currency: str = "KES"


async def a_bill(
    conn: AsyncConnection,
    app: App,
    account_id: int,
    minor: int,
    *,
    due_on: date = DUE,
    disputed: int = 0,
    issued_on: date | None = None,
) -> Bill:
    """A final bill with its posting and its open item."""
    invoice_id = app.ids.take()
    start = date(2020, 1, 1) + timedelta(invoice_id % 2_000)
    given = {
        "id": invoice_id,
        "account_id": account_id,
        "series": "bill",
        "from_date": start,
        "to_date": start + timedelta(28),
        "revision": 0,
        "state": "final",
        "number": f"INV-{invoice_id}",
        "token": f"t{invoice_id}",
        "currency": "KES",
        "total_minor": minor,
        "estimated": False,
        "due_on": due_on,
        "facts": {"name": "Amina", "number": "ACC100", "services": {}, "estimated": {}},
        "issued_on": issued_on,
    }
    amounts = {column.name: 0 for column in invoice.c if column.name.endswith("_minor") and not column.nullable}
    await conn.execute(insert(invoice).values(amounts | given))
    posting = Posting(Book("revenue"), receivable(account_id), minor, "KES", "bill")
    await post(conn, app, key=f"invoice:{invoice_id}", kind="invoice", booked_on=app.today(), postings=[posting])
    await conn.execute(
        insert(open_item).values(
            invoice_id=invoice_id,
            account_id=account_id,
            due_on=due_on,
            total_minor=minor,
            open_minor=minor,
            disputed_minor=disputed,
        )
    )
    return Bill(invoice_id, account_id, minor, due_on)


async def owed(app: App, account_id: int) -> int:
    """What the ledger says the account owes."""
    async with app.db.reading() as conn:
        return await ledger.balance(conn, "receivable", account_id, "KES")


async def cash(app: App, provider: str) -> int:
    """What came in by a provider."""
    async with app.db.reading() as conn:
        return await ledger.balance(conn, f"cash:{provider}", 0, "KES")


async def opened(app: App, *bills: Bill) -> list[int]:
    """What is open of each bill."""
    async with app.db.reading() as conn:
        rows = await conn.execute(select(open_item.c.invoice_id, open_item.c.open_minor))
        left = {row.invoice_id: row.open_minor for row in rows}
    return [left[bill.invoice_id] for bill in bills]


async def attempts(app: App) -> list[tuple[str, str, str | None]]:
    """(method, state, reason) of every attempt, oldest first."""
    query = select(attempt.c.method, attempt.c.state, attempt.c.reason).order_by(attempt.c.id)
    async with app.db.reading() as conn:
        return [tuple(row) for row in await conn.execute(query)]


async def receipts(app: App) -> list[tuple[str, int, str]]:
    """(number, minor units, state) of every receipt, oldest first."""
    query = select(receipt.c.provider_txn, receipt.c.amount_minor, receipt.c.state).order_by(receipt.c.id)
    async with app.db.reading() as conn:
        return [tuple(row) for row in await conn.execute(query)]


async def event_states(app: App) -> list[str]:
    """The state of every inbox row, oldest first."""
    async with app.db.reading() as conn:
        return list((await conn.execute(select(provider_event.c.state).order_by(provider_event.c.id))).scalars())


async def proven(app: App) -> None:
    """What allocations say was paid, what open items lack and what the ledger took in are the same."""
    async with app.db.reading() as conn:
        rows = (
            await conn.execute(select(allocation.c.receipt_id, allocation.c.invoice_id, allocation.c.amount_minor))
        ).all()
        items = (await conn.execute(select(open_item))).all()
        kept = (await conn.execute(select(receipt))).all()
    for item in items:
        paid = sum(row.amount_minor for row in rows if row.invoice_id == item.invoice_id)
        assert item.open_minor == item.total_minor - paid
    for one in kept:
        given = sum(row.amount_minor for row in rows if row.receipt_id == one.id)
        assert given == (0 if one.state == "suspense" else one.amount_minor - one.reversed_minor)
    for account_id in {item.account_id for item in items} | {one.account_id for one in kept if one.account_id}:
        billed = sum(item.total_minor for item in items if item.account_id == account_id)
        taken = sum(one.amount_minor - one.reversed_minor for one in kept if one.account_id == account_id)
        assert await owed(app, account_id) == billed - taken
