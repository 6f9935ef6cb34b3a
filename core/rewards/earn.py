"""Points for bills paid on or before their due day, once a bill; taken back when the payment is.

`points:<invoice id>` is the key of the journal, so a payment that is told five times earns once.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.ledger.model import Book, Journal, Posting
from core.ledger.post import post_many
from core.ledger.reverse import reverse
from core.ledger.tables import journal
from core.rewards.model import ASSET, EARNED, REVERSED, PaidBill, earned_by


async def for_paid_bills(conn: AsyncConnection, context: Context, account_id: int, paid: Sequence[PaidBill]) -> int:
    """Credit what these bills earn; how many points are new."""
    journals = [
        Journal(f"points:{bill.invoice_id}", "points", bill.paid_on, [_credit(account_id, points)])
        for bill in paid
        if (points := earned_by(bill, context.operator.rewards)) > 0
    ]
    fresh = await post_many(conn, context, journals)
    return sum(one.amount for entry in journals if entry.key in fresh for one in entry.postings)


def _credit(account_id: int, points: int) -> Posting:
    return Posting(Book("points_issued"), Book("points", account_id), points, ASSET, EARNED)


async def take_back(conn: AsyncConnection, context: Context, invoice_ids: Collection[int]) -> int:
    """A payment was reversed and these bills are open again: their points go; how many bills had any."""
    keys = [f"points:{invoice_id}" for invoice_id in invoice_ids]
    known = (await conn.execute(select(journal.c.key).where(journal.c.key.in_(keys)).order_by(journal.c.key))).scalars()
    done = [await reverse(conn, context, key=key, booked_on=context.today(), why=REVERSED) for key in known.all()]
    return sum(journal_id is not None for journal_id in done)
