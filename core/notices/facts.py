"""What a notice speaks of, as it stands when it leaves: a handful of set queries for a whole batch, never one a row.

Each answers {subject id: facts}; a subject that is not there any more is not in the answer, and its notice is dropped.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import msgspec
from sqlalchemy import Text, and_, cast, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import invoice
from core.campaigns.tables import campaign
from core.db.in_list import in_list
from core.ledger.tables import balance, ledger_account, open_item
from core.payments.tables import attempt, collection, mandate, payment_request, receipt

COLLECTING = ("asked", "done")
"""A collection in these states is with the bank: reminding of it is too late."""
LIVE_OR_WON = ("created", "sent", "unknown", "awaiting_customer", "succeeded")


class BillFacts(msgspec.Struct, frozen=True):
    """One bill as it stands. `left_minor` is what they are asked for: open, less what is disputed."""

    account_id: int
    token: str
    currency: str
    total_minor: int
    due_on: date | None
    left_minor: int
    collect_on: date | None
    """The bank day on which a mandate collects it; None: they pay it themselves."""
    with_bank: bool


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What is still asked for on the whole account, and what stands to its credit."""

    left_minor: int = 0
    credit_minor: int = 0


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """Money that came in, and how the account stands with it."""

    account_id: int
    amount_minor: int
    currency: str
    method: str
    reversed: bool
    account: AccountFacts


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """A payment that failed, and how much is open of what it was for."""

    account_id: int
    currency: str
    method: str
    failed: bool
    left_minor: int
    tried_again: bool
    token: str | None
    """Of the paylink that was made with the notice (`journeys/payment_failed.py`): it has the key of the notice's row."""


@dataclass(frozen=True, slots=True)
class CampaignFacts:
    """A campaign's words and whether it still runs."""

    state: str
    texts: Mapping[str, str]
    texts_b: Mapping[str, str] | None = None
    window: tuple[time, time] | None = None
    """The hours in which it may leave, in the operator's zone."""


async def campaigns(conn: AsyncConnection, ids: Collection[int]) -> Mapping[int, CampaignFacts]:
    """Campaigns by id."""
    c = campaign.c
    columns = (c.id, c.state, c.texts, c.texts_b, c.window_from, c.window_until)
    rows = await conn.execute(select(*columns).where(in_list(conn, c.id, ids)))
    return {row.id: CampaignFacts(row.state, row.texts, row.texts_b, _window(row)) for row in rows}


def _window(row: Any) -> tuple[time, time] | None:
    return (time.fromisoformat(row.window_from), time.fromisoformat(row.window_until)) if row.window_from else None


async def bills(conn: AsyncConnection, ids: Collection[int]) -> Mapping[int, BillFacts]:
    """Invoices by id."""
    rows = await conn.execute(
        select(
            invoice.c.id,
            invoice.c.account_id,
            invoice.c.token,
            invoice.c.currency,
            invoice.c.total_minor,
            open_item.c.due_on,
            func.coalesce(open_item.c.open_minor - open_item.c.disputed_minor, 0).label("left_minor"),
            collection.c.collect_on,
            collection.c.state.label("collection_state"),
            mandate.c.state.label("mandate_state"),
        )
        .outerjoin(open_item, open_item.c.invoice_id == invoice.c.id)
        .outerjoin(collection, and_(collection.c.invoice_id == invoice.c.id, collection.c.state != "dropped"))
        .outerjoin(mandate, mandate.c.id == collection.c.mandate_id)
        .where(in_list(conn, invoice.c.id, ids), invoice.c.state == "final")
    )
    return {invoice_id: _bill(*text) for invoice_id, *text in rows.all()}


def _bill(
    account_id: int,
    token: str,
    currency: str,
    total_minor: int,
    due_on: date | None,
    left_minor: int,
    collect_on: date | None,
    collected: str | None,
    mandate: str | None,
) -> BillFacts:
    """A row of `bills`, after its id."""
    collects = mandate == "active"
    day, with_bank = collect_on if collects else None, collects and collected in COLLECTING
    return BillFacts(account_id, token, currency, total_minor, due_on, left_minor, day, with_bank)


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """A credit note, and what is left of the bill it is of."""

    token: str
    currency: str
    credited_minor: int
    left_minor: int


