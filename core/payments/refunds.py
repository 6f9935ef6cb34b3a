"""Money back to a customer: asked for by one person, agreed to by another above the operator's limit, sent by the outbox.

It is neither asked for nor granted while a number of the account cools down after a change of its SIM. At the moment it is granted the money leaves their account for `refunds` (what we owe back), so no second refund and no new bill can
have it; it leaves the provider's cash when the provider says so, and comes back to their account if it fails. A refund by hand is
one a clerk transfers and then says so; cash comes out of the drawer it went into, while that is open.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.audit import trail
from core.context import App, Context
from core.db.engine import AnyRow
from core.errors import Refused
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.outbox import queue
from core.parties import sim
from core.payments import queries, receive, reverse
from core.payments.desk import undo
from core.payments.model import LOOKS
from core.payments.providers import can, named
from core.payments.tables import attempt, payment_request, refund

BY_HAND = "by_hand"


async def ask(
    conn: AsyncConnection, app: App, receipt_id: int, *, amount_minor: int, reason: str, actor: str, key: str
) -> int:
    """Ask to give back (part of) a receipt; the refund's id. The same `key` is the same refund. `Refused` beyond what is left of it."""
    known = (await conn.execute(select(refund.c.id).where(refund.c.key == key))).scalar_one_or_none()
    if known:
        return int(known)
    taken = await reverse.held(conn, receipt_id)
    left = taken.amount_minor - taken.reversed_minor - await _pending(conn, receipt_id)
    left -= await reverse.spent(conn, receipt_id)
    if taken.account_id is None or taken.state != "placed":
        raise Refused("payments.refund.nobody")
    await sim.hold(conn, app, taken.account_id)
    if not 0 < amount_minor <= left:
        raise Refused("payments.refund.too_much", left=money.show(max(left, 0), taken.currency))
    how = taken.provider if _back_the_way_it_came(app, taken, amount_minor) else BY_HAND
    refund_id = app.ids.take()
    row = {
        "id": refund_id,
        "key": key,
        "receipt_id": receipt_id,
        "account_id": taken.account_id,
        "amount_minor": amount_minor,
        "currency": taken.currency,
        "reason": reason[:200],
        "how": how,
        "state": "asked",
        "asked_by": actor,
        "asked_at": app.clock.now(),
    }
    await conn.execute(insert(refund).values(row))
    await trail.note(conn, app, actor, "refund.asked", f"refund:{refund_id}", receipt=str(receipt_id))
    if amount_minor <= money.parse(app.operator.refunds.approve_above, taken.currency):
        await granted(conn, app, refund_id)
    else:
        await _to_approve(conn, app, row, taken)
    return refund_id


def _back_the_way_it_came(app: App, taken: Row[Any], amount_minor: int) -> bool:
    """Whether the provider can be asked: it gives refunds, of such amounts, and has told its number of the payment."""
    if not can(app, taken.provider, "refund") or taken.provider_txn.startswith(receive.OURS):
        return False
    return amount_minor % named(app, taken.provider).step_minor == 0


async def _pending(conn: AsyncConnection, receipt_id: int) -> int:
    query = select(func.coalesce(func.sum(refund.c.amount_minor), 0))
    return int(
        (await conn.execute(query.where(refund.c.receipt_id == receipt_id, refund.c.state == "asked"))).scalar_one()
    )


async def _to_approve(conn: AsyncConnection, context: Context, row: dict[str, Any], taken: Row[Any]) -> None:
    facts = await queries.account_facts(conn, row["account_id"])
    payload = {
        "refund": str(row["id"]),
        "receipt": taken.provider_txn,
        "account": facts.number if facts else "",
        "amount": money.plain(row["amount_minor"], row["currency"]),
        "currency": row["currency"],
        "how": row["how"],
        "reason": row["reason"],
    }
    approval_id = await approvals.ask(
        conn,
        context,
        kind="refund",
        subject=f"refund:{row['id']}",
        payload=payload,
        maker=row["asked_by"],
        branch_id=await queries.branch_of(conn, row["account_id"]),
        days=context.operator.refunds.approval_days,
    )
    await conn.execute(update(refund).where(refund.c.id == row["id"]).values(approval_id=approval_id))


