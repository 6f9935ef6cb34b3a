"""Money in buckets stands in the ledger too: what comes in at once, what is used (or expires) gathered up by a job.

A customer's `purse` book is minus the money we hold for them. A use of a few cents would otherwise cost a journal and a lock on
the revenue of everybody; `booked` says how much of what left a bucket the ledger knows, so a journal more or less changes nothing.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances.model import Bucket, is_money
from core.balances.tables import bucket
from core.context import App, Context
from core.db.bulk import update_many
from core.ledger.model import Book, Journal, Posting
from core.ledger.post import post_many

AT_ONCE = 200


async def came_in(conn: AsyncConnection, context: Context, one: Bucket, amount: int, *, gift: bool) -> None:
    """Money was put in: a gift costs us, a till's money waits in suspense for the other side."""
    await came_in_many(conn, context, [(one, amount)], gift=gift)


async def came_in_many(
    conn: AsyncConnection, context: Context, filled: Sequence[tuple[Bucket, int]], *, gift: bool
) -> None:
    """The same for many buckets; those that hold no money are none of the ledger's business."""
    to, why = (Book("rewards_cost"), "gift") if gift else (Book("suspense"), "top-up")
    journals = [
        Journal(
            f"purse:in:{one.id}:{one.granted}",
            "purse",
            context.today(),
            [Posting(Book("purse", one.account_id), to, amount, one.unit, why)],
        )
        for one, amount in filled
        if is_money(one.unit)
    ]
    await post_many(conn, context, journals)


async def went_back(conn: AsyncConnection, context: Context, filled: Sequence[tuple[Bucket, int]]) -> None:
    """Money that a use had paid was given back: less revenue."""
    journals = [
        Journal(
            f"purse:back:{one.id}:{one.granted}",
            "purse",
            context.today(),
            [Posting(Book("purse", one.account_id), Book("revenue"), amount, one.unit, "given back")],
        )
        for one, amount in filled
    ]
    await post_many(conn, context, journals)


async def tick(app: App) -> int:
    """Book what left the buckets since the last time; how many buckets. The scheduler's job."""
    done = 0
    while True:
        async with app.db.writing() as conn:
            some = await used(conn, app)
        done += some
        if some < AT_ONCE:
            return done


async def used(conn: AsyncConnection, context: Context) -> int:
    """Some buckets' use into the ledger; how many."""
    b = bucket.c
    left = b.granted - b.amount
    rows = await conn.execute(
        select(b.id, b.account_id, b.unit, left.label("gone"), b.booked)
        .where(b.booked < left, b.money)
        .order_by(b.id)
        .limit(AT_ONCE)
        .with_for_update()
    )
    journals, after = [], []
    for row in rows:
        owner = Book("purse", row.account_id)
        posting = Posting(Book("revenue"), owner, row.gone - row.booked, row.unit, "use")
        journals.append(Journal(f"purse:out:{row.id}:{row.gone}", "purse", context.today(), [posting]))
        after.append((row.gone, row.id))
    await post_many(conn, context, journals)
    await update_many(conn, bucket, ("id",), ("booked",), after)
    return len(after)
