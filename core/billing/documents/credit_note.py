"""Credit notes: what a final bill was wrong by, as a document of its own, with gapless numbers and postings of its own.

The bill stays as it was. A note's lines are the bill's lines the other way round, each naming the one it is of; its journal gives back
exactly the revenue and the tax that those lines had booked. What is open of the bill is the caller's business.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.documents import document
from core.billing.documents.credit_amounts import Cut, Follower, followers, late_follower, left, off_line, share
from core.billing.documents.document import DocumentDraft
from core.billing.model import CREDIT, BillLine
from core.billing.queries import lines_of
from core.billing.tables import invoice, invoice_line
from core.catalog import queries as catalog
from core.context import Context
from core.errors import Refused
from core.parties.tables import service_plan
from core.rating.tariff import Tariff

WHOLE_BILL = -1
"""Stands for every line of the bill."""


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note; `amount_minor` (> 0) is what it takes off."""

    invoice_id: int
    number: str
    token: str
    amount_minor: int
    tax_minor: int


async def cut_of(conn: AsyncConnection, invoice_id: int, position: int, amount_minor: int | None) -> Cut:
    """What to take off: `amount_minor` of the item (None: all that is left of it), and what was reckoned on it.

    Of a line the amount is before the taxes that follow it; of the whole bill (position -1) it is all in all.
    """
    lines = await lines_of(conn, invoice_id)
    taken = await _taken(conn, invoice_id)
    rest = left(lines, taken)
    room = sum(rest.values()) - taken[WHOLE_BILL]
    line = next((one for one in lines if one.position == position), None)
    if line is None and position != WHOLE_BILL:
        raise Refused("dispute.unknown_line", status=404)
    most = min(room, rest[line.position] if line else room)
    amount = most if amount_minor is None else amount_minor
    if not 0 < amount <= most:
        raise Refused("credit.amount", status=409)
    if line is None:
        return share(rest, amount)
    cut = off_line(lines, taken, line, amount, await _followers(conn, invoice_id, lines, line))
    if sum(cut.values()) > room:
        raise Refused("credit.amount", status=409)
    return cut


async def contested(conn: AsyncConnection, invoice_id: int, position: int, others: Sequence[int]) -> int:
    """What a line comes to with all that was reckoned on it, as far as no credit took it and the lines `others` do not claim it."""
    lines = await lines_of(conn, invoice_id)
    taken, of = await _taken(conn, invoice_id), {line.position: line for line in lines}
    if position not in of:
        raise Refused("dispute.unknown_line", status=404)
    frozen = 0
    for at in (*(other for other in others if other in of), position):
        amount = max(0, of[at].amount_minor - taken[at])
        cut = off_line(lines, taken, of[at], amount, await _known(conn, invoice_id, lines, of[at])) if amount else {}
        taken.update(cut)
        frozen = sum(cut.values())
    return max(0, frozen)


async def _known(conn: AsyncConnection, invoice_id: int, lines: Sequence[BillLine], line: BillLine) -> list[Follower]:
    """The same; nothing where the tariff is gone, as a customer may contest a line all the same."""
    try:
        return await _followers(conn, invoice_id, lines, line)
    except Refused:
        return []


async def _followers(
    conn: AsyncConnection, invoice_id: int, lines: Sequence[BillLine], line: BillLine
) -> list[Follower]:
    """The shares of the tariffs that the service was on in the bill's days, and the tax of a correction."""
    plan = service_plan.c
    query = (
        select(plan.tariff, plan.from_date, invoice.c.from_date.label("since"), invoice.c.to_date.label("until"))
        .join_from(invoice, service_plan, plan.from_date < invoice.c.to_date)
        .where(invoice.c.id == invoice_id, plan.service_id == line.service_id)
        .order_by(plan.from_date)
    )
    plans = (await conn.execute(query)).all()
    later = [*plans[1:], None][: len(plans)]
    current = [row for row, after in zip(plans, later, strict=True) if after is None or after.from_date > row.since]
    versions: list[Tariff] = []
    for row in current:
        versions += await catalog.versions_between(conn, row.tariff, max(row.since, row.from_date), row.until)
    return [*followers(versions), *late_follower(lines, line)]


async def _taken(conn: AsyncConnection, invoice_id: int) -> Counter[int]:
    """What earlier credit notes took of each line; what a correction of the usage took is of no line, but of the bill."""
    taken: Counter[int] = Counter()
    query = select(invoice_line.c.position, invoice_line.c.amount_minor, invoice.c.facts).join_from(
        invoice_line, invoice, invoice.c.id == invoice_line.c.invoice_id
    )
    for position, amount, facts in await conn.execute(query.where(invoice.c.corrects_id == invoice_id)):
        taken[facts["corrects"]["lines"].get(str(position), WHOLE_BILL)] -= amount
    return taken


async def credit(
    conn: AsyncConnection, context: Context, invoice_id: int, cut: Cut, why: Mapping[str, str]
) -> CreditNote:
    """Write the note: document, lines, journal and number. The caller holds the bill's open item, so that no two are cut at once."""
    bill = (await conn.execute(select(invoice).where(invoice.c.id == invoice_id))).one()
    lines = [line for line in await lines_of(conn, invoice_id) if line.position in cut]
    refers = {str(at): line.position for at, line in enumerate(lines, 1)}
    back = [_line(at, line, cut[line.position]) for at, line in enumerate(lines, 1)]
    return await write(conn, context, context.ids.take(), bill, back, {"lines": refers, **why})


async def write(
    conn: AsyncConnection,
    context: Context,
    note_id: int,
    bill: Row[Any],
    lines: Sequence[BillLine],
    why: Mapping[str, Any],
) -> CreditNote:
    """The note of these lines (below zero together) on a bill; `why` says in its facts what they are of."""
    if sum(line.amount_minor for line in lines) >= 0:
        raise Refused("credit.amount", status=409)
    note = DocumentDraft(
        note_id,
        CREDIT,
        context.operator.billing.credit_prefix,
        bill,
        tuple(lines),
        context.today(),
        {"corrects": {"number": bill.number, **why}},
        corrects_id=bill.id,
    )
    written = await document.write(conn, context, note)
    return CreditNote(note_id, written.number, written.token, -note.total_minor, -note.by_book["tax"])


def _line(at: int, line: BillLine, minor: int) -> BillLine:
    """A line of the note; quantity and price only where the whole line is taken back."""
    if minor != line.amount_minor:
        return replace(line, position=at, amount_minor=-minor, quantity_micro=None, unit=None, price=None)
    quantity = None if line.quantity_micro is None else -line.quantity_micro
    return replace(line, position=at, amount_minor=-minor, quantity_micro=quantity)


async def note_of(conn: AsyncConnection, invoice_id: int, dispute_id: int) -> CreditNote | None:
    """The note that a dispute of a bill led to."""
    columns = [invoice.c[name] for name in ("id", "number", "token", "total_minor", "tax_minor", "facts")]
    for row in await conn.execute(select(*columns).where(invoice.c.corrects_id == invoice_id)):
        if row.facts["corrects"].get("dispute") == str(dispute_id):
            return CreditNote(row.id, row.number, row.token, -row.total_minor, -row.tax_minor)
    return None