async def credit_notes(conn: AsyncConnection, ids: Collection[int]) -> Mapping[int, CreditFacts]:
    """Credit notes by id."""
    note = invoice.alias("note")
    left = open_item.c.open_minor - open_item.c.disputed_minor
    rows = await conn.execute(
        select(note.c.id, note.c.token, note.c.currency, note.c.total_minor, left)
        .join(open_item, open_item.c.invoice_id == note.c.corrects_id)
        .where(in_list(conn, note.c.id, ids))
    )
    return {row[0]: CreditFacts(row[1], row[2], -row[3], int(row[4])) for row in rows}


async def accounts(conn: AsyncConnection, ids: Collection[int], currency: str) -> Mapping[int, AccountFacts]:
    """What is left to pay and what is to the credit of each of these accounts."""
    question = await conn.execute(
        select(open_item.c.account_id, func.sum(open_item.c.open_minor - open_item.c.disputed_minor))
        .where(in_list(conn, open_item.c.account_id, ids), open_item.c.open_minor > 0)
        .group_by(open_item.c.account_id)
    )
    left = {row[0]: int(row[1]) for row in question}
    held = await conn.execute(
        select(ledger_account.c.owner_id, balance.c.amount)
        .join(balance, balance.c.ledger_account_id == ledger_account.c.id)
        .where(
            in_list(conn, ledger_account.c.owner_id, ids),
            ledger_account.c.code == "receivable",
            ledger_account.c.asset == currency,
        )
    )
    credit = {row[0]: max(0, -int(row[1])) for row in held}
    return {key: AccountFacts(left.get(key, 0), credit.get(key, 0)) for key in ids}


async def receipts(conn: AsyncConnection, ids: Collection[int], currency: str) -> Mapping[int, ReceiptFacts]:
    """Receipts by id; money in suspense is nobody's, so nobody is thanked for it."""
    columns = (receipt.c.account_id, receipt.c.amount_minor, receipt.c.currency, receipt.c.method, receipt.c.state)
    match = await conn.execute(
        select(receipt.c.id, *columns).where(in_list(conn, receipt.c.id, ids), receipt.c.account_id.is_not(None))
    )
    rows = match.all()
    standing = await accounts(conn, {row.account_id for row in rows}, currency)
    return {
        row.id: ReceiptFacts(
            row.account_id,
            row.amount_minor,
            row.currency,
            row.method,
            row.state == "reversed",
            standing[row.account_id],
        )
        for row in rows
    }


async def attempts(conn: AsyncConnection, ids: Collection[int], currency: str) -> Mapping[int, AttemptFacts]:
    """Attempts by id; what is open of the bill it was for, else of the whole account."""
    later, link = attempt.alias("later"), payment_request.alias("link")
    again = exists().where(
        later.c.account_id == attempt.c.account_id,
        later.c.created_at > attempt.c.created_at,
        later.c.state.in_(LIVE_OR_WON),
    )
    match = await conn.execute(
        select(
            attempt.c.id,
            attempt.c.account_id,
            attempt.c.currency,
            attempt.c.method,
            attempt.c.state,
            payment_request.c.invoice_id,
            again.label("again"),
            link.c.token,
        )
        .join(payment_request, payment_request.c.id == attempt.c.request_id)
        .outerjoin(link, link.c.key == literal("paylink:failed:") + cast(attempt.c.id, Text))
        .where(in_list(conn, attempt.c.id, ids))
    )
    rows = match.all()
    of_bills = await bills(conn, {row.invoice_id for row in rows if row.invoice_id is not None})
    standing = await accounts(conn, {row.account_id for row in rows}, currency)
    return {
        row.id: AttemptFacts(
            row.account_id,
            row.currency,
            row.method,
            row.state in ("failed", "expired"),
            of_bills[row.invoice_id].left_minor if row.invoice_id in of_bills else standing[row.account_id].left_minor,
            bool(row.again),
            row.token,
        )
        for row in rows
    }
