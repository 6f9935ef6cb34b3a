"""Mandates: a customer's leave to collect from her bank account, from pending to active to over; and what is planned under them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Protocol

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.bulk import insert_many
from core.db.in_list import in_list
from core.errors import Refused
from core.ledger.tables import open_item
from core.payments import methods, schemes, store
from core.payments.tables import collection, mandate

ENDED = ("failed", "cancelled", "expired")


@dataclass(frozen=True, slots=True)
class Mandate:
    """A mandate as other rooms see it. `masked` is what its owner recognises: bank ****1234."""

    id: int
    account_id: int
    provider: str
    reference: str
    masked: str
    expires_on: date | None = None
    """Of a card: the last day on which it can be charged."""


@dataclass(frozen=True, slots=True)
class Bank:
    """Whose account it is, where we collect from it by file ourselves."""

    holder: str
    iban: str
    bic: str | None = None

    @property
    def masked(self) -> str:
        """What its owner recognises."""
        return f"bank ****{self.iban[-4:]}"


async def create(
    conn: AsyncConnection,
    context: Context,
    account_id: int,
    *,
    masked: str = "",
    actor: str,
    provider: str | None = None,
    provider_ref: str | None = None,
    bank: Bank | None = None,
) -> str:
    """A pending mandate; its reference, by which the customer and her bank know it. `Refused` for an IBAN that cannot be one."""
    mandate_id, reference = context.ids.take(), f"M{secrets.token_hex(5).upper()}"
    provider = provider or context.operator.payments.mandates
    if provider == "sepa" and bank is None:
        raise Refused("payments.mandate.iban", status=400)
    await methods.insist(conn, context, account_id, "direct_debit")
    bank = checked(bank) if bank else None
    row = {
        "id": mandate_id,
        "account_id": account_id,
        "provider": provider,
        "reference": reference,
        "provider_ref": provider_ref,
        "state": "pending",
        "masked": masked or (bank.masked if bank else "****"),
        "created_at": context.clock.now(),
    }
    if bank:
        row |= {"holder": bank.holder, "iban": bank.iban, "bic": bank.bic, "signed_on": context.today()}
    await conn.execute(insert(mandate).values(row))
    await trail.note(conn, context, actor, "mandate.created", f"mandate:{mandate_id}", account_id=str(account_id))
    return reference


def checked(bank: Bank) -> Bank:
    """As it is kept. `Refused` for an IBAN that cannot be one, and for nobody's."""
    iban = "".join(bank.iban.split()).upper()
    if not is_iban(iban) or not bank.holder.strip():
        raise Refused("payments.mandate.iban", status=400)
    return Bank(" ".join(bank.holder.split())[:70], iban, bank.bic or None)