async def granted(conn: AsyncConnection, context: Context, refund_id: int) -> None:
    """It may be given: the money is set aside, and the provider is told to send it (or a clerk sees that they have to)."""
    wanted = await held(conn, refund_id)
    if wanted.state != "asked":
        return
    taken = await reverse.held(conn, wanted.receipt_id)
    if taken.account_id != wanted.account_id or taken.amount_minor - taken.reversed_minor < wanted.amount_minor:
        await _mark(conn, context, refund_id, "refused")
        return
    await sim.hold(conn, context, wanted.account_id)
    posting = Posting(Book("refunds"), receivable(wanted.account_id), wanted.amount_minor, wanted.currency, "refund")
    await post(conn, context, key=f"refund:{refund_id}", kind="refund", booked_on=context.today(), postings=[posting])
    await reverse.noted(
        conn,
        context,
        taken.id,
        key=f"refund:{refund_id}",
        kind="refund",
        amount_minor=wanted.amount_minor,
        reason=wanted.reason,
    )
    await reverse.less(conn, context, taken, wanted.amount_minor)
    values: dict[str, Any] = {"state": "granted"}
    if wanted.how == BY_HAND and await undo.handed_back(
        conn, context, taken.id, wanted.amount_minor, key=f"refund:{refund_id}"
    ):
        values = await _from_the_drawer(conn, context, wanted, taken)
    elif wanted.how != BY_HAND:
        values["attempt_id"] = await _begin(conn, context, wanted)
    await conn.execute(update(refund).where(refund.c.id == refund_id).values(values))


async def _from_the_drawer(
    conn: AsyncConnection, context: Context, wanted: Row[Any], taken: Row[Any]
) -> dict[str, Any]:
    """It is handed out over the counter at once: it leaves the cash it came into."""
    posting = Posting(Book(f"cash:{taken.provider}"), Book("refunds"), wanted.amount_minor, wanted.currency, "refund")
    await post(conn, context, key=f"refunded:{wanted.id}", kind="refund", booked_on=context.today(), postings=[posting])
    return {"state": "done", "paid_ref": "drawer", "settled_at": context.clock.now()}


async def _begin(conn: AsyncConnection, context: Context, wanted: Row[Any]) -> int:
    """An attempt in the other direction: written, sent, polled and settled like any other. One that could not even leave for a day is
    asked about too: it never arrived, and the money is theirs again."""
    now, request_id, attempt_id = context.clock.now(), *context.ids.take_many(2)
    key = f"refund:{wanted.id}"
    await conn.execute(
        insert(payment_request).values(
            id=request_id,
            key=key,
            kind="refund",
            account_id=wanted.account_id,
            amount_minor=wanted.amount_minor,
            currency=wanted.currency,
            state="open",
            created_at=now,
        )
    )
    await conn.execute(
        insert(attempt).values(
            id=attempt_id,
            key=key,
            request_id=request_id,
            account_id=wanted.account_id,
            provider=wanted.how,
            method="refund",
            amount_minor=wanted.amount_minor,
            currency=wanted.currency,
            state="created",
            polls=0,
            created_at=now,
            poll_at=now + LOOKS.waits[-1],
        )
    )
    await queue.enqueue(
        conn,
        context,
        key=key,
        kind="refund",
        template="payments.refund",
        account_id=wanted.account_id,
        subject_id=attempt_id,
    )
    return attempt_id


async def refused(conn: AsyncConnection, context: Context, refund_id: int) -> None:
    """The second person said no."""
    if (await held(conn, refund_id)).state == "asked":
        await _mark(conn, context, refund_id, "refused")


async def paid_by_hand(conn: AsyncConnection, context: Context, refund_id: int, *, reference: str, actor: str) -> None:
    """A clerk made the transfer: under which reference."""
    wanted = await held(conn, refund_id)
    if wanted.how != BY_HAND or wanted.state != "granted" or not reference.strip():
        raise Refused("payments.refund.not_by_hand")
    posting = Posting(Book("bank"), Book("refunds"), wanted.amount_minor, wanted.currency, "refund")
    await post(conn, context, key=f"refunded:{refund_id}", kind="refund", booked_on=context.today(), postings=[posting])
    await conn.execute(update(refund).where(refund.c.id == refund_id).values(paid_ref=reference.strip()[:80]))
    await _mark(conn, context, refund_id, "done")
    await trail.note(conn, context, actor, "refund.paid", f"refund:{refund_id}", reference=reference.strip()[:80])


async def of_receipt(conn: AsyncConnection, receipt_id: int) -> Sequence[AnyRow]:
    """The refunds of a receipt, the latest first."""
    query = select(refund).where(refund.c.receipt_id == receipt_id).order_by(refund.c.id.desc())
    return (await conn.execute(query)).all()


async def held(conn: AsyncConnection, refund_id: int) -> Row[Any]:
    """The refund, its row held."""
    return (await conn.execute(select(refund).where(refund.c.id == refund_id).with_for_update())).one()


async def _mark(conn: AsyncConnection, context: Context, refund_id: int, state: str) -> None:
    await conn.execute(
        update(refund).where(refund.c.id == refund_id).values(state=state, settled_at=context.clock.now())
    )
