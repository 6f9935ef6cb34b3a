"""Cards on file: the provider's token for a card, kept on the mandate she gave for it, known by brand, last figures and last day.

Never a number of a card. A card that the provider renews (an account updater) keeps its mandate; of one that she removes nothing is
collected from that moment, the provider is told to forget it, and then its token is gone here too.
"""

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.errors import Refused
from core.outbox import queue
from core.outbox.queue import OutboxRow, Outcome
from core.payments import mandates
from core.payments.providers import named
from core.payments.providers.contract import Declined, Forgets, Saved, Unanswered, Unreached
from core.payments.tables import mandate

LONGEST = 60
"""Letters of what its owner recognises."""


async def keep(conn: AsyncConnection, context: Context, provider: str, reference: str, saved: Saved) -> None:
    """The card that was paid with to give the mandate `reference`: active from now on, or failed where it cannot be charged again."""
    found = await _of(conn, mandate.c.reference == reference, provider)
    if found is None or found.state != "pending":
        return
    actor = f"provider:{provider}"
    if not saved.reusable or (saved.expires_on and saved.expires_on < context.today()):
        await mandates.cancel(conn, context, reference, actor=actor, state="failed")
        return
    await _write(conn, found.id, saved)
    await mandates.activate(conn, context, reference, actor=actor)


async def renewed(conn: AsyncConnection, provider: str, saved: Saved) -> bool:
    """The provider knows more of a card on file, or its bank replaced it; False when we keep no such token."""
    found = await _of(conn, mandate.c.provider_ref == saved.token, provider)
    if found is None:
        return False
    await _write(conn, found.id, saved)
    return True


async def remove(conn: AsyncConnection, context: Context, account_id: int, *, actor: str) -> None:
    """She wants it collected no more: the mandate of the account ends. `Refused` when there is none."""
    found = (await mandates.active_for(conn, [account_id])).get(account_id)
    if found is None:
        raise Refused("payments.mandate.over", status=404, reference="")
    await end(conn, context, found.reference, actor=actor)


async def end(conn: AsyncConnection, context: Context, reference: str, *, actor: str) -> None:
    """We (she or a clerk) end a mandate, and its provider forgets it (`forget`). What a provider ended itself is not told to it."""
    await mandates.cancel(conn, context, reference, actor=actor)
    ended = await conn.execute(select(mandate.c.id, mandate.c.account_id).where(mandate.c.reference == reference))
    mandate_id, account_id = ended.one()
    await queue.enqueue(
        conn,
        context,
        key=f"forget:{mandate_id}",
        kind="forget",
        template="payments.forget",
        account_id=account_id,
        subject_id=mandate_id,
    )


async def forget(app: App, leaving: OutboxRow) -> Outcome:
    """The provider forgets it: what the dispatcher does with outbox rows of kind `forget`. Told twice it is forgotten once."""
    which = mandate.c.id == (leaving.subject_id or 0)
    query = select(mandate.c.provider, mandate.c.provider_ref).where(which, mandate.c.state.in_(mandates.ENDED))
    async with app.db.reading() as conn:
        found = (await conn.execute(query)).first()
    if found is None or found.provider_ref is None:
        return Outcome(leaving.id, "dropped", reason="forgotten before", attempts=leaving.attempts)
    there = named(app, found.provider)
    said = await there.forget(found.provider_ref, leaving.key) if isinstance(there, Forgets) else Declined("no_mandate")
    if isinstance(said, Unreached | Unanswered):
        return Outcome(leaving.id, "waiting", reason=said.why, attempts=leaving.attempts)
    async with app.db.writing() as conn:
        await conn.execute(update(mandate).where(which).values(provider_ref=None))
    return Outcome(leaving.id, "sent", attempts=leaving.attempts)


async def _write(conn: AsyncConnection, mandate_id: int, saved: Saved) -> None:
    known = {"masked": saved.masked[:LONGEST], "expires_on": saved.expires_on}
    values = {"provider_ref": saved.token, **{name: value for name, value in known.items() if value}}
    await conn.execute(update(mandate).where(mandate.c.id == mandate_id).values(values))


async def _of(conn: AsyncConnection, which: ColumnElement[bool], provider: str) -> Row[int, str] | None:
    query = select(mandate.c.id, mandate.c.state).where(which, mandate.c.provider == provider)
    return (await conn.execute(query.with_for_update())).first()