def is_iban(text: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616: the number it spells, modulo 97, is 1). Pure."""
    if not (15 <= len(text) <= 34 and text.isascii() and text.isalnum() and text[:2].isalpha() and text[2:4].isdigit()):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


async def activate(conn: AsyncConnection, context: Context, reference: str, *, actor: str) -> None:
    """The bank agreed: collect under it from now on, and no longer under an older one of the account."""
    found = await _held(conn, mandate.c.reference == reference)
    if found is None or found.state in ENDED:
        raise Refused("payments.mandate.over", status=404, reference=reference)
    await store.hold_account(conn, found.account_id)
    older = update(mandate).where(
        mandate.c.account_id == found.account_id, mandate.c.state == "active", mandate.c.id != found.id
    )
    await conn.execute(older.values(state="cancelled", ended_at=context.clock.now()))
    await conn.execute(update(mandate).where(mandate.c.id == found.id).values(state="active"))
    await conn.execute(
        update(collection)
        .where(collection.c.account_id == found.account_id, collection.c.state == "planned")
        .values(mandate_id=found.id)
    )
    await trail.note(conn, context, actor, "mandate.activated", f"mandate:{found.id}")


async def cancel(
    conn: AsyncConnection, context: Context, reference: str, *, actor: str, state: str = "cancelled"
) -> None:
    """End a mandate (`cancelled` by the customer, `failed` or `expired` by the bank): nothing planned under it is collected."""
    found = await _held(conn, mandate.c.reference == reference)
    if found is None or state not in ENDED:
        raise Refused("payments.mandate.over", status=404, reference=reference)
    if found.state in ENDED:
        return
    await conn.execute(
        update(mandate).where(mandate.c.id == found.id).values(state=state, ended_at=context.clock.now())
    )
    await conn.execute(
        update(collection)
        .where(collection.c.mandate_id == found.id, collection.c.state == "planned")
        .values(state="dropped")
    )
    await trail.note(conn, context, actor, f"mandate.{state}", f"mandate:{found.id}")


async def moved(
    conn: AsyncConnection,
    context: Context,
    provider: str,
    *,
    state: str,
    provider_ref: str | None = None,
    reference: str | None = None,
    before: str | None = None,
) -> bool:
    """A provider tells what became of a mandate, known by our `reference`, by its own, or by the one it had `before`.

    `named`: it has its own reference now, and is not active yet. False when the mandate or the state is not known.
    """
    found = await _found(conn, provider, (reference, provider_ref, before))
    if found is None or state not in (*ENDED, "active", "named"):
        return False
    if provider_ref:
        await conn.execute(update(mandate).where(mandate.c.id == found.id).values(provider_ref=provider_ref))
    if state in ENDED:
        await cancel(conn, context, found.reference, actor=f"provider:{provider}", state=state)
    elif state == "active" and found.state == "pending":
        await activate(conn, context, found.reference, actor=f"provider:{provider}")
    return True


async def _found(
    conn: AsyncConnection, provider: str, names: tuple[str | None, str | None, str | None]
) -> Row[int, int, str, str] | None:
    columns = (mandate.c.reference, mandate.c.provider_ref, mandate.c.provider_ref)
    for column, name in zip(columns, names, strict=True):
        found = await _held(conn, (mandate.c.provider == provider) & (column == name)) if name else None
        if found:
            return found
    return None


async def _held(conn: AsyncConnection, which: ColumnElement[bool]) -> Row[int, int, str, str] | None:
    query = select(mandate.c.id, mandate.c.account_id, mandate.c.state, mandate.c.reference).where(which)
    return (await conn.execute(query.with_for_update())).first()


async def lapse(conn: AsyncConnection, context: Context) -> int:
    """SEPA mandates that were not used for 36 months are over, and so are cards past their last day; how many ended."""
    today = context.today()
    last = today.replace(year=today.year - 3, day=min(today.day, 28))
    used = func.coalesce(mandate.c.used_on, mandate.c.signed_on)
    unused = select(mandate.c.reference).where(
        mandate.c.state == "active", ((mandate.c.provider == "sepa") & (used < last)) | (mandate.c.expires_on < today)
    )
    over = (await conn.execute(unused)).scalars().all()
    for reference in over:
        await cancel(conn, context, reference, actor="job:mandates", state="expired")
    return len(over)


async def active_for(conn: AsyncConnection, account_ids: Sequence[int]) -> dict[int, Mandate]:
    """The active mandate of each account that has one."""
    columns = [mandate.c[field.name] for field in fields(Mandate)]
    query = select(*columns).where(in_list(conn, mandate.c.account_id, account_ids), mandate.c.state == "active")
    return {row.account_id: Mandate(*row) for row in await conn.execute(query.order_by(mandate.c.id))}


class BillToCollect(Protocol):
    """A bill that was just made final."""

    @property
    def invoice_id(self) -> int:
        """Its id."""

    @property
    def account_id(self) -> int:
        """Whose it is."""

    @property
    def due_on(self) -> date:
        """When it is due."""


async def plan_collections(conn: AsyncConnection, context: Context, bills: Sequence[BillToCollect]) -> dict[int, date]:
    """Plan to collect what is open of new bills under active mandates: invoice id -> bank business day on or after it is due,
    and not before the scheme's notice is over. A card that will have expired by then is not planned for: she is asked to pay."""
    mandates = await active_for(conn, [bill.account_id for bill in bills])
    first = {one.provider: schemes.earliest(context, one.provider) for one in mandates.values()}
    wanted = [bill for bill in bills if bill.account_id in mandates]
    payable = await _payable(conn, [bill.invoice_id for bill in wanted])
    days: dict[int, date] = {}
    for bill in wanted:
        leave = mandates[bill.account_id]
        day = schemes.bank_day(context, leave.provider, max(bill.due_on, first[leave.provider]))
        if payable.get(bill.invoice_id, 0) > 0 and (leave.expires_on is None or day <= leave.expires_on):
            days[bill.invoice_id] = day
    rows = [
        (number, bill.invoice_id, bill.account_id, mandates[bill.account_id].id, days[bill.invoice_id], "planned")
        for number, bill in zip(
            context.ids.take_many(len(days)), (bill for bill in wanted if bill.invoice_id in days), strict=True
        )
    ]
    columns = ("id", "invoice_id", "account_id", "mandate_id", "collect_on", "state")
    if rows:
        await insert_many(conn, collection, columns, rows, skip_known=True)
    return days


async def _payable(conn: AsyncConnection, invoice_ids: Sequence[int]) -> dict[int, int]:
    query = select(open_item.c.invoice_id, open_item.c.open_minor - open_item.c.disputed_minor)
    rows = await conn.execute(query.where(in_list(conn, open_item.c.invoice_id, invoice_ids)))
    return {row[0]: row[1] for row in rows}
