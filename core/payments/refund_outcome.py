"""What a provider's word about a refund does: given, the money leaves its cash; failed, it is the customer's again.

A refund that fails after all (weeks later, a closed card) puts its bills right once more: what it took off them it pays again.
"""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.house import House
from core.ledger import reverse as ledger
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.payments import allocate, reverse, store
from core.payments.model import FIRST_LOOK, Attempt, next_look
from core.payments.providers.contract import Queried
from core.payments.tables import refund


async def settle(conn: AsyncConnection, house: House, tried: Attempt, said: Queried) -> None:
    """Make true what the provider said of a refund whose attempt is held."""
    now, ref = house.clock.now(), said.provider_ref or tried.provider_ref
    if said.state == "succeeded" and tried.state != "succeeded":
        await _given(conn, house, tried)
        await store.change_attempt(conn, tried.id, state="succeeded", provider_ref=ref, poll_at=None, settled_at=now)
    elif said.state == "awaiting_customer" and tried.live:
        first = tried.state != "awaiting_customer"
        wait = FIRST_LOOK if first else next_look(tried.polls)
        await store.change_attempt(
            conn, tried.id, state="awaiting_customer", provider_ref=ref, polls=0 if first else tried.polls + 1,
            poll_at=now + wait,
        )  # fmt: skip
    elif said.state in ("failed", "expired", "missing") and tried.state != "failed":
        await _failed(conn, house, tried)
        why = "never_arrived" if said.state == "missing" else said.reason or "declined"
        await store.change_attempt(
            conn, tried.id, state="failed", provider_ref=ref, reason=why, poll_at=None, settled_at=now
        )


async def _given(conn: AsyncConnection, house: House, tried: Attempt) -> None:
    wanted = (await conn.execute(select(refund).where(refund.c.attempt_id == tried.id).with_for_update())).one()
    if wanted.state == "failed":
        raise RuntimeError(f"refund {wanted.id} was given after it had failed: a person has to look at it")
    cash = Book(f"cash:{tried.provider}")
    posting = Posting(cash, Book("refunds"), wanted.amount_minor, wanted.currency, "refund")
    await post(conn, house, key=f"refunded:{wanted.id}", kind="refund", booked_on=house.today(), postings=[posting])
    await conn.execute(
        update(refund).where(refund.c.id == wanted.id).values(state="done", settled_at=house.clock.now())
    )


async def _failed(conn: AsyncConnection, house: House, tried: Attempt) -> None:
    """Everything back as it was: the postings turned round, the receipt whole, its money on the bills again."""
    wanted = (await conn.execute(select(refund).where(refund.c.attempt_id == tried.id).with_for_update())).one()
    if wanted.state == "failed":
        return
    for key in (f"refunded:{wanted.id}", f"refund:{wanted.id}"):
        if key.startswith("refund:") or wanted.state == "done":
            await ledger.reverse(conn, house, key=key, booked_on=house.today(), why="refund failed")
    taken = await reverse.held(conn, wanted.receipt_id)
    await reverse.noted(
        conn, house, taken.id, key=f"refund:{wanted.id}:failed", kind="refund_failed",
        amount_minor=-wanted.amount_minor, reason="refund failed",
    )  # fmt: skip
    await store.change_receipt(
        conn, taken.id, state="placed", reversed_minor=taken.reversed_minor - wanted.amount_minor
    )
    await allocate.receipt(conn, house, taken.id)
    await conn.execute(
        update(refund).where(refund.c.id == wanted.id).values(state="failed", settled_at=house.clock.now())
    )
