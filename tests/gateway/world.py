"""Two branches with a customer each, straight into the tables: bills, payments and tickets to be seen (or not to be seen)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import bill_run, invoice, invoice_line
from core.care.tables import interaction, ticket
from core.context import App
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.ledger.tables import open_item
from core.parties.tables import account, branch, contact, contact_account, party, premise, service
from core.payments.tables import allocation, receipt


@dataclass(frozen=True)
class Customer:
    account_id: int
    party_id: int
    contact_id: int
    invoice_id: int
    receipt_id: int
    ticket_id: int
    token: str


async def put(conn: AsyncConnection, table: Table, **values: Any) -> int:
    await conn.execute(insert(table).values(**values))
    return int(values.get("id", 0))


async def a_branch(conn: AsyncConnection, app: App, code: str) -> int:
    return await put(conn, branch, id=app.ids.take(), code=code, name=code.title())


async def a_customer(
    conn: AsyncConnection,
    app: App,
    branch_id: int,
    *,
    number: str,
    name: str,
    total: int = 128_555,
    paid: int = 28_555,
) -> Customer:
    """A customer with one bill of `total` of which `paid` has arrived, one ticket, one message."""
    now, take = app.clock.now(), app.ids.take
    party_id = await put(conn, party, id=take(), name=name, kind="person", language="en", created_at=now)
    account_id = await put(
        conn,
        account,
        id=take(),
        number=number,
        party_id=party_id,
        branch_id=branch_id,
        segment="residential",
        currency="KES",
        bill_day=1,
        state="active",
        opened_on=date(2025, 1, 1),
        created_at=now,
    )
    place = await put(conn, premise, id=take(), address="12 Moi Road", area="Milimani", branch_id=branch_id)
    service_id = await put(
        conn,
        service,
        id=take(),
        account_id=account_id,
        premise_id=place,
        commodity="electricity",
        payment_mode="postpaid",
        state="active",
        started_on=date(2025, 1, 1),
    )
    phone = f"+2547{number[-8:]:0>8}"
    contact_id = await put(
        conn,
        contact,
        id=take(),
        channel="phone",
        channel_user=phone,
        phone=phone,
        party_id=party_id,
        language="en",
        marketing=True,
        created_at=now,
    )
    await put(conn, contact_account, contact_id=contact_id, account_id=account_id, linked_at=now, how="record")
    token = (number + "-" + "t" * 22)[:22]
    parts = {str(service_id): {"commodity": "electricity", "address": "12 Moi Road", "meters": [f"M{number}"]}}
    facts = {"name": name, "number": number, "services": parts, "estimated": {}}
    invoice_id = await put(
        conn,
        invoice,
        id=take(),
        account_id=account_id,
        series="bill",
        from_date=date(2026, 2, 1),
        to_date=date(2026, 3, 1),
        revision=0,
        state="final",
        number=f"INV-{number}",
        token=token,
        currency="KES",
        total_minor=total,
        tax_minor=17_732,
        rounding_minor=0,
        reward_minor=0,
        estimated=False,
        issued_on=date(2026, 3, 1),
        due_on=date(2026, 3, 15),
        before_minor=0,
        facts=facts,
        finalised_at=now - timedelta(days=9),
    )
    for position, (code, kind, minor) in enumerate([("consumption", "charge", total - 17_732), ("vat", "tax", 17_732)]):
        await put(
            conn,
            invoice_line,
            invoice_id=invoice_id,
            position=position,
            service_id=service_id,
            code=code,
            label={"en": code.title(), "sw": code},
            quantity_micro=42_500_000 if kind == "charge" else None,
            unit="kWh" if kind == "charge" else None,
            price="16.54" if kind == "charge" else None,
            amount_minor=minor,
            kind=kind,
            booked_on=date(2026, 3, 1),
        )
    await put(
        conn,
        open_item,
        invoice_id=invoice_id,
        account_id=account_id,
        due_on=date(2026, 3, 15),
        total_minor=total,
        open_minor=total - paid,
        disputed_minor=0,
    )
    owed = Posting(Book("revenue"), Book("receivable", account_id), total, "KES", "consumption")
    await post(
        conn,
        app,
        key=f"invoice:{invoice_id}",
        kind="invoice",
        booked_on=date(2026, 3, 1),
        postings=[owed],
        details={},
    )
    came = Posting(Book("receivable", account_id), Book("cash:daraja"), paid, "KES", "receipt")
    await post(
        conn,
        app,
        key=f"receipt:daraja:TXN{number}",
        kind="receipt",
        booked_on=date(2026, 3, 10),
        postings=[came],
        details={},
    )
    receipt_id = await put(
        conn,
        receipt,
        id=take(),
        provider="daraja",
        provider_txn=f"TXN{number}",
        account_id=account_id,
        method="mobile_push",
        amount_minor=paid,
        currency="KES",
        reference=number,
        payer="2547***",
        state="placed",
        received_at=now,
        booked_on=date(2026, 3, 10),
    )
    await put(conn, allocation, id=take(), receipt_id=receipt_id, invoice_id=invoice_id, amount_minor=paid, at=now)
    ticket_id = await put(
        conn,
        ticket,
        id=take(),
        reference=f"T{number}",
        effect_key=f"test:{number}",
        account_id=account_id,
        contact_id=contact_id,
        premise_id=place,
        branch_id=branch_id,
        kind="no_supply",
        severity="normal",
        state="open",
        description="No power since the morning",
        opened_at=now,
        changed_at=now,
    )
    await put(
        conn,
        interaction,
        id=take(),
        contact_id=contact_id,
        account_id=account_id,
        channel="sms",
        direction="in",
        kind="turn",
        text="BAL",
        at=now,
    )
    return Customer(account_id, party_id, contact_id, invoice_id, receipt_id, ticket_id, token)


async def a_run(conn: AsyncConnection, app: App) -> int:
    return await put(
        conn,
        bill_run,
        id=app.ids.take(),
        run_date=date(2026, 3, 1),
        state="closed",
        accounts=2,
        parked=0,
        total_minor=257_110,
        started_at=app.clock.now(),
    )
