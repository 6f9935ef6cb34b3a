"""What a provider's word about a refund does: given, the money leaves its cash; failed, it is the customer's again.

Where less was given than was asked for, so much has left, and the rest is the customer's again.

A refund that fails after all (weeks later, a closed card) puts its bills right once more: what it took off them it pays again.
"""

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.ledger import reverse as ledger
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.payments import allocate, reverse, store
from core.payments.model import FIRST_LOOK, LOOKS, Attempt
from core.payments.providers.contract import Queried
from core.payments.tables import refund


async def settle(conn: AsyncConnection, context: Context, tried: Attempt, said: Queried) -> None:
    """Make true what the provider said of a refund whose attempt is held."""
    now, ref = context.clock.now(), said.provider_ref or tried.provider_ref
    if said.state == "succeeded" and tried.state != "succeeded":
        if said.amount_minor is not None and said.amount_minor <= 0:
            return
        await _given(conn, context, tried, said.amount_minor)
        await store.change_attempt(conn, tried.id, state="succeeded", provider_ref=ref, poll_at=None, settled_at=now)
    elif said.state == "awaiting_customer" and tried.live:
        first = tried.state != "awaiting_customer"
        wait = FIRST_LOOK if first else LOOKS.after(tried.polls)
        await store.change_attempt(
            conn,
            tried.id,
            state="awaiting_customer",
            provider_ref=ref,
            polls=0 if first else tried.polls + 1,
            poll_at=now + wait,
        )
    elif said.state in ("failed", "expired", "missing") and tried.state != "failed":
        await _failed(conn, context, tried)
        why = "never_arrived" if said.state == "missing" else said.reason or "declined"
        await store.change_attempt(
            conn, tried.id, state="failed", provider_ref=ref, reason=why, poll_at=None, settled_at=now
        )


async def _given(conn: AsyncConnection, context: Context, tried: Attempt, told: int | None) -> None:
    wanted = (await conn.execute(select(refund).where(refund.c.attempt_id == tried.id).with_for_update())).one()
    if wanted.state == "failed":
        raise RuntimeError(f"refund {wanted.id} was given after it had failed: a person has to look at it")
    given = wanted.amount_minor if told is None else min(told, wanted.amount_minor)
    posting = Posting(Book(f"cash:{tried.provider}"), Book("refunds"), given, wanted.currency, "refund")
    await post(conn, context, key=f"refunded:{wanted.id}", kind="refund", booked_on=context.today(), postings=[posting])
    if given < wanted.amount_minor:
        await _rest_back(conn, context, wanted, wanted.amount_minor - given)
    done = {"state": "done", "amount_minor": given, "settled_at": context.clock.now()}
    await conn.execute(update(refund).where(refund.c.id == wanted.id).values(done))


async def _rest_back(conn: AsyncConnection, context: Context, wanted: Row[Any], rest: int) -> None:
    """What was set aside and not given: it pays bills again."""
    posting = Posting(receivable(wanted.account_id), Book("refunds"), rest, wanted.currency, "refund")
    await post(
        conn, context, key=f"refund:{wanted.id}:short", kind="refund", booked_on=context.today(), postings=[posting]
    )
    await _whole_again(conn, context, wanted, rest, f"refund:{wanted.id}:short")


async def _whole_again(conn: AsyncConnection, context: Context, wanted: Row[Any], minor: int, key: str) -> None:
    """So much of the receipt is not refunded after all."""
    taken = await reverse.held(conn, wanted.receipt_id)
    await reverse.noted(
        conn, context, taken.id, key=key, kind="refund_failed", amount_minor=-minor, reason="refund failed"
    )
    await store.change_receipt(conn, taken.id, state="placed", reversed_minor=taken.reversed_minor - minor)
    await allocate.receipt(conn, context, taken.id)


async def _failed(conn: AsyncConnection, context: Context, tried: Attempt) -> None:
    """Everything back as it was: the postings turned round, the receipt whole, its money on the bills again."""
    wanted = (await conn.execute(select(refund).where(refund.c.attempt_id == tried.id).with_for_update())).one()
    if wanted.state == "failed":
        return
    posted = [f"refund:{wanted.id}"]
    if wanted.state == "done":
        posted = [f"refunded:{wanted.id}", *posted]
    if wanted.amount_minor < tried.amount_minor:
        posted.append(f"refund:{wanted.id}:short")
    for key in posted:
        await ledger.reverse(conn, context, key=key, booked_on=context.today(), why="refund failed")
    await _whole_again(conn, context, wanted, wanted.amount_minor, f"refund:{wanted.id}:failed")
    await conn.execute(
        update(refund).where(refund.c.id == wanted.id).values(state="failed", settled_at=context.clock.now())
    )
