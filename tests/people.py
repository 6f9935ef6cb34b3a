"""Customers and bills for tests that are about something else: rows written straight into the tables."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import invoice
from core.context import App
from core.ledger.tables import open_item
from core.parties.tables import account, branch, contact, contact_account, party, premise, service
from core.payments.tables import attempt, collection, mandate, payment_request, receipt

TOKEN = "AbCdEfGhIjKlMnOpQrStUv"
BRANCH = 7


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer with one account and one phone."""

    party_id: int
    account_id: int
    contact_id: int
    phone: str


async def a_branch(conn: AsyncConnection, app: App) -> int:
    await conn.execute(insert(branch).values(id=BRANCH, code="NRB", name="Nairobi"))
    return BRANCH


async def a_customer(
    conn: AsyncConnection,
    app: App,
    number: int = 1,
    *,
    language: str = "en",
    channel: str = "phone",
    marketing: bool = True,
    stopped: bool = False,
    area: str = "Kibera",
    commodity: str = "electricity",
    branch_id: int = BRANCH,
) -> Customer:
    now, take = app.clock.now(), app.ids.take
    phone = f"+2547{number:08}"
    party_id, account_id, contact_id, premise_id = take(), take(), take(), take()
    rows: list[tuple[Any, dict[str, Any]]] = [
        (
            party,
            {"id": party_id, "name": f"Customer {number}", "kind": "person", "language": language, "created_at": now},
        ),
        (
            account,
            {
                "id": account_id,
                "number": f"10{number:06}",
                "party_id": party_id,
                "branch_id": branch_id,
                "currency": "KES",
                "segment": "residential",
                "bill_day": 1,
                "state": "active",
                "opened_on": date(2025, 1, 1),
                "created_at": now,
            },
        ),
        (
            contact,
            {
                "id": contact_id,
                "channel": channel,
                "channel_user": phone if channel == "phone" else f"u{number}",
                "phone": phone,
                "party_id": party_id,
                "language": language,
                "marketing": marketing,
                "stopped_at": now if stopped else None,
                "created_at": now,
            },
        ),
        (contact_account, {"contact_id": contact_id, "account_id": account_id, "linked_at": now, "how": "record"}),
        (premise, {"id": premise_id, "address": f"Plot {number}", "area": area, "branch_id": branch_id}),
        (
            service,
            {
                "id": take(),
                "account_id": account_id,
                "premise_id": premise_id,
                "commodity": commodity,
                "payment_mode": "postpaid",
                "state": "active",
                "started_on": date(2025, 1, 1),
            },
        ),
    ]
    for table, values in rows:
        await conn.execute(insert(table).values(values))
    return Customer(party_id, account_id, contact_id, phone)


async def a_bill(
    conn: AsyncConnection,
    app: App,
    customer: Customer,
    *,
    total: int = 120_050,
    open_minor: int | None = None,
    disputed: int = 0,
    due: date = date(2026, 3, 24),
    token: str = TOKEN,
    month: int = 2,
    revision: int = 0,
) -> int:
    invoice_id = app.ids.take()
    await conn.execute(
        insert(invoice).values(
            id=invoice_id,
            account_id=customer.account_id,
            series="bill",
            from_date=date(2026, month, 1),
            to_date=date(2026, month + 1, 1),
            revision=revision,
            state="final",
            number=f"INV-{invoice_id}",
            token=token,
            currency="KES",
            total_minor=total,
            tax_minor=0,
            rounding_minor=0,
            reward_minor=0,
            estimated=False,
            issued_on=date(2026, month + 1, 1),
            due_on=due,
            facts={},
            finalised_at=app.clock.now(),
        )
    )
    left = total if open_minor is None else open_minor
    await conn.execute(
        insert(open_item).values(
            invoice_id=invoice_id,
            account_id=customer.account_id,
            due_on=due,
            total_minor=total,
            open_minor=left,
            disputed_minor=disputed,
        )
    )
    return invoice_id


async def a_mandate(
    conn: AsyncConnection,
    app: App,
    customer: Customer,
    invoice_id: int,
    on: date,
    *,
    state: str = "active",
    collecting: str = "planned",
) -> None:
    mandate_id = app.ids.take()
    await conn.execute(
        insert(mandate).values(
            id=mandate_id,
            account_id=customer.account_id,
            provider="sandbox",
            reference=f"M{mandate_id}",
            state=state,
            masked="bank ****1234",
            created_at=app.clock.now(),
        )
    )
    await conn.execute(
        insert(collection).values(
            id=app.ids.take(),
            invoice_id=invoice_id,
            account_id=customer.account_id,
            mandate_id=mandate_id,
            collect_on=on,
            state=collecting,
        )
    )


async def a_receipt(
    conn: AsyncConnection,
    app: App,
    customer: Customer,
    amount: int,
    *,
    method: str = "mobile_push",
    state: str = "placed",
) -> int:
    receipt_id = app.ids.take()
    await conn.execute(
        insert(receipt).values(
            id=receipt_id,
            provider="sandbox",
            provider_txn=f"T{receipt_id}",
            account_id=customer.account_id,
            method=method,
            amount_minor=amount,
            currency="KES",
            reference="",
            payer="***",
            state=state,
            received_at=app.clock.now(),
            booked_on=app.today(),
        )
    )
    return receipt_id


async def an_attempt(
    conn: AsyncConnection,
    app: App,
    customer: Customer,
    invoice_id: int | None,
    *,
    state: str = "failed",
    method: str = "mobile_push",
    amount: int = 120_050,
) -> int:
    request_id, attempt_id, now = app.ids.take(), app.ids.take(), app.clock.now()
    await conn.execute(
        insert(payment_request).values(
            id=request_id,
            key=f"r{request_id}",
            kind="push",
            account_id=customer.account_id,
            invoice_id=invoice_id,
            currency="KES",
            state="open",
            created_at=now,
        )
    )
    await conn.execute(
        insert(attempt).values(
            id=attempt_id,
            key=f"a{attempt_id}",
            request_id=request_id,
            account_id=customer.account_id,
            provider="sandbox",
            method=method,
            amount_minor=amount,
            currency="KES",
            state=state,
            polls=0,
            created_at=now,
        )
    )
    await conn.execute(
        insert(payment_request).values(
            id=app.ids.take(),
            key=f"paylink:failed:{attempt_id}",
            kind="paylink",
            account_id=customer.account_id,
            token=f"{attempt_id:022}",
            currency="KES",
            state="open",
            created_at=now,
        )
    )
    return attempt_id
