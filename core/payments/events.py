"""What each kind of event does: an attempt settles, money arrives on its own, money goes back, a mandate changes.

An unsigned event is confirmed first: the provider is asked, outside any transaction, and its answer is what counts.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from core.house import House
from core.payments import mandates, outcome, queries, receive, reverse, store
from core.payments.model import Attempt, Follow, ReceiptIn
from core.payments.providers.contract import Asked, Provider, ProviderEventIn, Queried


class NotYet(Exception):
    """This event has to wait: what it speaks of, or who confirms it, is not here yet."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an event."""

    state: Literal["done", "ignored"] = "done"
    reason: str | None = None


async def confirmed(house: House, provider: Provider, event: ProviderEventIn) -> Queried | None:
    """What the provider says of it when asked; None for an event that needs no asking. Raises `NotYet` while it cannot be asked."""
    if event.verified_by != "query":
        return None
    async with house.db.reading() as conn:
        tried = await _tried(conn, provider.name, event)
    if tried and not tried.live and event.kind != "succeeded":
        return Queried("awaiting_customer")
    said = await provider.query(
        Asked(
            key=tried.key if tried else "", provider_ref=event.provider_ref, currency=event.currency,
            amount_minor=tried.amount_minor if tried else event.amount_minor or 0,
            created_at=tried.created_at if tried else house.clock.now(),
        )
    )  # fmt: skip
    if not isinstance(said, Queried):
        raise NotYet(f"{provider.name} could not be asked: {said.why}")
    if said.state == "awaiting_customer":
        raise NotYet(f"{provider.name} is still working on it")
    return said


async def effect(
    conn: AsyncConnection, house: House, provider: str, event: ProviderEventIn, said: Queried | None, *, then: Follow
) -> Done:
    """Make the event true inside the open transaction."""
    match event.kind:
        case "succeeded" | "failed" | "expired":
            return await _attempt(conn, house, provider, event, said, then=then)
        case "inbound":
            return await _inbound(conn, house, provider, event, then)
        case "reversed":
            return await _reversed(conn, house, provider, event, then)
        case "mandate":
            known = await mandates.moved(conn, house, provider, event.provider_ref or "", event.state or "")
            return Done() if known else Done("ignored", "no such mandate, or no such state")
        case "ignored":
            return Done("ignored", "a kind we do not know")


async def _tried(conn: AsyncConnection, provider: str, event: ProviderEventIn, lock: bool = False) -> Attempt | None:
    """The attempt an event speaks of: by our key, by the provider's reference, else by what our callback URL carried."""
    tried = None
    if event.attempt_key:
        tried = await queries.attempt_by(conn, key=event.attempt_key, lock=lock)
    elif event.provider_ref:
        tried = await queries.attempt_by(conn, provider=provider, provider_ref=event.provider_ref, lock=lock)
    if tried is None and event.attempt_id is not None:
        tried = await queries.attempt_by(conn, attempt_id=event.attempt_id, lock=lock)
        if tried and tried.provider_ref not in (None, event.provider_ref):
            return None
    return tried if tried and tried.provider == provider else None


async def _attempt(
    conn: AsyncConnection, house: House, provider: str, event: ProviderEventIn, said: Queried | None, *, then: Follow
) -> Done:
    tried = await _tried(conn, provider, event, lock=True)
    state = said.state if said else event.kind
    if state not in ("succeeded", "failed", "expired"):
        return Done("ignored", f"asked, {provider} says {state}")
    if tried and event.currency in ("", tried.currency):
        told = Queried(
            state=state, provider_ref=event.provider_ref, txn=event.txn, payer=event.payer,
            reason=(said.reason if said else None) or event.reason, at=event.at,
            amount_minor=event.amount_minor if event.verified_by == "signature" else None,
        )  # fmt: skip
        await outcome.settle(conn, house, tried, told, then)
        return Done()
    if state == "succeeded" and event.txn:
        return await _inbound(conn, house, provider, event, then)
    return Done("ignored", "no such attempt")


async def _inbound(conn: AsyncConnection, house: House, provider: str, event: ProviderEventIn, then: Follow) -> Done:
    """Money that came on its own: a paybill payment, or one whose attempt nobody knows."""
    got = ReceiptIn(
        provider=provider, txn=event.txn, method=event.method or "mobile_inbound", amount_minor=event.amount_minor or 0,
        currency=event.currency, received_at=event.at or house.clock.now(), reference=event.reference, payer=event.payer,
    )  # fmt: skip
    taken = await receive.apply(conn, house, got)
    if taken.placed_now:
        await then.received(conn, house, taken.receipt_id)
    return Done()


async def _reversed(conn: AsyncConnection, house: House, provider: str, event: ProviderEventIn, then: Follow) -> Done:
    found = await queries.receipt_by_txn(conn, provider, event.txn or "")
    if found is None:
        raise NotYet("the payment it takes back has not been told yet")
    kind = event.state if event.state in ("refund", "chargeback", "debit_return") else "refund"
    key = f"{provider}:{event.key}"
    if not await reverse.reverse(conn, house, found.id, key=key, kind=kind, reason=event.reason or kind):
        return Done("ignored", "taken back before")
    await then.reversed(conn, house, found.id)
    if found.attempt_id and kind == "debit_return":
        await store.change_attempt(conn, found.attempt_id, state="failed", reason="returned")
        await then.failed(conn, house, found.attempt_id)
    return Done()
