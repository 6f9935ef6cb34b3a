"""From a paylink to the provider's own page: written down, then asked for, then she is sent there. Never a card field of ours.

Two tabs, or two links for the same debt, lead to one live attempt and so to one charge: the second is sent where the first was.
If the provider's answer was lost it is asked what became of it, and either its page is found again or it surely never heard us.
"""

import asyncio

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.db import failpoints
from core.errors import Refused
from core.facts import NONE, Facts
from core.payments import health, outcome, poll, queries, request, store
from core.payments.model import LOOKS, Attempt, LinkView
from core.payments.providers import callback_url
from core.payments.providers.contract import (
    Begun,
    Declined,
    Queried,
    Started,
    StartRequest,
    Unanswered,
    Unreached,
)
from core.payments.tables import attempt, payment_request

PATIENCE = 25
"""How many times, a fifth of a second apart, the second tab looks for where the first is being sent."""


async def start(app: App, token: str) -> str:
    """The address of the provider's page for this link; `Refused` when the link is not open or the provider is away."""
    async with app.db.writing() as conn:
        tried, wanted = await _claim(conn, app, token)
    if wanted is None:
        return await _join(app, token, tried)
    failpoints.point("payments.redirect_written")
    said = await health.start(app, tried.provider, wanted)
    failpoints.point("payments.redirect_made")
    async with app.db.writing() as conn:
        await app.happened(conn, await _finish(conn, app, await poll.held(conn, tried.id), said))
    if isinstance(said, Begun) and said.url:
        return said.url
    raise Refused("payments.link.later", status=503)


async def back(app: App, token: str) -> str | None:
    """She is back from the provider's page, perhaps before its callback: ask at once; why it failed, if her last try did."""
    query = (
        select(attempt.c.id)
        .join_from(attempt, payment_request, attempt.c.request_id == payment_request.c.id)
        .where(payment_request.c.token == token)
        .order_by(attempt.c.id.desc())
        .limit(1)
    )
    async with app.db.reading() as conn:
        attempt_id = (await conn.execute(query)).scalar_one_or_none()
    if attempt_id is None:
        return None
    await poll.look(app, attempt_id)
    tried = await _again(app, attempt_id)
    return tried.reason if tried.state in ("failed", "expired") else None


async def _claim(conn: AsyncConnection, app: App, token: str) -> tuple[Attempt, StartRequest | None]:
    """The one live attempt of this debt: another tab's (no Wanted), or a new one, written down as sent."""
    view = await request.link(conn, app, token)
    if view is None:
        raise Refused("payments.link.unknown", status=404)
    await store.hold_account(conn, view.account_id)
    view = await request.link(conn, app, token)
    if view is None or view.state != "open":
        raise Refused(f"payments.link.{view.state if view else 'unknown'}", status=410)
    for tried in await queries.live_attempts(conn, view.account_id, ("card",)):
        if (await queries.request_of(conn, tried.request_id)).invoice_id == view.invoice_id:
            return tried, None
    return await _write(conn, app, token, view)


async def _write(conn: AsyncConnection, app: App, token: str, view: LinkView) -> tuple[Attempt, StartRequest]:
    facts = await queries.account_facts(conn, view.account_id)
    if facts is None:
        raise LookupError(f"request {view.request_id} has no account")
    now, attempt_id = app.clock.now(), app.ids.take()
    provider = app.operator.payments.paylink
    key = f"link:{attempt_id}"
    await conn.execute(
        insert(attempt).values(
            id=attempt_id,
            key=key,
            request_id=view.request_id,
            account_id=view.account_id,
            provider=provider,
            method="card",
            amount_minor=view.amount_minor,
            currency=view.currency,
            state="sent",
            polls=0,
            created_at=now,
            poll_at=now + LOOKS[0],
        )
    )
    wanted = StartRequest(
        method="card",
        key=key,
        attempt_id=attempt_id,
        amount_minor=view.amount_minor,
        currency=view.currency,
        reference=facts.number,
        description=app.operator.short_name,
        callback_url=callback_url(app, provider),
        return_url=f"{app.site.public_url}/p/{token}?back",
        language=facts.language,
    )
    return await poll.held(conn, attempt_id), wanted


async def _finish(conn: AsyncConnection, context: Context, tried: Attempt, said: Started) -> Facts:
    match said:
        case Begun():
            ready = Queried("awaiting_customer", said.provider_ref, redirect_url=said.url)
            return await outcome.settle(conn, context, tried, ready)
        case Declined() | Unreached():
            return await outcome.settle(conn, context, tried, Queried("missing"))
        case Unanswered():
            await outcome.unsure(conn, context, tried, said)
            return NONE


async def _join(app: App, token: str, tried: Attempt) -> str:
    """Where the live attempt leads: at once, or when the tab that made it has its answer, or by asking what became of it."""
    for _ in range(PATIENCE):
        if tried.redirect_url and tried.live:
            return tried.redirect_url
        if tried.state != "sent":
            break
        await asyncio.sleep(0.2)
        tried = await _again(app, tried.id)
    await poll.look(app, tried.id)
    tried = await _again(app, tried.id)
    if tried.redirect_url and tried.live:
        return tried.redirect_url
    raise Refused("payments.link.later", status=503)


async def _again(app: App, attempt_id: int) -> Attempt:
    async with app.db.reading() as conn:
        return await poll.held(conn, attempt_id, lock=False)
