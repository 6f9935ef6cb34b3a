"""Payments that a cardholder's bank disputes: until when evidence is taken, whether some was given, and who won.

The money itself moves by its own events (taken back, come back), whenever the provider moves it; this is what a clerk has to know in
time. Events come twice and in any order: a dispute only ever goes forward.
"""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.engine import insert
from core.payments.providers.contract import ProviderEventIn
from core.payments.tables import chargeback

ORDER = ("open", "answered", "won", "lost")
OVER = ("won", "lost")


def forward(before: str, now: str) -> str:
    """What a dispute has become; one that is over stays what it is. Pure."""
    return before if before in OVER else max(before, now, key=ORDER.index)


async def told(conn: AsyncConnection, context: Context, provider: str, receipt_id: int, event: ProviderEventIn) -> bool:
    """Keep what a provider says of a dispute; False for a state we do not know."""
    if event.state not in ORDER:
        return False
    now = context.clock.now()
    row = {
        "id": context.ids.take(),
        "provider": provider,
        "ref": event.provider_ref,
        "receipt_id": receipt_id,
        "amount_minor": event.amount_minor or 0,
        "currency": event.currency,
        "reason": event.reason or "disputed",
        "state": "open",
        "due_at": event.due_at,
        "opened_at": event.at or now,
    }
    known = insert(conn, chargeback).values(row).on_conflict_do_nothing(index_elements=["provider", "ref"])
    await conn.execute(known)
    which = (chargeback.c.provider == provider) & (chargeback.c.ref == event.provider_ref)
    before = (await conn.execute(select(chargeback.c.state, chargeback.c.due_at).where(which).with_for_update())).one()
    state = forward(before.state, event.state)
    settled = {"settled_at": event.at or now} if state in OVER and before.state not in OVER else {}
    await conn.execute(
        update(chargeback).where(which).values(state=state, due_at=event.due_at or before.due_at, **settled)
    )
    return True
