"""A dispute is decided: what was wrong is taken off by a credit note, the rest is due again, and the customer hears of it.

One transaction: verdict, note, journal, open item, credit moved on, message. The first verdict stands; who asks again gets the
first answer. A credit above the operator's limit is another person's to agree to. What they had paid too much pays their other
bills, or waits for the next.
"""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.approvals.model import WAITING, Approval
from core.approvals.tables import approval
from core.billing.documents import credit_note
from core.billing.documents.credit_note import CreditNote
from core.billing.tables import invoice
from core.care import disputes, queries
from core.care.model import Dispute
from core.context import Context
from core.errors import Refused
from core.journeys.credit_taken_off import take_off
from core.journeys.dunning import restore
from core.ledger import open_items
from core.outbox import queue
from core.parties.tables import account


@dataclass(frozen=True, slots=True)
class DisputeDecision:
    """How a dispute ended, and the credit note where something was wrong."""

    verdict: str
    note: CreditNote | None = None


class _Account(NamedTuple):
    currency: str
    number: str
    branch_id: int


async def decide(
    conn: AsyncConnection,
    context: Context,
    dispute_id: int,
    verdict: str,
    *,
    actor: str,
    amount_minor: int | None = None,
    agreed_minor: int | None = None,
) -> DisputeDecision:
    """Decide a dispute as `upheld` (all of the item was wrong), `partial` (`amount_minor` of it) or `rejected`.

    Of a line the amount is before tax, of a whole bill it is all in all. Refused: an amount the item does not have. A credit above
    the operator's limit waits for another person (the verdict is `waiting`), who has agreed to `agreed_minor`. Decided before: the
    first answer.
    """
    if verdict not in disputes.VERDICTS:
        raise ValueError(f"{verdict!r} is no verdict: choose from {disputes.VERDICTS}")
    if verdict == "partial" and amount_minor is None:
        raise Refused("credit.amount", status=409)
    match = await disputes.hold(conn, dispute_id)
    if match.state != "open":
        return DisputeDecision(match.state, await credit_note.note_of(conn, match.invoice_id, dispute_id))
    held = await open_items.hold(conn, match.invoice_id)
    opened = held.open_minor if held else 0
    cut: dict[int, int] = {}
    if verdict != "rejected":
        wrong = amount_minor if verdict == "partial" else None
        cut = await credit_note.cut_of(conn, match.invoice_id, match.position, wrong)
        if not await _agreed(conn, context, match, sum(cut.values()), agreed_minor):
            await _ask(conn, context, match, verdict, amount_minor, sum(cut.values()), actor)
            return DisputeDecision(WAITING)
    return await _carried_out(conn, context, match, verdict, cut, opened, actor)


async def waiting(conn: AsyncConnection, context: Context, dispute_id: int) -> bool:
    """Whether a verdict waits for another person."""
    standing = select(approval.c.id).where(
        approval.c.subject == f"dispute:{dispute_id}",
        approval.c.state == WAITING,
        approval.c.expires_at > context.clock.now(),
    )
    return (await conn.execute(standing)).first() is not None


async def agreed(conn: AsyncConnection, context: Context, asked: Approval) -> None:
    """Another person agreed to a credit above the limit: the dispute is decided as it was asked, if nothing changed since."""
    text = asked.payload
    currency = str(text["currency"])
    amount = money.parse(text["amount"], currency) if text["amount"] else None
    await decide(
        conn,
        context,
        int(text["dispute"]),
        str(text["verdict"]),
        actor=asked.maker,
        amount_minor=amount,
        agreed_minor=money.parse(text["credit"], currency),
    )


async def _carried_out(
    conn: AsyncConnection, context: Context, found: Dispute, verdict: str, cut: dict[int, int], opened: int, actor: str
) -> DisputeDecision:
    await disputes.decide(conn, context, found.id, verdict, actor)
    await open_items.release(conn, found.invoice_id, found.amount_minor)
    note = None
    if cut:
        note = await credit_note.credit(conn, context, found.invoice_id, cut, {"dispute": str(found.id)})
        await take_off(conn, context, found.account_id, {found.invoice_id: opened}, note.amount_minor)
    await _tell(conn, context, found, note)
    await restore.reconsider(conn, context, found.account_id, f"dispute:{found.id}")
    return DisputeDecision(verdict, note)


async def _agreed(
    conn: AsyncConnection, context: Context, found: Dispute, total: int, agreed_minor: int | None
) -> bool:
    """Whether the credit is within the limit, or is what another person agreed to."""
    if agreed_minor is not None:
        if total > agreed_minor:
            raise Refused("approvals.changed", status=409)
        return True
    limit = context.operator.billing.credit_limit
    return limit is None or total <= money.parse(limit, (await _account(conn, found)).currency)


async def _account(conn: AsyncConnection, found: Dispute) -> _Account:
    query = select(account.c.currency, account.c.number, account.c.branch_id).where(account.c.id == found.account_id)
    return _Account(*(await conn.execute(query)).one())


async def _ask(
    conn: AsyncConnection, context: Context, found: Dispute, verdict: str, amount: int | None, total: int, actor: str
) -> None:
    """Let the verdict wait for another person, once."""
    if await waiting(conn, context, found.id):
        return
    theirs = await _account(conn, found)
    bill = await conn.execute(select(invoice.c.number).where(invoice.c.id == found.invoice_id))
    payload = {
        "dispute": str(found.id),
        "account": theirs.number,
        "bill": bill.scalar_one(),
        "item": "the whole bill" if found.position == credit_note.WHOLE_BILL else f"line {found.position}",
        "verdict": verdict,
        "amount": "" if amount is None else money.plain(amount, theirs.currency),
        "credit": money.plain(total, theirs.currency),
        "currency": theirs.currency,
    }
    await approvals.ask(
        conn,
        context,
        kind="credit",
        subject=f"dispute:{found.id}",
        payload=payload,
        maker=actor,
        branch_id=theirs.branch_id,
    )


async def _tell(conn: AsyncConnection, context: Context, found: Dispute, note: CreditNote | None) -> None:
    about = await queries.by_id(conn, found.ticket_id)
    template = "notice.credited" if note else "dispute.rejected"
    await queue.enqueue(
        conn,
        context,
        key=f"decided:{found.id}",
        kind="notice",
        template=template,
        params={} if note else {"reference": about.reference if about else ""},
        contact_id=about.contact_id if about else None,
        account_id=found.account_id,
        subject_id=note.invoice_id if note else found.ticket_id,
        resend_unknown=True,
    )
