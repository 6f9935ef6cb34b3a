"""A fee on a note of its own: a final invoice of one line in the series `fee`, with its number, journal and open item like any bill.

Issued once a `key`. It is taken back by a credit note like any bill (`core/journeys/dunning/fee_waiver.py`).
"""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.documents import document
from core.billing.documents.document import DocumentDraft, Occasion
from core.billing.due import due_on
from core.billing.model import FEE, BillLine
from core.context import Context
from core.db import idempotency
from core.ledger import open_items
from core.parties.tables import account, party
from core.text import LANGUAGES, say

PREFIX = "FEE-"
"""Of the numbers of fees."""


async def issue(
    conn: AsyncConnection, context: Context, *, account_id: int, code: str, minor: int, key: str
) -> int | None:
    """Charge `minor` for `bill.line.<code>`; the invoice's id, None when `key` was charged before. The caller holds the account."""
    if not await idempotency.first_time(conn, f"fee:{key}", context.clock.now()):
        return None
    today, invoice_id = context.today(), context.ids.take()
    names = select(account.c.number, party.c.name).join(party, party.c.id == account.c.party_id)
    who = (await conn.execute(names.where(account.c.id == account_id))).one()
    facts = {"name": who.name, "number": who.number, "services": {}, "estimated": {}}
    label = {lang: say(lang, f"bill.line.{code}") for lang in LANGUAGES}
    line = BillLine(1, 0, code, label, None, None, None, minor, "charge")
    about, due = Occasion(account_id, today, today + timedelta(days=1), context.currency, facts), due_on(context, today)
    await document.write(conn, context, DocumentDraft(invoice_id, FEE, PREFIX, about, (line,), due, {}))
    await open_items.open_one(
        conn, invoice_id=invoice_id, account_id=account_id, due_on=due, total_minor=minor, on=today
    )
    return invoice_id
