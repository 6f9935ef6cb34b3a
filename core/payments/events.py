"""What each kind of event does: an attempt settles, money arrives on its own, money goes back, a mandate changes.

An unsigned event is confirmed first: the provider is asked, outside any transaction, and its answer is what counts.
"""

from dataclasses import dataclass, replace
from typing import Literal, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.facts import NONE, Facts
from core.payments import (
    cards,
    chargebacks,
    failed_debit,
    health,
    mandates,
    outcome,
    queries,
    receive,
    reverse,
    store,
    verification,
)
from core.payments.facts import PaymentFailed, PaymentReceived, PaymentReversed
from core.payments.model import Attempt, ReceiptIn
from core.payments.providers.contract import Kind, ProviderEventIn, Queried, State, StatusQuery


class NotYet(Exception):
    """This event has to wait: what it speaks of, or who confirms it, is not here yet."""


@dataclass(frozen=True, slots=True)
class EventEffect:
    """What became of an event, and what happened by it."""

    state: Literal["done", "ignored"] = "done"
    reason: str | None = None
    facts: Facts = NONE


async def confirmed(app: App, provider: str, event: ProviderEventIn) -> Queried | None:
    """What the provider says of it when asked; None for an event that needs no asking. Raises `NotYet` while it cannot be asked."""
    if event.kind == "inbound" and event.verified_by == "none":
        if not await verification.proven(app, provider, event):
            raise NotYet("so much is not credited on an unsigned note alone")
        return None
    if event.kind not in ("succeeded", "failed", "expired"):
        return None
    async with app.db.reading() as conn:
        tried = await _tried(conn, provider, event)
    if tried and tried.method == "refund" and event.verified_by in ("conversation", "query"):
        return await _given_back(app, tried, event)
    if event.verified_by != "query" and not _overtaken(tried, event):
        return None
    if tried and not tried.live and event.kind != "succeeded":
        return Queried("awaiting_customer")
    said = await health.query(app, provider, _asked(app, tried, event))
    if not isinstance(said, Queried):
        raise NotYet(f"{provider} could not be asked: {said.why}")
    if said.state == "awaiting_customer":
        raise NotYet(f"{provider} is still working on it")
    return said


async def _given_back(app: App, tried: Attempt, event: ProviderEventIn) -> Queried | None:
    """A refund's result is believed under the conversation it was begun in; else the provider is asked, and answers later."""
    if not tried.live:
        return Queried("awaiting_customer")
    if event.verified_by == "conversation" and event.provider_ref and tried.provider_ref == event.provider_ref:
        return None
    if tried.state == "sent":
        raise NotYet("the answer to our request is still on its way")
    said = await verification.ask_about(app, replace(tried, provider_ref=event.provider_ref or tried.provider_ref))
    if not isinstance(said, Queried) or said.state == "awaiting_customer":
        raise NotYet(f"{tried.provider} is asked whether it is so")
    return said


def _overtaken(tried: Attempt | None, event: ProviderEventIn) -> bool:
    """A debit that has failed, told to be collected after all: a word of yesterday that comes late, or the truth."""
    return (
        tried is not None and tried.method == "direct_debit" and tried.state == "failed" and event.kind == "succeeded"
    )


def _asked(context: Context, tried: Attempt | None, event: ProviderEventIn) -> StatusQuery:
    if tried:
        return replace(outcome.asked(tried), provider_ref=event.provider_ref or tried.provider_ref)
    return StatusQuery("", "", event.provider_ref, event.amount_minor or 0, event.currency, context.clock.now())


def believed(event: ProviderEventIn, said: Queried | None) -> ProviderEventIn:
    """The event with what the provider said in place of what was only told; an amount nobody vouches for is left out."""
    if said is None:
        return event
    kind: Kind = said.state if said.state in ("succeeded", "failed", "expired") else "ignored"
    return replace(
        event,
        kind=kind,
        amount_minor=said.amount_minor,
        txn=said.txn or event.txn,
        at=said.at or event.at,
        reason=said.reason or event.reason,
        saved=said.saved or event.saved,
    )


async def effect(
    conn: AsyncConnection,
    context: Context,
    provider: str,
    event: ProviderEventIn,
    said: Queried | None,
) -> EventEffect:
    """Make the event true inside the open transaction."""
    told = believed(event, said)
    match told.kind:
        case "succeeded" | "failed" | "expired":
            return await _attempt(conn, context, provider, told)
        case "inbound":
            return await _inbound(conn, context, provider, told)
        case "reversed":
            return await _reversed(conn, context, provider, told)
        case "reinstated":
            return await _reinstated(conn, context, provider, told)
        case "dispute":
            return await _disputed(conn, context, provider, told)
        case "mandate":
            return await _mandate(conn, context, provider, told)
        case "proof":
            return await _proof(conn, context, provider, told)
        case "ignored":
            return EventEffect(
                "ignored", "a kind we do not know" if said is None else f"asked, {provider} says {said.state}"
            )


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


