"""A prompt on the customer's phone: asked for in a dialog, sent a few seconds later so that it finds her session ended.

It is written down as `sent` before the provider is called. Whoever finds it so after a crash knows that the prompt may be on her
phone: it is unknown, asked about, and never sent again.
"""

from datetime import timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.context import App, Context
from core.db import failpoints
from core.errors import Refused
from core.facts import NONE, Facts
from core.outbox import queue
from core.outbox.queue import OutboxRow, Outcome
from core.payments import health, methods, outcome, queries, request, store
from core.payments.model import LOOKS, Attempt
from core.payments.providers import callback_url, named
from core.payments.providers.contract import Begun, Declined, Queried, Started, StartRequest, Unanswered, Unreached
from core.payments.tables import attempt, payment_request

AFTER_THE_SESSION = timedelta(seconds=4)
AHEAD_MINOR = 10_000_000
"""How much more than is owed one prompt may ask for, where the operator does not say."""
PROMPT_LIVES = timedelta(minutes=10)
"""No phone shows a prompt for longer; networks give up after one to three minutes."""
WORTH_SENDING = timedelta(minutes=5)
"""A prompt that could not be sent for so long finds nobody waiting for it: it has failed."""


def payable(app: App, amount_minor: int) -> int:
    """What a push can ask for: the next amount the provider takes (M-Pesa: whole shillings; what is over becomes credit)."""
    step = named(app, app.operator.payments.mobile_push).step_minor
    return -(-amount_minor // step) * step


def most(app: App, owed_minor: int, currency: str) -> int:
    """The most that one prompt may ask for: what the provider takes, and not more ahead of what is owed than is sensible."""
    rules, provider = app.operator.payments, named(app, app.operator.payments.mobile_push)
    ahead = AHEAD_MINOR if rules.ahead_at_most is None else money.parse(rules.ahead_at_most, currency)
    limits = [max(owed_minor, 0) + ahead]
    if provider.most_minor is not None:
        limits.append(provider.most_minor)
    if rules.push_at_most is not None:
        limits.append(money.parse(rules.push_at_most, currency))
    return min(limits) // provider.step_minor * provider.step_minor


async def ask(conn: AsyncConnection, app: App, account_id: int, phone: str, amount_minor: int, key: str) -> int:
    """Queue a push; its attempt id. A double tap (the same `key`) gets the same; `Refused` while another push is live."""
    await store.hold_account(conn, account_id)
    known = await queries.attempt_by(conn, key=f"push:{key}")
    if known:
        return known.id
    facts = await queries.account_facts(conn, account_id)
    if facts is None:
        raise Refused("payments.account.unknown", status=404)
    least = money.parse(app.operator.payments.minimum, facts.currency)
    await methods.insist(conn, app, account_id, "push")
    if amount_minor < least:
        raise Refused("payments.minimum", amount=money.show(least, facts.currency, facts.language))
    owed = sum(debt.payable_minor for debt in await queries.debts(conn, account_id))
    limit = most(app, owed, facts.currency)
    if amount_minor > limit:
        raise Refused("payments.maximum", amount=money.show(limit, facts.currency, facts.language))
    live = await queries.live_attempts(conn, account_id, ("mobile_push",))
    if not all(_left_alone(app, one) for one in live):
        raise Refused("payments.push.live")
    attempt_id = await _write(
        conn,
        app,
        account_id=account_id,
        phone=phone,
        amount_minor=payable(app, amount_minor),
        currency=facts.currency,
        key=key,
    )
    await queue.enqueue(
        conn,
        app,
        key=f"push:{attempt_id}",
        kind="push",
        template="payments.push",
        params={"owed": owed},
        account_id=account_id,
        subject_id=attempt_id,
        priority=queue.PROMPT,
        not_before=app.clock.now() + AFTER_THE_SESSION,
    )
    return attempt_id


def _left_alone(context: Context, tried: Attempt) -> bool:
    """A prompt that nobody will answer any more: its provider, asked since, still waits for the customer. It keeps no other from being sent."""
    return (
        tried.state == "awaiting_customer" and tried.polls > 0 and context.clock.now() - tried.created_at > PROMPT_LIVES
    )


async def _write(
    conn: AsyncConnection, context: Context, *, account_id: int, phone: str, amount_minor: int, currency: str, key: str
) -> int:
    now, request_id, attempt_id = context.clock.now(), *context.ids.take_many(2)
    await conn.execute(
        insert(payment_request).values(
            id=request_id,
            key=f"push:{key}",
            kind="push",
            account_id=account_id,
            amount_minor=amount_minor,
            currency=currency,
            state="open",
            created_at=now,
        )
    )
    await conn.execute(
        insert(attempt).values(
            id=attempt_id,
            key=f"push:{key}",
            request_id=request_id,
            account_id=account_id,
            provider=context.operator.payments.mobile_push,
            method="mobile_push",
            amount_minor=amount_minor,
            currency=currency,
            state="created",
            phone=phone,
            polls=0,
            created_at=now,
            poll_at=now + WORTH_SENDING + LOOKS[0],
        )
    )
    return attempt_id


async def send(app: App, leaving: OutboxRow) -> Outcome:
    """Put the prompt on the phone: what the dispatcher does with outbox rows of kind `push`."""
    if leaving.subject_id is None:
        raise ValueError("a push leaves with the id of its attempt")
    wanted = await _start(app, leaving)
    if isinstance(wanted, Outcome):
        return wanted
    failpoints.point("payments.sent")
    said = await health.start(app, app.operator.payments.mobile_push, wanted)
    failpoints.point("payments.pushed")
    return await _finish(app, leaving, said)


async def _start(app: App, leaving: OutboxRow) -> StartRequest | Outcome:
    """Write `sent` down before the call; an Outcome when there is nothing (more) to send."""
    async with app.db.writing() as conn:
        tried = await _of(conn, leaving)
        if tried.state == "sent":
            await outcome.unsure(conn, app, tried, Unanswered("we stopped between writing it down and the answer"))
            return Outcome(leaving.id, "unknown", attempts=leaving.attempts)
        if tried.state != "created":
            return Outcome(leaving.id, "dropped", reason=tried.state, attempts=leaving.attempts)
        if leaving.params.get("owed") and not await _owes(conn, tried.account_id):
            await store.change_attempt(
                conn, tried.id, state="expired", reason="paid", poll_at=None, settled_at=app.clock.now()
            )
            await request.close(conn, tried.request_id, "closed")
            return Outcome(leaving.id, "dropped", reason="paid meanwhile", attempts=leaving.attempts)
        facts = await queries.account_facts(conn, tried.account_id)
        await store.change_attempt(conn, tried.id, state="sent", poll_at=app.clock.now() + LOOKS[0])
    return StartRequest(
        method="mobile_push",
        key=tried.key,
        attempt_id=tried.id,
        amount_minor=tried.amount_minor,
        currency=tried.currency,
        reference=facts.number if facts else "",
        description=app.operator.short_name,
        phone=tried.phone,
        callback_url=callback_url(app, tried.provider),
    )


async def _owes(conn: AsyncConnection, account_id: int) -> bool:
    return any(debt.payable_minor for debt in await queries.debts(conn, account_id))


async def _of(conn: AsyncConnection, leaving: OutboxRow) -> Attempt:
    tried = await queries.attempt_by(conn, attempt_id=leaving.subject_id, lock=True)
    if tried is None:
        raise LookupError(f"outbox row {leaving.id} speaks of an attempt that does not exist")
    return tried


async def _finish(app: App, leaving: OutboxRow, said: Started) -> Outcome:
    async with app.db.writing() as conn:
        tried = await _of(conn, leaving)
        state, reason, facts = await _apply(conn, app, tried, said)
        await app.happened(conn, facts)
    return Outcome(leaving.id, state, reason=reason, attempts=leaving.attempts)


async def _apply(
    conn: AsyncConnection, context: Context, tried: Attempt, said: Started
) -> tuple[str, str | None, Facts]:
    """What the answer does to the attempt (its callback may have been faster), and to the outbox row; what happened by it."""
    match said:
        case Begun():
            return (
                "sent",
                None,
                await outcome.settle(conn, context, tried, Queried("awaiting_customer", said.provider_ref)),
            )
        case Declined():
            return (
                "failed",
                said.reason,
                await outcome.settle(conn, context, tried, Queried("failed", reason=said.reason)),
            )
        case Unreached() if context.clock.now() - tried.created_at < WORTH_SENDING:
            await store.change_attempt(conn, tried.id, state="created", reason=said.why)
            return "waiting", said.why, NONE
        case Unreached():
            return "failed", said.why, await outcome.settle(conn, context, tried, Queried("failed", reason="down"))
        case Unanswered():
            await outcome.unsure(conn, context, tried, said)
            return "unknown", said.why, NONE
