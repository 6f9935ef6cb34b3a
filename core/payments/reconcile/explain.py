"""A difference nobody can make right is explained by a person, and the money it is about is booked to over and short.

Above the operator's limit another person has to agree. A drawer that is open cannot be explained away: it has to be closed.
"""

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.audit import trail
from core.context import Context
from core.errors import Refused
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.payments.bank.tables import statement_entry
from core.payments.reconcile.model import KINDS
from core.payments.reconcile.tables import difference

SHORTEST = 5
"""Letters of a note: something has to be said."""
NOTHING_TO_BOOK = ("fees",)
"""It is about how an amount is split, which the payout books as it comes."""


async def explain(
    conn: AsyncConnection, context: Context, difference_id: int, *, note: str, actor: str, branch_id: int | None = None
) -> str:
    """Explain an open difference; its state afterwards: `explained`, or `asked` while another person has to agree.

    `branch_id`: whoever explains belongs to that branch, and there are no others for them.
    """
    found = await _held(conn, difference_id)
    if branch_id not in (None, found.branch_id):
        raise Refused("reconcile.explain.no", status=404)
    if found.state not in ("open", "late") or found.kind == "drawer_open":
        raise Refused("reconcile.explain.no")
    if len(note.strip()) < SHORTEST:
        raise Refused("reconcile.explain.note")
    values: dict[str, Any] = {"note": note.strip()[:500], "settled_by": actor}
    await conn.execute(update(difference).where(difference.c.id == difference_id).values(values))
    if abs(found.amount_minor) <= money.parse(context.operator.cash_desk.over_short_approve_above, found.currency):
        await granted(conn, context, difference_id)
        return "explained"
    payload = {
        "what": KINDS[found.kind],
        "about": found.about,
        "by": found.provider,
        "note": note.strip()[:500],
        "amount": money.plain(found.amount_minor, found.currency),
        "currency": found.currency,
        "day": found.day.isoformat(),
    }
    approval_id = await approvals.ask(
        conn,
        context,
        kind="difference",
        subject=f"difference:{difference_id}",
        payload=payload,
        maker=actor,
        branch_id=found.branch_id,
    )
    asked = update(difference).where(difference.c.id == difference_id)
    await conn.execute(asked.values(state="asked", approval_id=approval_id))
    return "asked"


async def granted(conn: AsyncConnection, context: Context, difference_id: int) -> None:
    """It is explained: booked, and no longer in the way of closing the day. What has come right meanwhile stays as it is."""
    found = await _held(conn, difference_id)
    if found.state == "cleared":
        return
    if found.amount_minor and found.kind not in NOTHING_TO_BOOK:
        await _book(conn, context, found)
    if found.kind == "bank_unexplained":
        entry = update(statement_entry).where(statement_entry.c.key == found.about, statement_entry.c.state == "open")
        await conn.execute(entry.values(state="matched", matched=f"explained:{difference_id}"))
    done = update(difference).where(difference.c.id == difference_id)
    await conn.execute(done.values(state="explained", settled_at=context.clock.now()))
    await trail.note(
        conn,
        context,
        found.settled_by or "job:reconcile",
        "difference.explained",
        f"difference:{difference_id}",
        note=found.note or "",
    )


async def refused(conn: AsyncConnection, context: Context, difference_id: int) -> None:
    """The second person said no: it is open again."""
    again = update(difference).where(difference.c.id == difference_id, difference.c.state == "asked")
    await conn.execute(again.values(state="open"))


async def _book(conn: AsyncConnection, context: Context, found: Row[Any]) -> None:
    """They have more than we: that much more is ours. They have less: that much is gone."""
    book, over = _book_of(found), Book("over_short")
    source, target = (over, book) if found.amount_minor > 0 else (book, over)
    posting = Posting(source, target, abs(found.amount_minor), found.currency, found.kind)
    key = f"difference:{found.id}:{found.amount_minor}"
    await post(conn, context, key=key, kind="difference", booked_on=context.today(), postings=[posting])


def _book_of(found: Row[Any]) -> Book:
    if found.kind == "bank_unexplained":
        return Book("bank")
    return Book("deposits") if found.kind.startswith("deposit") else Book(f"cash:{found.provider}")


async def _held(conn: AsyncConnection, difference_id: int) -> Row[Any]:
    query = select(difference).where(difference.c.id == difference_id).with_for_update()
    found = (await conn.execute(query)).first()
    if found is None:
        raise Refused("reconcile.explain.no", status=404)
    return found
