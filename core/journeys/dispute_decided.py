"""A dispute is decided: what was wrong is taken off by a credit note, the rest is due again, and the customer hears of it.

One transaction: verdict, note, journal, open item, credit moved on, message. The first verdict stands; who asks again gets the
first answer. What she had paid too much pays her other bills, or waits for the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money, outbox
from core.billing import credit
from core.billing.credit import CreditNote
from core.care import disputes, queries
from core.care.model import Dispute
from core.errors import Refused
from core.house import House
from core.ledger.tables import open_item
from core.parties.tables import account
from core.payments import allocate
from core.payments.unapply import unapply


@dataclass(frozen=True, slots=True)
class Decision:
    """How a dispute ended, and the credit note where something was wrong."""

    verdict: str
    note: CreditNote | None = None


async def decide(
    conn: AsyncConnection, house: House, dispute_id: int, verdict: str, *, actor: str, amount_minor: int | None = None,
    without_limit: bool = False,
) -> Decision:  # fmt: skip
    """Decide a dispute as `upheld` (all of the item was wrong), `partial` (`amount_minor` of it) or `rejected`.

    Of a line the amount is before tax, of a whole bill it is all in all. Refused: an amount the item does not have, or more than
    the operator lets one person credit (`without_limit`: somebody who may). Decided before: the first answer.
    """
    if verdict == "partial" and amount_minor is None:
        raise Refused("credit.amount", status=409)
    found = await disputes.decide(conn, house, dispute_id, verdict, actor)
    if found is None:
        return await _standing(conn, dispute_id)
    note = None
    opened = await _hold(conn, found.invoice_id)
    await _release(conn, found)
    if verdict != "rejected":
        wrong = amount_minor if verdict == "partial" else None
        cut = await credit.cut_of(conn, found.invoice_id, found.position, wrong)
        if not without_limit:
            await _within_limit(conn, house, found, sum(cut.values()))
        note = await credit.credit(conn, house, found.invoice_id, cut, {"dispute": str(dispute_id)})
        await _take_off(conn, house, found, opened, note.amount_minor)
    await _tell(conn, house, found, note)
    return Decision(verdict, note)


async def _standing(conn: AsyncConnection, dispute_id: int) -> Decision:
    found = await queries.dispute(conn, dispute_id)
    if found is None:
        raise Refused("dispute.unknown", status=404)
    return Decision(found.state, await credit.note_of(conn, found.invoice_id, dispute_id))


async def _hold(conn: AsyncConnection, invoice_id: int) -> int:
    """Lock the open item; what is open of the bill."""
    query = select(open_item.c.open_minor).where(open_item.c.invoice_id == invoice_id)
    return int((await conn.execute(query.with_for_update())).scalar_one())


async def _release(conn: AsyncConnection, found: Dispute) -> None:
    """What the dispute froze is free."""
    rest = open_item.c.disputed_minor - found.amount_minor
    await conn.execute(
        update(open_item)
        .where(open_item.c.invoice_id == found.invoice_id)
        .values(disputed_minor=case((rest > 0, rest), else_=0))
    )


async def _within_limit(conn: AsyncConnection, house: House, found: Dispute, total: int) -> None:
    query = select(account.c.currency).where(account.c.id == found.account_id)
    currency = (await conn.execute(query)).scalar_one()
    limit = house.operator.billing.credit_limit
    if limit is not None and total > money.parse(limit, currency):
        shown = money.show(money.parse(limit, currency), currency)
        raise Refused("credit.above_limit", status=403, amount=money.show(total, currency), limit=shown)


async def _take_off(conn: AsyncConnection, house: House, found: Dispute, opened: int, credited: int) -> None:
    """Lower the bill by the note; what was paid beyond that is credit, and pays what else is open."""
    left = max(0, opened - credited)
    item, disputed = open_item.c, open_item.c.disputed_minor
    await conn.execute(
        update(open_item)
        .where(item.invoice_id == found.invoice_id)
        .values(
            open_minor=left, disputed_minor=case((disputed > left, left), else_=disputed),
            settled_on=house.today() if left == 0 else None,
        )
    )  # fmt: skip
    if credited > opened and await unapply(conn, house, found.invoice_id, credited - opened):
        await allocate.apply_credit(conn, house, await _others(conn, found.account_id))


@dataclass(frozen=True, slots=True)
class _Open:
    invoice_id: int
    account_id: int


async def _others(conn: AsyncConnection, account_id: int) -> Sequence[_Open]:
    item = open_item.c
    query = select(item.invoice_id, item.account_id).where(
        item.account_id == account_id, item.open_minor > item.disputed_minor
    )
    return [_Open(*row) for row in await conn.execute(query.order_by(item.due_on, item.invoice_id))]


async def _tell(conn: AsyncConnection, house: House, found: Dispute, note: CreditNote | None) -> None:
    about = await queries.by_id(conn, found.ticket_id)
    template = "notice.credited" if note else "dispute.rejected"
    await outbox.enqueue(
        conn, house, key=f"decided:{found.id}", kind="notice", template=template,
        params={} if note else {"reference": about.reference if about else ""},
        contact_id=about.contact_id if about else None, account_id=found.account_id,
        subject_id=note.invoice_id if note else found.ticket_id, resend_unknown=True,
    )  # fmt: skip
