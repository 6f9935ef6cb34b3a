"""A paid purchase becomes a token, once. A timeout is unknown: asked about by its key, never vended again.

The money for the units stands in the book `prepaid` from the moment it came until the token is there; then it is revenue and
tax. Where there will be no token it goes back to their credit, and they are told so.
"""

from collections import Counter
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money, numbers
from core.context import App, Context
from core.db import failpoints
from core.facts import NONE, Facts
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.reverse import reverse
from core.outbox import back_off, queue
from core.outbox.back_off import BackOff
from core.outbox.queue import OutboxRow, Outcome
from core.outcome import UNKNOWN_TO_PROVIDER, NotReached, Refusal
from core.text import say
from core.vending import store
from core.vending.contract import Answer, TokenRequest, Vended
from core.vending.facts import NotVended
from core.vending.model import DONE, FAILED, OVER, READY, SENT, UNKNOWN, Vend, spaced
from core.vending.providers import vendor_of
from core.vending.tables import vend

LOOKS = BackOff((timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)))
"""When an unknown purchase is asked about again; the last one repeats."""

SURE_AFTER = 2
"""How often we must have heard nothing before `UNKNOWN_TO_PROVIDER` is believed: a request that was slow on its way may still become a token."""
NEVER_ARRIVED = "never_arrived"
WHY = {"meter_blocked": "blocked", "meter_unknown": "meter", "unknown_meter": "meter", NEVER_ARRIVED: "down"}
"""What a vending system says -> a word of `top_up.why.*`; what it says otherwise is told as a refusal, never in its own words."""


async def paid(
    conn: AsyncConnection, context: Context, bought: Vend, receipt_id: int, *, units_micro: int | None, tax_minor: int
) -> None:
    """The money came: it is put aside for the units, and the purchase leaves for the vending system."""
    tax = min(tax_minor, bought.units_minor)
    await store.move(conn, bought.id, READY, receipt_id=receipt_id, units_micro=units_micro, tax_minor=tax)
    aside = Posting(Book("prepaid"), receivable(bought.account_id), bought.units_minor, bought.currency, "units bought")
    await post(conn, context, key=_aside(bought), kind="vend", booked_on=context.today(), postings=[aside])
    await queue.enqueue(
        conn,
        context,
        key=f"vend:{bought.id}",
        kind="vend",
        template="vend",
        account_id=bought.account_id,
        subject_id=bought.id,
        priority=queue.PROMPT,
    )


async def send(app: App, row: OutboxRow) -> Outcome:
    """What the dispatcher does with outbox rows of kind `vend`."""
    bought, call = await _begin(app, row)
    if bought is None:
        return Outcome(row.id, "dropped", reason="no such purchase", attempts=row.attempts)
    if not call:
        return Outcome(row.id, "sent" if bought.state in OVER else "unknown", attempts=row.attempts)
    failpoints.point("vend.begun")
    wanted = TokenRequest(f"vend-{bought.id}", bought.serial, bought.units_minor, bought.currency, bought.units_micro)
    answer = await vendor_of(app).vend(wanted)
    failpoints.point("vend.called")
    async with app.db.writing() as conn:
        held = await store.hold(conn, vend.c.id == bought.id)
        if held is None or held.state in OVER:
            return Outcome(row.id, "sent", attempts=row.attempts)
        if isinstance(answer, NotReached) and not back_off.OUTBOX.is_used_up(row.attempts - 1):
            await store.move(conn, held.id, READY, poll_at=None)
            return Outcome(row.id, "waiting", reason=answer.why, attempts=row.attempts)
        over = Refusal(NEVER_ARRIVED) if isinstance(answer, NotReached) else answer
        await app.happened(conn, await settle(conn, app, held, over))
    return Outcome(row.id, "sent" if isinstance(answer, Vended) else "unknown", attempts=row.attempts)


async def _begin(app: App, row: OutboxRow) -> tuple[Vend | None, bool]:
    """The purchase, and whether the vending system is to be called: only if nobody called it before."""
    async with app.db.writing() as conn:
        held = await store.hold(conn, vend.c.id == (row.subject_id or 0))
        if held is None or held.state != READY:
            return held, False
        await store.move(conn, held.id, SENT, poll_at=app.clock.now() + LOOKS.after(0))
        return held, True


