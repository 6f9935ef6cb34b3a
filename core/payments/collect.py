"""Collecting under mandates on the planned bank day: what is open and undisputed at that moment, one live attempt per invoice.

The attempt is written down before the provider is called. Killed in between, it is asked about; proven never to have arrived, the
collection is due again; in doubt it stays unknown. A bill being paid in another way at that moment waits for the next tick.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.db import failpoints
from core.db.engine import insert as insert_new
from core.facts import NONE, Facts
from core.payments import health, outcome, poll, queries, schemes, store
from core.payments.model import LOOKS
from core.payments.providers import callback_url
from core.payments.providers.contract import Begun, Declined, Queried, Started, StartRequest, Unanswered, Unreached
from core.payments.tables import attempt, collection, mandate, payment_request

AT_ONCE, SIDE_BY_SIDE = 500, 8


@dataclass(frozen=True, slots=True)
class _Asking:
    """A debit that is written down and about to be asked for."""

    provider: str
    attempt_id: int
    wanted: StartRequest


async def collect_due(app: App, on: date) -> Counter[str]:
    """Ask for every collection planned for `on` or before; how many were asked, failed, dropped, left for later or unknown."""
    told: Counter[str] = Counter()
    after, gate = 0, asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(collection_id: int) -> str:
        async with gate:
            return await _collect(app, collection_id)

    while batch := await _due(app, on, after):
        told.update(await asyncio.gather(*(one(collection_id) for collection_id in batch)))
        after = batch[-1]
    return told


async def _due(app: App, on: date, after: int) -> list[int]:
    early = [
        and_(mandate.c.provider == name, collection.c.collect_on <= schemes.hand_in_until(app, name, on))
        for name in schemes.EARLY
    ]
    query = (
        select(collection.c.id)
        .join_from(collection, mandate, collection.c.mandate_id == mandate.c.id)
        .where(collection.c.state == "planned", collection.c.id > after, or_(collection.c.collect_on <= on, *early))
        .order_by(collection.c.id)
        .limit(AT_ONCE)
    )
    async with app.db.reading() as conn:
        return list((await conn.execute(query)).scalars())


async def _collect(app: App, collection_id: int) -> str:
    async with app.db.writing() as conn:
        asking = await _start(conn, app, collection_id)
    if isinstance(asking, str):
        return asking
    failpoints.point("payments.debit_written")
    said = await health.start(app, asking.provider, asking.wanted)
    failpoints.point("payments.debited")
    async with app.db.writing() as conn:
        state, facts = await _finish(conn, app, asking.attempt_id, said)
        await app.happened(conn, facts)
        return state


async def _start(conn: AsyncConnection, app: App, collection_id: int) -> _Asking | str:
    """Write the attempt down; or say why there is none."""
    query = select(collection).where(collection.c.id == collection_id)
    account_id = (await conn.execute(query)).one().account_id
    await store.hold_account(conn, account_id)
    plan = (await conn.execute(query.with_for_update())).one()
    if plan.state != "planned":
        return "settled"
    leave = (await conn.execute(select(mandate).where(mandate.c.id == plan.mandate_id))).one()
    debts = await queries.debts(conn, account_id, invoice_id=plan.invoice_id)
    if leave.state != "active" or not debts:
        await _mark(conn, collection_id, "dropped")
        return "dropped"
    amount = debts[0].payable_minor
    if not amount or await queries.live_attempts(conn, account_id, ("card", "mobile_push", "direct_debit")):
        return "left"
    return await _write(conn, app, plan, leave, amount)


async def _write(
    conn: AsyncConnection,
    app: App,
    plan: Row[Any],
    leave: Row[Any],
    amount: int,
) -> _Asking:
    facts = await queries.account_facts(conn, plan.account_id)
    if facts is None:
        raise LookupError(f"collection {plan.id} has no account")
    soonest = schemes.hand_in_until(app, leave.provider, app.today())
    now, request_id, attempt_id = app.clock.now(), *app.ids.take_many(2)
    key = f"collection:{plan.invoice_id}"
    row = {
        "id": request_id,
        "key": key,
        "kind": "collection",
        "account_id": plan.account_id,
        "invoice_id": plan.invoice_id,
        "currency": facts.currency,
        "state": "open",
        "created_at": now,
    }
    await conn.execute(insert_new(conn, payment_request).values(row).on_conflict_do_nothing(index_elements=["key"]))
    request_id = (await conn.execute(select(payment_request.c.id).where(payment_request.c.key == key))).scalar_one()
    tries = select(func.count()).select_from(attempt).where(attempt.c.request_id == request_id)
    key = f"{key}:{(await conn.execute(tries)).scalar_one() + 1}"
    await conn.execute(
        insert(attempt).values(
            id=attempt_id,
            key=key,
            request_id=request_id,
            account_id=plan.account_id,
            provider=leave.provider,
            method="direct_debit",
            amount_minor=amount,
            currency=facts.currency,
            state="sent",
            mandate_id=leave.id,
            polls=0,
            created_at=now,
            poll_at=now + LOOKS[0],
        )
    )
    await _mark(conn, plan.id, "asked", request_id=request_id)
    await conn.execute(update(mandate).where(mandate.c.id == leave.id).values(used_on=app.today()))
    wanted = StartRequest(
        method="direct_debit",
        key=key,
        attempt_id=attempt_id,
        amount_minor=amount,
        currency=facts.currency,
        reference=facts.number,
        description=app.operator.short_name,
        callback_url=callback_url(app, leave.provider),
        mandate_ref=leave.provider_ref or leave.reference,
        language=facts.language,
        collect_on=plan.collect_on if plan.collect_on >= soonest else None,
    )
    return _Asking(leave.provider, attempt_id, wanted)


async def _mark(conn: AsyncConnection, collection_id: int, state: str, **more: int) -> None:
    await conn.execute(update(collection).where(collection.c.id == collection_id).values(state=state, **more))


async def _finish(conn: AsyncConnection, context: Context, attempt_id: int, said: Started) -> tuple[str, Facts]:
    tried = await poll.held(conn, attempt_id)
    match said:
        case Begun():
            return "asked", await outcome.settle(conn, context, tried, Queried("awaiting_customer", said.provider_ref))
        case Declined():
            return "failed", await outcome.settle(conn, context, tried, Queried("failed", reason=said.reason))
        case Unreached():
            return "left", await outcome.settle(conn, context, tried, Queried("missing"))
        case Unanswered():
            await outcome.unsure(conn, context, tried, said)
            return "unknown", NONE
