"""Large paybill payments are proven before they are credited, because their notes are unsigned: anyone who learnt the address could
write one.

The proof is what Safaricom answers to a question of ours: a status query by the transaction's number (its result is only believed under
the conversation we were given), or the pull of transactions, whose answers replace the note (`pull.py`).
"""

from datetime import timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.house import House
from core.payments.providers import callback_url, daraja
from core.payments.providers.contract import Begun, ProviderEventIn
from core.payments.tables import transaction_query

AGAIN = timedelta(minutes=15)
"""A status query without a result is asked again after so long."""


def small(house: House, event: ProviderEventIn) -> bool:
    """Whether so little may be credited on a note alone."""
    limit = money.parse(house.operator.payments.confirm_above, house.currency)
    return event.currency == house.currency and (event.amount_minor or 0) <= limit


async def proven(house: House, provider: str, event: ProviderEventIn) -> bool:
    """Whether an unsigned note may be credited now; else the question about it has been asked."""
    if small(house, event):
        return True
    query = select(transaction_query).where(
        transaction_query.c.provider == provider, transaction_query.c.txn == event.txn
    )
    async with house.db.reading() as conn:
        asked = (await conn.execute(query.order_by(transaction_query.c.asked_at))).all()
    if any(row.state == "proven" and row.amount_minor == event.amount_minor for row in asked):
        return True
    if not asked or house.clock.now() - asked[-1].asked_at >= AGAIN:
        await _ask(house, provider, event.txn or "")
    return False


async def _ask(house: House, provider: str, txn: str) -> None:
    mpesa = daraja.opened(house)
    if provider != mpesa.name or not mpesa.initiator:
        return
    said = await mpesa.ask_status(txn, callback_url(house, provider))
    if not isinstance(said, Begun):
        return
    row = {
        "conversation": said.provider_ref, "provider": provider, "txn": txn, "state": "asked",
        "asked_at": house.clock.now(),
    }  # fmt: skip
    async with house.db.writing() as conn:
        await conn.execute(insert(transaction_query).values(row))


async def told(conn: AsyncConnection, house: House, provider: str, event: ProviderEventIn) -> bool:
    """The result of a status query; False when we asked no such thing (then nothing is believed)."""
    said = update(transaction_query).where(
        transaction_query.c.conversation == event.provider_ref, transaction_query.c.provider == provider,
        transaction_query.c.txn == event.txn, transaction_query.c.state == "asked",
    )  # fmt: skip
    changed = await conn.execute(said.values(state=event.state, amount_minor=event.amount_minor))
    return changed.rowcount == 1
