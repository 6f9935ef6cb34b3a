"""A fee is taken back: a credit note with the reason, what is open of it closed, what was paid of it to their credit, and a word to the customer.

Above the operator's credit limit (`billing.credit_limit`) another person has to agree. Once: what was taken back is not taken back again.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.approvals.model import Approval
from core.audit import trail
from core.billing.documents import credit_note
from core.billing.documents.credit_note import WHOLE_BILL, CreditNote
from core.billing.model import FEE
from core.billing.tables import invoice
from core.context import Context
from core.errors import Refused
from core.journeys.credit_taken_off import take_off
from core.journeys.dunning import restore
from core.ledger.tables import open_item
from core.outbox import queue
from core.overview.listing import AnyRow
from core.parties.tables import account
from core.payments.store import hold_account

SHORTEST = 5
"""Letters of a reason: something has to be said."""


async def waive(
    conn: AsyncConnection, context: Context, account_id: int, invoice_id: int, *, reason: str, actor: str
) -> CreditNote | None:
    """Take back a fee of the account; the credit note, None while it waits for another person."""
    if len(reason.strip()) < SHORTEST:
        raise Refused("fee.waive.reason")
    fee = await _fee(conn, account_id, invoice_id)
    limit = context.operator.billing.credit_limit
    if limit is None or fee.total_minor <= money.parse(limit, fee.currency):
        return await _carried_out(conn, context, fee, reason.strip(), actor)
    subject = f"fee:{invoice_id}"
    if any(one.subject == subject for one in await approvals.waiting(conn)):
        raise Refused("fee.waive.asked")
    row = (await conn.execute(select(account.c.number, account.c.branch_id).where(account.c.id == account_id))).one()
    payload = {
        "account": row.number,
        "fee": fee.number,
        "amount": money.plain(fee.total_minor, fee.currency),
        "currency": fee.currency,
        "reason": reason.strip(),
    }
    await approvals.ask(
        conn, context, kind="fee", subject=subject, payload=payload, maker=actor, branch_id=row.branch_id
    )
    return None


async def agreed(conn: AsyncConnection, context: Context, found: Approval) -> None:
    """Another person has agreed."""
    invoice_id = int(found.subject.partition(":")[2])
    fee = await _fee(conn, None, invoice_id)
    await _carried_out(conn, context, fee, str(found.payload["reason"]), found.maker)


async def _fee(conn: AsyncConnection, account_id: int | None, invoice_id: int) -> AnyRow:
    """The fee, its account held: `Refused` where there is none."""
    query = select(invoice).where(invoice.c.id == invoice_id, invoice.c.series == FEE)
    fee = (await conn.execute(query)).first()
    if fee is None or account_id not in (None, fee.account_id):
        raise Refused("fee.waive.unknown", status=404)
    await hold_account(conn, fee.account_id)
    return fee


async def _carried_out(conn: AsyncConnection, context: Context, fee: AnyRow, reason: str, actor: str) -> CreditNote:
    held = select(open_item.c.open_minor).where(open_item.c.invoice_id == fee.id).with_for_update()
    opened = int((await conn.execute(held)).scalar_one())
    taken = select(invoice.c.id).where(invoice.c.corrects_id == fee.id)
    if (await conn.execute(taken)).first():
        raise Refused("fee.waive.done")
    cut = await credit_note.cut_of(conn, fee.id, WHOLE_BILL, None)
    note = await credit_note.credit(conn, context, fee.id, cut, {"waived": reason})
    await take_off(conn, context, fee.account_id, {fee.id: opened}, note.amount_minor)
    await queue.enqueue(
        conn,
        context,
        key=f"waived:{fee.id}",
        kind="notice",
        template="notice.waived",
        account_id=fee.account_id,
        subject_id=note.invoice_id,
        resend_unknown=True,
    )
    await trail.note(
        conn,
        context,
        actor,
        "fee.waived",
        f"invoice:{fee.id}",
        minor=note.amount_minor,
        reason=reason,
        note=note.number,
    )
    await restore.reconsider(conn, context, fee.account_id, f"waived:{fee.id}")
    return note


async def fees_of(conn: AsyncConnection, account_id: int) -> list[AnyRow]:
    """The fees of an account, the latest first: id, number, issued_on, total_minor, open_minor, code; `waived` by which note."""
    note = invoice.alias("note")
    query = (
        select(
            invoice.c.id,
            invoice.c.number,
            invoice.c.token,
            invoice.c.issued_on,
            invoice.c.total_minor,
            open_item.c.open_minor,
            note.c.number.label("waived"),
        )
        .join(open_item, open_item.c.invoice_id == invoice.c.id)
        .outerjoin(note, note.c.corrects_id == invoice.c.id)
        .where(invoice.c.account_id == account_id, invoice.c.series == FEE, invoice.c.state == "final")
        .order_by(invoice.c.id.desc())
        .limit(20)
    )
    return list(await conn.execute(query))
