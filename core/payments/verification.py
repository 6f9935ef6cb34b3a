"""What is unsigned is proven by asking: large paybill payments before they are credited, refunds whose outcome nobody knows.
Anyone who learnt the address could write such a note.

The proof is what Safaricom answers to a question of ours: a status query by the transaction's number (its result is only believed under
the conversation we were given), or the pull of transactions, whose answers replace the note (`pull.py`).
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.context import App, Context
from core.outcome import CALLED_BACK, NOTHING_TO_ASK_BY, Unknown
from core.payments import ceiling, health, outcome
from core.payments.model import Attempt
from core.payments.providers import callback_url, daraja
from core.payments.providers.contract import Begun, ProviderEventIn, Told
from core.payments.tables import transaction_query

AGAIN = timedelta(minutes=15)
"""A status query without a result is asked again after so long."""


def small(context: Context, event: ProviderEventIn) -> bool:
    """Whether so little may be credited on a note alone, below the ceiling of the day."""
    limit = money.parse(context.operator.payments.confirm_above, context.currency)
    return event.currency == context.currency and (event.amount_minor or 0) <= limit


async def proven(app: App, provider: str, event: ProviderEventIn) -> bool:
    """Whether an unsigned note may be credited now; else the question about it has been asked."""
    async with app.db.writing() as conn:
        if await ceiling.within(conn, app, provider, event, small=small(app, event)):
            return True
    query = select(transaction_query).where(
        transaction_query.c.provider == provider, transaction_query.c.txn == event.txn
    )
    async with app.db.reading() as conn:
        asked = (await conn.execute(query.order_by(transaction_query.c.asked_at))).all()
    if any(row.state == "proven" and row.amount_minor == event.amount_minor for row in asked):
        return True
    if not asked or app.clock.now() - asked[-1].asked_at >= AGAIN:
        await _ask(app, provider, event.txn or "")
    async with app.db.writing() as conn:
        await ceiling.ask_a_person(conn, app, provider, event)
    return False


async def _ask(app: App, provider: str, txn: str) -> None:
    mpesa = daraja.opened(app)
    if provider != mpesa.name or not mpesa.initiator:
        return
    said = await mpesa.ask_status(txn, callback_url(app, provider))
    if not isinstance(said, Begun):
        return
    async with app.db.writing() as conn:
        await _remember(conn, app, said.provider_ref, provider, txn)


async def ask_about(app: App, tried: Attempt) -> Told:
    """Ask what became of an attempt; an answer that is called back later is waited for, and not asked for again meanwhile."""
    query = select(transaction_query.c.asked_at).where(
        transaction_query.c.attempt_id == tried.id,
        transaction_query.c.state == "asked",
        transaction_query.c.asked_at > app.clock.now() - AGAIN,
    )
    async with app.db.reading() as conn:
        waits = (await conn.execute(query.limit(1))).first()
    if waits:
        return Unknown("asked before, the answer is called back", NOTHING_TO_ASK_BY)
    said = await health.query(app, tried.provider, outcome.asked(tried))
    if isinstance(said, Unknown) and said.code == CALLED_BACK and said.ref:
        async with app.db.writing() as conn:
            await _remember(conn, app, said.ref, tried.provider, tried.key, attempt_id=tried.id)
    return said


async def _remember(
    conn: AsyncConnection, context: Context, conversation: str, provider: str, txn: str, attempt_id: int | None = None
) -> None:
    row = {
        "conversation": conversation,
        "provider": provider,
        "txn": txn,
        "attempt_id": attempt_id,
        "state": "asked",
        "asked_at": context.clock.now(),
    }
    await conn.execute(insert(transaction_query).values(row))


async def told(conn: AsyncConnection, provider: str, event: ProviderEventIn) -> Row[Any] | None:
    """The result of a status query: the question it answers; None when we asked no such thing (then nothing is believed)."""
    question = (
        (transaction_query.c.conversation == event.provider_ref)
        & (transaction_query.c.provider == provider)
        & (transaction_query.c.state == "asked")
        & or_(transaction_query.c.txn == event.txn, transaction_query.c.attempt_id.is_not(None))
    )
    found = (await conn.execute(select(transaction_query).where(question).with_for_update())).first()
    if found:
        said = update(transaction_query).where(question)
        await conn.execute(said.values(state=event.state, amount_minor=event.amount_minor))
    return found
