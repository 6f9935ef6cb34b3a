"""How much is credited on unsigned notes without proof: so much an account and so much in all, a day.

A small note is credited at once because its payer stands in a shop and waits. Whoever learnt the address could write many small ones:
above the ceiling each waits for proof (the status query, or the pull), and when none has come for a while, for a person. It is kept
while it waits, and nothing of it is lost.
"""

from datetime import timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.approvals.model import Approval
from core.audit import trail
from core.context import Context
from core.db.engine import insert as insert_new
from core.errors import Refused
from core.payments import queries
from core.payments.providers.contract import ProviderEventIn
from core.payments.tables import transaction_query, unproven_day, unproven_note

CREDITED, WAITING = "credited", "waiting"
PATIENCE = timedelta(minutes=30)
"""So long proof is waited for (a pull comes every quarter of an hour) before a person is asked."""
DAYS = 14


async def within(
    conn: AsyncConnection, context: Context, provider: str, event: ProviderEventIn, *, small: bool
) -> bool:
    """Whether this note may be credited without proof; told again it has the same answer. What may not waits from now on."""
    today = context.today()
    await conn.execute(insert_new(conn, unproven_day).values(day=today).on_conflict_do_nothing())
    await conn.execute(select(unproven_day).where(unproven_day.c.day == today).with_for_update())
    same = (unproven_note.c.provider == provider) & (unproven_note.c.txn == (event.txn or ""))
    known = (await conn.execute(select(unproven_note.c.state, unproven_note.c.amount_minor).where(same))).first()
    if known is not None:
        return bool(known.state == CREDITED and known.amount_minor == event.amount_minor)
    account_id = await queries.account_meant(conn, event.reference)
    fits = small and await _fits(conn, context, account_id, event.amount_minor or 0)
    row = {
        "provider": provider,
        "txn": event.txn or "",
        "day": today,
        "account_id": account_id,
        "amount_minor": event.amount_minor or 0,
        "state": CREDITED if fits else WAITING,
        "at": context.clock.now(),
    }
    await conn.execute(insert(unproven_note).values(row))
    if small and not fits:
        await trail.note(conn, context, f"provider:{provider}", "note.above_ceiling", f"note:{event.txn}")
    return fits


async def _fits(conn: AsyncConnection, context: Context, account_id: int | None, minor: int) -> bool:
    limits, note = context.operator.payments, unproven_note.c
    whose = note.account_id.is_(None) if account_id is None else note.account_id == account_id
    today = (note.day == context.today()) & (note.state == CREDITED)
    total = func.coalesce(func.sum(note.amount_minor), 0)
    of_account = int((await conn.execute(select(total).where(today, whose))).scalar_one())
    of_house = int((await conn.execute(select(total).where(today))).scalar_one())
    return of_account + minor <= money.parse(limits.unproven_account_day, context.currency) and (
        of_house + minor <= money.parse(limits.unproven_house_day, context.currency)
    )


async def ask_a_person(conn: AsyncConnection, context: Context, provider: str, event: ProviderEventIn) -> None:
    """Nobody has proven it for a while: it stands among the approvals, once."""
    same = (unproven_note.c.provider == provider) & (unproven_note.c.txn == (event.txn or ""))
    row = (await conn.execute(select(unproven_note).where(same, unproven_note.c.state == WAITING))).first()
    if row is None or context.clock.now() - row.at < PATIENCE:
        return
    await conn.execute(update(unproven_note).where(same).values(state="asked"))
    branch = await queries.branch_of(conn, row.account_id) if row.account_id else None
    payload = {
        "provider": provider,
        "txn": row.txn,
        "amount": money.plain(row.amount_minor, context.currency),
        "currency": context.currency,
        "typed": event.reference,
        "payer": event.payer,
    }
    await approvals.ask(
        conn,
        context,
        kind="paybill_note",
        subject=f"note:{row.txn}",
        payload=payload,
        maker=f"provider:{provider}",
        branch_id=branch,
        days=DAYS,
    )


async def believed(conn: AsyncConnection, context: Context, found: Approval) -> None:
    """A person looked it up at the provider and says that the money is there: it is credited when it is taken up again."""
    told = found.payload
    row = {
        "conversation": f"approval:{found.id}",
        "provider": str(told["provider"]),
        "txn": str(told["txn"]),
        "state": "proven",
        "amount_minor": money.parse(str(told["amount"]), str(told["currency"])),
        "asked_at": context.clock.now(),
    }
    if str(told["currency"]) != context.currency:
        raise Refused("approvals.other_now")
    await conn.execute(insert(transaction_query).values(row))