async def _attempt(conn: AsyncConnection, context: Context, provider: str, event: ProviderEventIn) -> EventEffect:
    tried = await _tried(conn, provider, event, lock=True)
    if tried and event.kind == "failed" and event.state == "debit_return" and tried.state == "succeeded":
        return await _reversed(conn, context, provider, event)
    if tried and event.currency in ("", tried.currency):
        told = Queried(
            state=cast("State", event.kind),
            provider_ref=event.provider_ref,
            txn=event.txn,
            payer=event.payer,
            reason=event.reason,
            at=event.at,
            amount_minor=event.amount_minor,
            currency=event.currency,
            saved=event.saved,
        )
        return EventEffect(facts=await outcome.settle(conn, context, tried, told))
    if event.kind == "succeeded" and event.txn and event.amount_minor:
        return await _inbound(conn, context, provider, event)
    return EventEffect("ignored", "no such attempt")


async def _inbound(conn: AsyncConnection, context: Context, provider: str, event: ProviderEventIn) -> EventEffect:
    """Money that came on its own: a paybill payment, or one whose attempt nobody knows."""
    if (event.amount_minor or 0) <= 0:
        return EventEffect("ignored", "there is no money in it")
    got = ReceiptIn(
        provider=provider,
        txn=event.txn,
        method=event.method or "mobile_inbound",
        amount_minor=event.amount_minor or 0,
        currency=event.currency,
        received_at=event.at or context.clock.now(),
        reference=event.reference,
        payer=event.payer,
    )
    taken = await receive.apply(conn, context, got)
    return EventEffect(facts=(PaymentReceived(taken.receipt_id),) if taken.placed_now else NONE)


async def _reversed(conn: AsyncConnection, context: Context, provider: str, event: ProviderEventIn) -> EventEffect:
    found = await queries.receipt_by_txn(conn, provider, event.txn or "")
    if found is None:
        raise NotYet("the payment it takes back has not been told yet")
    kind = event.state if event.state in ("refund", "chargeback", "debit_return") else "refund"
    key = f"{provider}:{event.provider_ref or event.key}"
    taken = await reverse.reverse(
        conn, context, found.id, key=key, kind=kind, reason=event.reason or kind, amount_minor=event.amount_minor
    )
    if not taken:
        return EventEffect("ignored", "taken back before")
    facts: Facts = (PaymentReversed(found.id),)
    if found.attempt_id and kind == "debit_return":
        tried = await queries.attempt_by(conn, attempt_id=found.attempt_id, lock=True)
        await store.change_attempt(conn, found.attempt_id, state="failed", reason="returned")
        step = await failed_debit.fell_through(conn, context, tried, event.reason or "returned") if tried else None
        if step is None or failed_debit.is_told(context, step):
            facts = (*facts, PaymentFailed(found.attempt_id))
    return EventEffect(facts=facts)


async def _reinstated(conn: AsyncConnection, context: Context, provider: str, event: ProviderEventIn) -> EventEffect:
    """Money that was taken back has come back (a dispute that was won): a receipt of its own, for the same account."""
    found = await queries.receipt_by_txn(conn, provider, event.txn or "")
    if found is None:
        raise NotYet("the payment it speaks of has not been told yet")
    amount = event.amount_minor or await queries.taken_back(conn, found.id)
    facts = await queries.account_facts(conn, found.account_id) if found.account_id else None
    if not amount or facts is None:
        return EventEffect("ignored", "nothing of it was taken back")
    again = replace(
        event,
        txn=f"{event.txn}:{event.provider_ref or event.key}"[:80],
        amount_minor=amount,
        currency=event.currency or facts.currency,
        reference=facts.number,
        method=event.method or "card",
    )
    return await _inbound(conn, context, provider, again)


async def _disputed(conn: AsyncConnection, context: Context, provider: str, event: ProviderEventIn) -> EventEffect:
    found = await queries.receipt_by_txn(conn, provider, event.txn or "")
    if found is None:
        raise NotYet("the payment it disputes has not been told yet")
    known = await chargebacks.told(conn, context, provider, found.id, event)
    return EventEffect() if known else EventEffect("ignored", "a state of a dispute we do not know")


async def _proof(conn: AsyncConnection, context: Context, provider: str, event: ProviderEventIn) -> EventEffect:
    """The answer to a question of ours: about a note that waits for it, or about an attempt, which it settles."""
    asked = await verification.told(conn, provider, event)
    if asked is None:
        return EventEffect("ignored", "we did not ask")
    tried = await queries.attempt_by(conn, attempt_id=asked.attempt_id, lock=True) if asked.attempt_id else None
    if tried and event.state in ("proven", "denied"):
        state: State = "succeeded" if event.state == "proven" else "failed"
        said = Queried(state, txn=event.txn, reason="declined")
        return EventEffect(facts=await outcome.settle(conn, context, tried, said))
    return EventEffect()


async def _mandate(conn: AsyncConnection, context: Context, provider: str, event: ProviderEventIn) -> EventEffect:
    if event.saved and event.state in ("renewed", "described"):
        known = await cards.renewed(conn, provider, event.saved)
        if not known and event.state == "described":
            raise NotYet("its mandate has not been told yet")
        return EventEffect() if known else EventEffect("ignored", "no such card of ours")
    known = await mandates.moved(
        conn,
        context,
        provider,
        state=event.state or "",
        provider_ref=event.provider_ref,
        reference=event.mandate,
        before=event.reference or None,
    )
    if not known and event.state == "active":
        raise NotYet("its mandate has not been told yet")
    return EventEffect() if known else EventEffect("ignored", "no such mandate, or no such state")
