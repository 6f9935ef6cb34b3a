"""A customer gives a mandate (or saves a card) on the provider's own page: written down as pending, then she is sent there.

What she did there is told by the provider's event; until then nothing is collected under it. Where a card is saved only by a payment, that
payment is an attempt like any other: known by the mandate's reference, polled, and the money is hers. Where she cannot be sent there at
once (a USSD screen, a chat) she gets an invitation: a link of ours, as long-lived as a paylink, whose button begins it.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.context import App, Context
from core.db import failpoints
from core.db.engine import insert
from core.errors import Refused
from core.facts import NONE, Facts
from core.payments import health, mandates, methods, outcome, poll, queries
from core.payments.model import LOOKS
from core.payments.providers import SAVES_BY_PAYING, callback_url, can
from core.payments.providers.contract import Begun, Queried, Started, StartRequest, Unanswered
from core.payments.tables import attempt, mandate, payment_request


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as it stands now. `masked`: what is collected from already, once she has given a mandate."""

    account_id: int
    state: Literal["open", "given", "expired", "not_offered"]
    language: str
    masked: str = ""


def offered(app: App) -> bool:
    """Whether the operator's provider of mandates has a page for them."""
    return can(app, app.operator.payments.mandates, "mandate")


async def offered_to(conn: AsyncConnection, app: App, account_id: int) -> bool:
    """Whether there is a page, and this account is offered it."""
    return offered(app) and "direct_debit" in await methods.of_account(conn, app, account_id)


async def invite(conn: AsyncConnection, app: App, account_id: int, *, key: str) -> str:
    """The address of an invitation; the same `key`, the same one."""
    facts = await queries.account_facts(conn, account_id)
    if facts is None:
        raise Refused("payments.account.unknown", status=404)
    if not offered(app):
        raise Refused("payments.mandate.no_page")
    await methods.insist(conn, app, account_id, "direct_debit")
    now = app.clock.now()
    row = {
        "id": app.ids.take(),
        "key": f"mandate:{key}",
        "kind": "mandate",
        "account_id": account_id,
        "currency": facts.currency,
        "token": secrets.token_urlsafe(16),
        "state": "open",
        "created_at": now,
        "expires_at": now + timedelta(days=app.operator.payments.paylink_days),
    }
    await conn.execute(insert(conn, payment_request).values(row).on_conflict_do_nothing(index_elements=["key"]))
    token = select(payment_request.c.token).where(payment_request.c.key == row["key"])
    return f"{app.site.public_url}/d/{(await conn.execute(token)).scalar_one()}"


async def invitation(conn: AsyncConnection, context: Context, token: str) -> Invitation | None:
    """The invitation of a token; None when it is nobody's."""
    query = select(payment_request.c.account_id, payment_request.c.expires_at)
    found = (
        await conn.execute(query.where(payment_request.c.token == token, payment_request.c.kind == "mandate"))
    ).first()
    if found is None:
        return None
    facts = await queries.account_facts(conn, found.account_id)
    language = facts.language if facts else "en"
    given = (await mandates.active_for(conn, [found.account_id])).get(found.account_id)
    if given is not None:
        return Invitation(found.account_id, "given", language, given.masked)
    if "direct_debit" not in await methods.of_account(conn, context, found.account_id):
        return Invitation(found.account_id, "not_offered", language)
    return Invitation(found.account_id, "expired" if found.expires_at <= context.clock.now() else "open", language)


async def start(app: App, account_id: int, *, actor: str) -> str:
    """The address of the page; `Refused` when the provider has none, or cannot be reached."""
    provider = app.operator.payments.mandates
    if not offered(app):
        raise Refused("payments.mandate.no_page")
    async with app.db.writing() as conn:
        facts = await queries.account_facts(conn, account_id)
        if facts is None:
            raise Refused("payments.account.unknown", status=404)
        reference = await mandates.create(conn, app, account_id, actor=actor, provider=provider)
        amount = money.parse(app.operator.payments.card_check, facts.currency) if provider in SAVES_BY_PAYING else 0
        attempt_id = await _write(conn, app, account_id, facts.currency, reference, amount) if amount else 0
    failpoints.point("payments.card_written")
    said = await health.start(
        app,
        provider,
        StartRequest(
            method="mandate",
            key=reference,
            attempt_id=attempt_id,
            amount_minor=amount,
            currency=facts.currency,
            reference=facts.number,
            description=app.operator.short_name,
            language=facts.language,
            callback_url=callback_url(app, provider),
            return_url=f"{app.site.public_url}/",
        ),
    )
    async with app.db.writing() as conn:
        if attempt_id:
            await app.happened(conn, await _settle(conn, app, attempt_id, said))
        if isinstance(said, Begun) and not amount:
            named_now = update(mandate).where(mandate.c.reference == reference, mandate.c.provider_ref.is_(None))
            await conn.execute(named_now.values(provider_ref=said.provider_ref))
    if not isinstance(said, Begun) or not said.url:
        raise Refused("payments.link.later", status=503)
    return said.url


async def _write(
    conn: AsyncConnection, context: Context, account_id: int, currency: str, reference: str, amount_minor: int
) -> int:
    """The payment that saves the card, written down as sent."""
    now, request_id, attempt_id = context.clock.now(), *context.ids.take_many(2)
    await conn.execute(
        insert(conn, payment_request).values(
            id=request_id,
            key=f"card:{reference}",
            kind="card",
            account_id=account_id,
            amount_minor=amount_minor,
            currency=currency,
            state="open",
            created_at=now,
        )
    )
    await conn.execute(
        insert(conn, attempt).values(
            id=attempt_id,
            key=reference,
            request_id=request_id,
            account_id=account_id,
            provider=context.operator.payments.mandates,
            method="card",
            amount_minor=amount_minor,
            currency=currency,
            state="sent",
            polls=0,
            created_at=now,
            poll_at=now + LOOKS[0],
        )
    )
    return attempt_id


async def _settle(conn: AsyncConnection, context: Context, attempt_id: int, said: Started) -> Facts:
    tried = await poll.held(conn, attempt_id)
    match said:
        case Begun():
            ready = Queried("awaiting_customer", said.provider_ref, redirect_url=said.url)
            return await outcome.settle(conn, context, tried, ready)
        case Unanswered():
            await outcome.unsure(conn, context, tried, said)
            return NONE
        case _:
            return await outcome.settle(conn, context, tried, Queried("missing"))