async def settle(conn: AsyncConnection, context: Context, held: Vend, said: Answer) -> Facts:
    """Make true what the vending system said of a purchase whose row is held."""
    if isinstance(said, Vended):
        await _done(conn, context, held, said)
    elif isinstance(said, Refusal) and said.code != UNKNOWN_TO_PROVIDER:
        return await _failed(conn, context, held, said.reason)
    elif isinstance(said, Refusal) and held.polls >= SURE_AFTER:
        return await _failed(conn, context, held, NEVER_ARRIVED)
    else:
        again = context.clock.now() + LOOKS.after(held.polls)
        why = "it does not know it yet" if isinstance(said, Refusal) else said.why
        await store.move(conn, held.id, UNKNOWN, reason=why, polls=held.polls + 1, poll_at=again)
    return NONE


async def _done(conn: AsyncConnection, context: Context, held: Vend, said: Vended) -> None:
    now, wanted = context.clock.now(), held.units_micro
    other = f"{wanted} micro-units were asked for" if wanted not in (None, said.units_micro) else None
    await store.move(
        conn,
        held.id,
        DONE,
        token=said.token,
        units_micro=said.units_micro,
        provider_ref=said.provider_ref,
        settled_at=now,
        poll_at=None,
        reason=other,
    )
    parts = [("revenue", held.units_minor - held.tax_minor), ("tax", held.tax_minor)]
    sold = [
        Posting(Book(code), Book("prepaid"), minor, held.currency, "units sold") for code, minor in parts if minor > 0
    ]
    await post(conn, context, key=f"vend:{held.id}", kind="vend", booked_on=context.today(), postings=sold)
    await tell_token(conn, context, held, said.token, said.units_micro, key=f"token:{held.id}")


async def tell_token(
    conn: AsyncConnection, context: Context, held: Vend, token: str, units_micro: int, *, key: str
) -> None:
    """The token by SMS: always, whatever screen they bought it on."""
    owed = money.show(held.arrears_minor, held.currency, held.language)
    more = say(held.language, "top_up.sms_arrears", amount=owed) if held.arrears_minor else ""
    params = {
        "token": spaced(token),
        "serial": held.serial,
        "units": numbers.show(units_micro, numbers.MICRO_DECIMALS, held.language),
        "amount": money.show(held.units_minor, held.currency, held.language),
        "more": more,
    }
    await _sms(conn, context, held, "top_up.sms", params, key)


async def _failed(conn: AsyncConnection, context: Context, held: Vend, reason: str) -> Facts:
    now = context.clock.now()
    await store.move(conn, held.id, FAILED, reason=reason, settled_at=now, poll_at=None)
    await reverse(conn, context, key=_aside(held), booked_on=context.today(), why="no token")
    amount = money.show(held.units_minor, held.currency, held.language)
    why = say(held.language, f"top_up.why.{WHY.get(reason, 'declined')}")
    params = {"amount": amount, "serial": held.serial, "why": why}
    await _sms(conn, context, held, "top_up.sms_failed", params, f"token:{held.id}")
    return (NotVended(held),)


async def _sms(
    conn: AsyncConnection, context: Context, held: Vend, template: str, params: dict[str, str], key: str
) -> None:
    await queue.enqueue(
        conn,
        context,
        key=key,
        kind="reply",
        template=template,
        params={**params, "to": held.phone, "lang": held.language},
        channel="sms",
        subject_id=held.id,
        priority=queue.PROMPT,
        resend_unknown=True,
    )


async def poll(app: App) -> Counter[str]:
    """Ask about what is unknown, or was sent and never answered."""
    seen: Counter[str] = Counter()
    due = (vend.c.poll_at <= app.clock.now()) & vend.c.state.in_((UNKNOWN, SENT))
    async with app.db.reading() as conn:
        ids = list((await conn.execute(select(vend.c.id).where(due).order_by(vend.c.poll_at).limit(100))).scalars())
    for vend_id in ids:
        answer = await vendor_of(app).query(f"vend-{vend_id}")
        async with app.db.writing() as conn:
            held = await store.hold(conn, vend.c.id == vend_id)
            if held is not None and held.state in (UNKNOWN, SENT):
                await app.happened(conn, await settle(conn, app, held, answer))
                seen[type(answer).__name__.lower()] += 1
    return seen


def _aside(held: Vend) -> str:
    return f"vend-aside:{held.id}"
