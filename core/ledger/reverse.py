"""Undo is a new journal: the postings of an earlier one, each the other way round. Nothing is changed or deleted."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.ledger.tables import journal, ledger_account, posting


async def reverse(conn: AsyncConnection, context: Context, *, key: str, booked_on: date, why: str) -> int | None:
    """Reverse the journal posted under `key`, once: the id of the reversal, None when that was done before.

    LookupError when nothing was ever posted under `key`. The reversal's own key is `reversal:<key>`.
    """
    found = (await conn.execute(select(journal.c.id).where(journal.c.key == key))).scalar_one_or_none()
    if found is None:
        raise LookupError(f"nothing is posted under {key!r}")
    back = [one.turned(why) for one in await postings_of(conn, found)]
    return await post(
        conn, context, key=f"reversal:{key}", kind="reversal", booked_on=booked_on, postings=back, reverses_id=found
    )


async def postings_of(conn: AsyncConnection, journal_id: int) -> list[Posting]:
    """The postings of a journal, in the order in which they were written."""
    source, destination = ledger_account.alias("source"), ledger_account.alias("destination")
    query = (
        select(
            source.c.code.label("from_code"),
            source.c.owner_id.label("from_owner"),
            destination.c.code,
            destination.c.owner_id,
            posting.c.amount,
            posting.c.asset,
            posting.c.why,
        )
        .join_from(posting, source, posting.c.source_id == source.c.id)
        .join(destination, posting.c.destination_id == destination.c.id)
        .where(posting.c.journal_id == journal_id)
        .order_by(posting.c.id)
    )
    return [
        Posting(Book(row.from_code, row.from_owner), Book(row.code, row.owner_id), row.amount, row.asset, row.why)
        for row in await conn.execute(query)
    ]
