"""A customer gives a mandate (or saves a card) on the provider's own page: written down as pending, then she is sent there.

What she did there is told by the provider's event; until then nothing is collected under it. Where a card is saved only by a payment, that
payment is an attempt like any other: known by the mandate's reference, polled, and the money is hers.
"""

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import faults, money
from core.errors import Refused
from core.house import House
from core.payments import mandates, outcome, poll, queries
from core.payments.model import LOOKS, NOTHING, Follow
from core.payments.providers import SAVES_BY_PAYING, callback_url, can, named
from core.payments.providers.contract import Begun, Queried, Started, Unanswered, Wanted
from core.payments.tables import attempt, mandate, payment_request


async def start(house: House, account_id: int, *, actor: str, then: Follow = NOTHING) -> str:
    """The address of the page; `Refused` when the provider has none, or cannot be reached."""
    provider = house.operator.payments.mandates
    if not can(house, provider, "mandate"):
        raise Refused("payments.mandate.no_page")
    async with house.db.writing() as conn:
        facts = await queries.account_facts(conn, account_id)
        if facts is None:
            raise Refused("payments.account.unknown", status=404)
        reference = await mandates.create(conn, house, account_id, actor=actor, provider=provider)
        amount = money.parse(house.operator.payments.card_check, facts.currency) if provider in SAVES_BY_PAYING else 0
        attempt_id = await _write(conn, house, account_id, facts.currency, reference, amount) if amount else 0
    faults.point("payments.card_written")
    said = await named(house, provider).start(
        Wanted(
            method="mandate", key=reference, attempt_id=attempt_id, amount_minor=amount, currency=facts.currency,
            reference=facts.number, description=house.operator.short_name, language=facts.language,
            callback_url=callback_url(house, provider), return_url=f"{house.settings.public_url.rstrip('/')}/",
        )
    )  # fmt: skip
    async with house.db.writing() as conn:
        if attempt_id:
            await _settle(conn, house, attempt_id, said, then)
        if isinstance(said, Begun) and not amount:
            named_now = update(mandate).where(mandate.c.reference == reference, mandate.c.provider_ref.is_(None))
            await conn.execute(named_now.values(provider_ref=said.provider_ref))
    if not isinstance(said, Begun) or not said.url:
        raise Refused("payments.link.later", status=503)
    return said.url


async def _write(
    conn: AsyncConnection, house: House, account_id: int, currency: str, reference: str, amount_minor: int
) -> int:
    """The payment that saves the card, written down as sent."""
    now, request_id, attempt_id = house.clock.now(), *house.ids.take_many(2)
    await conn.execute(
        insert(payment_request).values(
            id=request_id, key=f"card:{reference}", kind="card", account_id=account_id, amount_minor=amount_minor,
            currency=currency, state="open", created_at=now,
        )
    )  # fmt: skip
    await conn.execute(
        insert(attempt).values(
            id=attempt_id, key=reference, request_id=request_id, account_id=account_id,
            provider=house.operator.payments.mandates, method="card", amount_minor=amount_minor,
            currency=currency, state="sent", polls=0, created_at=now, poll_at=now + LOOKS[0],
        )
    )  # fmt: skip
    return attempt_id


async def _settle(conn: AsyncConnection, house: House, attempt_id: int, said: Started, then: Follow) -> None:
    tried = await poll.held(conn, attempt_id)
    match said:
        case Begun():
            ready = Queried("awaiting_customer", said.provider_ref, redirect_url=said.url)
            await outcome.settle(conn, house, tried, ready, then)
        case Unanswered():
            await outcome.unsure(conn, house, tried, said)
        case _:
            await outcome.settle(conn, house, tried, Queried("missing"), then)
