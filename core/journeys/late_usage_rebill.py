"""Usage came after its bill and the operator does not wait for the next: the bill is put right now, and the customer hears of it.

The daily job and `hodi rebill`. One transaction a bill: what is used is recorded, the document, its journal and open item written, credit
and mandates see to it, the message is put down. Killed anywhere, or called again, it does what is missing and nothing twice. A credit above
the operator's limit waits for a person, like every other.
"""

from collections.abc import Mapping

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.approvals.model import REFUSED, WAITING, Approval
from core.approvals.tables import approval
from core.billing.documents import rebill
from core.billing.documents.credit_note import CreditNote
from core.billing.documents.rebill import AnotherWasQuicker, Off
from core.billing.tables import invoice
from core.context import App, Context
from core.db import failpoints
from core.errors import Refused
from core.journeys import bill_final
from core.journeys.credit_taken_off import take_off
from core.journeys.dunning import restore
from core.outbox import queue
from core.parties.tables import account

SERVICES = 10_000
"""Services looked at together."""
IDS = 1_000


async def put_right(app: App) -> int:
    """Issue what is due for usage that came late; how many documents. Nothing where the next bill does it."""
    if app.operator.billing.late_usage != "rebill":
        return 0
    async with app.db.reading() as conn:
        came = await rebill.came_since_billing(conn, app)
    issued = after = 0
    while True:
        async with app.db.reading() as conn:
            owner = await rebill.services(conn, after, SERVICES)
            if not owner:
                return issued
            match = await rebill.find(conn, app, owner, came)
        failpoints.point("rebill.found")
        for off in match:
            issued += await _issued(app, off)
            failpoints.point("rebill.issued")
        after = max(owner)


async def _issued(app: App, off: Off) -> bool:
    """Whether this made a document."""
    await app.db.reserve_ids(IDS)
    try:
        async with app.db.writing() as conn:
            opened = await rebill.hold(conn, off)
            credited = -await rebill.worth(conn, off)
            if _above(app, credited):
                await _ask(conn, app, off, credited)
                return False
            return await _document(conn, app, off, opened)
    except AnotherWasQuicker:
        return False


async def _document(conn: AsyncConnection, context: Context, off: Off, opened: Mapping[int, int]) -> bool:
    result = await rebill.issue(conn, context, off)
    if isinstance(result, CreditNote):
        await _credited(conn, context, off.account_id, opened, result)
    elif result is not None and result.total_minor:
        await bill_final.announce(conn, context, [result])
    return result is not None


def _above(context: Context, credited_minor: int) -> bool:
    limit = context.operator.billing.credit_limit
    return limit is not None and credited_minor > money.parse(limit, context.currency)


async def _ask(conn: AsyncConnection, context: Context, off: Off, credited_minor: int) -> None:
    """Let the credit wait for a person, once for each amount: who said no to it is not asked for it again."""
    subject, credit = f"late:{off.invoice_id}", money.plain(credited_minor, context.currency)
    question = select(approval.c.payload).where(
        approval.c.subject == subject,
        or_(approval.c.state == REFUSED, (approval.c.state == WAITING) & (approval.c.expires_at > context.clock.now())),
    )
    if any(payload["credit"] == credit for payload in (await conn.execute(question)).scalars()):
        return
    query = (
        select(account.c.number, account.c.branch_id, invoice.c.number.label("bill"))
        .join_from(invoice, account, account.c.id == invoice.c.account_id)
        .where(invoice.c.id == off.invoice_id)
    )
    row = (await conn.execute(query)).one()
    payload = {
        "account": row.number,
        "bill": row.bill,
        "credit": credit,
        "currency": context.currency,
        "why": "usage that came after the bill",
        "of": str(off.account_id),
    }
    await approvals.ask(
        conn, context, kind="late_credit", subject=subject, payload=payload, maker="job:rebill", branch_id=row.branch_id
    )


async def agreed(conn: AsyncConnection, context: Context, found: Approval) -> None:
    """A person agreed: the bill is put right by what it is off now, if that is no more than was agreed to."""
    invoice_id, account_id = int(found.subject.partition(":")[2]), int(found.payload["of"])
    came = await rebill.came_since_billing(conn, context)
    owner = await rebill.services(conn, 0, SERVICES, account_id)
    off = next((one for one in await rebill.find(conn, context, owner, came) if one.invoice_id == invoice_id), None)
    if off is None:
        return
    opened = await rebill.hold(conn, off)
    if -await rebill.worth(conn, off) > money.parse(str(found.payload["credit"]), context.currency):
        raise Refused("approvals.changed", status=409)
    await _document(conn, context, off, opened)


async def _credited(
    conn: AsyncConnection, context: Context, account_id: int, opened: Mapping[int, int], note: CreditNote
) -> None:
    """They owe less: what is open, what was restricted for it, and a word."""
    await take_off(conn, context, account_id, opened, note.amount_minor)
    await queue.enqueue(
        conn,
        context,
        key=f"corrected:{note.invoice_id}",
        kind="notice",
        template="notice.corrected",
        account_id=account_id,
        subject_id=note.invoice_id,
        resend_unknown=True,
    )
    await restore.reconsider(conn, context, account_id, f"credit:{note.invoice_id}")
