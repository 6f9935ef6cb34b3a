"""What a provider's word about an attempt does, whichever way it came: its answer, its callback, a file, or our asking.

Success always counts, even of an attempt we had given up: money that arrived is money. Anything else only moves an attempt that
is still live, so words that come late or out of order change nothing that is settled.
"""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db import failpoints
from core.facts import NONE, Facts
from core.payments import cards, failed_debit, queries, receive, refund_outcome, request, store
from core.payments.facts import PaymentFailed, PaymentReceived
from core.payments.model import FIRST_LOOK, REASONS, Attempt, ReceiptIn, next_look
from core.payments.providers.contract import Queried, Silence, StatusQuery
from core.payments.tables import collection

NEVER_ARRIVED = "never_arrived"


def asked(tried: Attempt) -> StatusQuery:
    """The attempt as a provider is asked about it."""
    return StatusQuery(
        tried.method, tried.key, tried.provider_ref, tried.amount_minor, tried.currency, tried.created_at
    )


async def settle(conn: AsyncConnection, context: Context, tried: Attempt, said: Queried) -> Facts:
    """Make true what the provider said of an attempt whose row is held; what happened by it."""
    if tried.method == "refund":
        await refund_outcome.settle(conn, context, tried, said)
        return NONE
    if said.state == "succeeded":
        return await _succeeded(conn, context, tried, said)
    if not tried.live:
        return NONE
    if said.state == "awaiting_customer":
        await _awaiting(conn, context, tried, said)
        return NONE
    return await _failed(conn, context, tried, said)


async def _succeeded(conn: AsyncConnection, context: Context, tried: Attempt, said: Queried) -> Facts:
    """The money that came is kept, whatever was asked for; the request is paid when all of it has come."""
    came = tried.amount_minor if said.amount_minor is None else said.amount_minor
    if came <= 0:
        return NONE
    ours = said.currency in ("", tried.currency)
    got = ReceiptIn(
        provider=tried.provider,
        txn=said.txn,
        method=tried.method,
        amount_minor=came,
        currency=tried.currency if ours else said.currency,
        received_at=said.at or tried.created_at,
        payer=said.payer,
        attempt_id=tried.id if ours else None,
    )
    if not ours and not said.txn:
        return NONE
    taken = await receive.apply(conn, context, got)
    failpoints.point("payments.received")
    if ours:
        await _kept(conn, context, tried, said)
    if said.saved:
        await cards.keep(conn, context, tried.provider, tried.key, said.saved)
    return (PaymentReceived(taken.receipt_id),) if taken.placed_now else NONE


async def _kept(conn: AsyncConnection, context: Context, tried: Attempt, said: Queried) -> None:
    """The attempt is over. Where less came than was asked for, a link stays open with the rest, and a collection is over."""
    if tried.state != "succeeded":
        await store.change_attempt(
            conn,
            tried.id,
            state="succeeded",
            provider_ref=said.provider_ref or tried.provider_ref,
            reason=None,
            poll_at=None,
            settled_at=context.clock.now(),
        )
        await _collected(conn, tried, "done")
    if await queries.arrived(conn, tried.id) >= tried.amount_minor:
        await request.close(conn, tried.request_id, "paid")
    elif (await queries.request_of(conn, tried.request_id)).kind != "paylink":
        await request.close(conn, tried.request_id, "closed")


async def _awaiting(conn: AsyncConnection, context: Context, tried: Attempt, said: Queried) -> None:
    first = tried.state != "awaiting_customer"
    await store.change_attempt(
        conn,
        tried.id,
        state="awaiting_customer",
        provider_ref=said.provider_ref or tried.provider_ref,
        redirect_url=said.redirect_url or tried.redirect_url,
        polls=0 if first else tried.polls + 1,
        poll_at=context.clock.now() + (FIRST_LOOK if first else next_look(tried.polls)),
    )


async def _failed(conn: AsyncConnection, context: Context, tried: Attempt, said: Queried) -> Facts:
    missing = said.state == "missing"
    await store.change_attempt(
        conn,
        tried.id,
        state="failed" if missing else said.state,
        provider_ref=said.provider_ref or tried.provider_ref,
        poll_at=None,
        settled_at=context.clock.now(),
        reason=NEVER_ARRIVED if missing else _reason(said),
    )
    if missing and tried.method == "direct_debit":
        await _collected(conn, tried, "planned")
        return NONE
    if tried.method == "direct_debit":
        step = await failed_debit.fell_through(conn, context, tried, _reason(said))
        if not failed_debit.is_told(context, step):
            return NONE
    elif tried.method != "card":
        await request.close(conn, tried.request_id, "closed")
    return (PaymentFailed(tried.id),) if tried.method != "card" or said.state == "failed" else NONE


def _reason(said: Queried) -> str:
    if said.reason in REASONS:
        return said.reason
    return "expired" if said.state == "expired" else "declined"


async def _collected(conn: AsyncConnection, tried: Attempt, state: str) -> None:
    """Tell the plan of a direct debit; proven never to have arrived, it is simply due again."""
    if tried.method == "direct_debit":
        await conn.execute(update(collection).where(collection.c.request_id == tried.request_id).values(state=state))


async def unsure(conn: AsyncConnection, context: Context, tried: Attempt, why: Silence) -> None:
    """Nobody knows: the attempt is unknown, and is asked about later. It is never asked for again."""
    now = context.clock.now()
    early = tried.state == "unknown" and tried.poll_at is not None and tried.poll_at > now
    if tried.live and not early:
        await store.change_attempt(
            conn, tried.id, state="unknown", polls=tried.polls + 1, reason=why.why, poll_at=now + next_look(tried.polls)
        )
