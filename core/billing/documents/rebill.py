"""Bills put right at once (`late_usage: rebill`): what a final bill is off by, as a credit note or a late invoice of its own.

What it is off by is found and rated by the code that would put it on the next bill (`reckon.off_by`). Once: what the period is billed
for from now on is recorded with the document, under the revision that only one can take. All documents of a period together never
take off more than was charged for it: where a dispute has given back money already, the correction gives back the rest.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, case, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.cycles import unbilled_since
from core.billing.documents import credit_note
from core.billing.documents import document as notes
from core.billing.documents.credit_amounts import share
from core.billing.documents.credit_note import CreditNote
from core.billing.documents.document import DocumentDraft
from core.billing.documents.late_usage import LATE_TAX, LATE_USE
from core.billing.due import due_on
from core.billing.model import CREDIT, LATE, SERIES, BillLine, FinalBill
from core.billing.render.labels import Spec, Specs
from core.billing.run.draft_columns import Correction
from core.billing.run.own_sources import HouseSources
from core.billing.run.rate_partition import RatingDesk, off_by
from core.billing.run.sources import UsedRow
from core.billing.tables import invoice, invoice_line
from core.context import Context
from core.db.in_list import in_list
from core.ledger import open_items
from core.ledger.tables import open_item
from core.metering.consumption import consumption
from core.metering.consumption.late import Arrivals, arrivals
from core.parties.tables import service

PREFIX = "COR-"
"""Of the numbers of late invoices."""


class AnotherWasQuicker(Exception):
    """Somebody else has corrected the same period meanwhile: roll back, there is nothing left to do."""


@dataclass(frozen=True, slots=True)
class Off:
    """A final bill and what its services are off by."""

    account_id: int
    invoice_id: int
    corrections: tuple[Correction, ...]


async def came_since_billing(conn: AsyncConnection, context: Context) -> Arrivals:
    """What usage came since the bills that are out, of any day before today."""
    today = context.today()
    return await arrivals(conn, context, await unbilled_since(conn, date.max) or today, today)


async def services(conn: AsyncConnection, after: int, size: int, account_id: int | None = None) -> dict[int, int]:
    """The next services (service -> account) that bills are made for, by their ids; of one account where it is given."""
    query = select(service.c.id, service.c.account_id).where(
        service.c.id > after,
        service.c.payment_mode == "postpaid",
        service.c.state != "ordered",
        true() if account_id is None else service.c.account_id == account_id,
    )
    return {row.id: row.account_id for row in await conn.execute(query.order_by(service.c.id).limit(size))}


async def find(conn: AsyncConnection, context: Context, owner: Mapping[int, int], came: Arrivals) -> list[Off]:
    """The final bills of these services that are off."""
    match = await off_by(RatingDesk(conn, context, HouseSources(), came), owner, context.today())
    wrong: dict[tuple[int, int], list[Correction]] = defaultdict(list)
    for one in match:
        if one.rows and (one.net or one.tax or one.now != one.was):
            wrong[one.account, one.invoice_id].append(one)
    final = select(invoice.c.id).where(
        in_list(conn, invoice.c.id, {bill for _, bill in wrong}), invoice.c.state == "final", invoice.c.series == SERIES
    )
    bills = set((await conn.execute(final)).scalars())
    return [Off(*key, tuple(same)) for key, same in sorted(wrong.items()) if key[1] in bills]


async def hold(conn: AsyncConnection, off: Off) -> dict[int, int]:
    """Lock what was asked for the period (invoice -> what is open of it): the bill first, then its late invoices."""
    same = and_(
        invoice.c.account_id == open_item.c.account_id,
        invoice.c.from_date == off.corrections[0].from_date,
        invoice.c.series.in_((SERIES, LATE)),
    )
    query = (
        select(open_item.c.invoice_id, open_item.c.open_minor)
        .join(invoice, and_(invoice.c.id == open_item.c.invoice_id, same))
        .where(open_item.c.account_id == off.account_id)
        .order_by(invoice.c.series, invoice.c.revision)
    )
    rows = (await conn.execute(query.with_for_update(of=open_item))).all()
    return {row.invoice_id: int(row.open_minor) for row in rows}


async def worth(conn: AsyncConnection, off: Off) -> int:
    """What the document would come to; below zero: a credit."""
    bill = (await conn.execute(select(invoice).where(invoice.c.id == off.invoice_id))).one()
    return sum(line.amount_minor for line in await _within_room(conn, bill, _lines(off.corrections)))


async def issue(conn: AsyncConnection, context: Context, off: Off) -> CreditNote | FinalBill | None:
    """Put the bill right by a document; None when nothing of it is money. The caller holds what was asked for the period.

    Raises `AnotherWasQuicker` when the same was corrected meanwhile.
    """
    bill = (await conn.execute(select(invoice).where(invoice.c.id == off.invoice_id))).one()
    lines = await _within_room(conn, bill, _lines(off.corrections))
    document = context.ids.take() if lines else bill.id
    rows = [
        replace(row, invoice_id=document, revision=revision) for one in off.corrections for row, revision in one.rows
    ]
    await _record(conn, context, rows)
    if not lines:
        return None
    if sum(line.amount_minor for line in lines) < 0:
        return await credit_note.write(conn, context, document, bill, lines, {"lines": {}, "late": True})
    return await _late_invoice(conn, context, document, bill, lines, any(row.estimated_micro for row in rows))


def _lines(corrections: Sequence[Correction]) -> list[BillLine]:
    """The lines that the next bill would have carried."""
    specs, found = Specs(), list[BillLine]()

    def add(one: Correction, spec: Spec, quantity: int | None, minor: int) -> None:
        label = json.loads(spec.label)
        found.append(
            BillLine(len(found) + 1, one.service, spec.code, label, quantity, spec.unit, spec.price, minor, spec.kind)
        )

    for one in corrections:
        if one.net:
            use = specs.all[specs.take_late(one.from_date, one.to_date, one.was, one.now, one.unit)]
            add(one, use, one.now - one.was, one.net)
        if one.tax:
            add(one, specs.all[specs.take_late_tax(one.from_date, one.to_date)], None, one.tax)
    return found


async def _within_room(conn: AsyncConnection, bill: Row[Any], lines: list[BillLine]) -> list[BillLine]:
    """The lines, but where they take off more than the period is charged, a share of each."""
    total = -sum(line.amount_minor for line in lines)
    if total <= 0 or total <= (room := await _room(conn, bill)):
        return lines
    if room <= 0:
        return []
    cut = share({line.position: -line.amount_minor for line in lines}, room)
    return [replace(line, amount_minor=-cut[line.position]) for line in lines if line.position in cut]


async def _room(conn: AsyncConnection, bill: Row[Any]) -> int:
    """What the period is charged for by all its documents; what its bill took off for earlier ones is theirs."""
    line = invoice_line.c
    earlier = and_(
        invoice.c.series == SERIES,
        line.amount_minor < 0,
        func.substr(line.code, 1, len(LATE_USE) + 1).in_((f"{LATE_USE}:", f"{LATE_TAX}:")),
    )
    query = (
        select(func.coalesce(func.sum(case((earlier, 0), else_=line.amount_minor)), 0))
        .join_from(invoice, invoice_line, line.invoice_id == invoice.c.id)
        .where(
            invoice.c.account_id == bill.account_id,
            invoice.c.from_date == bill.from_date,
            invoice.c.series.in_((SERIES, CREDIT, LATE)),
            invoice.c.state == "final",
        )
    )
    return int((await conn.execute(query)).scalar_one())


async def _record(conn: AsyncConnection, context: Context, rows: Sequence[UsedRow]) -> None:
    """What the services were billed for from now on."""
    of_revision: dict[int, list[UsedRow]] = defaultdict(list)
    for row in rows:
        of_revision[row.revision].append(row)
    for revision, same in sorted(of_revision.items()):
        if await consumption.save(conn, context, same, revision=revision) != len(same):
            raise AnotherWasQuicker


async def _late_invoice(
    conn: AsyncConnection, context: Context, invoice_id: int, bill: Row[Any], lines: Sequence[BillLine], estimated: bool
) -> FinalBill:
    due = due_on(context, context.today())
    facts = {"estimated": {}, "late_of": bill.number}
    note = DocumentDraft(invoice_id, LATE, PREFIX, bill, tuple(lines), due, facts, estimated=estimated)
    written = await notes.write(conn, context, note)
    total = note.total_minor
    await open_items.open_one(
        conn,
        invoice_id=invoice_id,
        account_id=bill.account_id,
        due_on=due,
        total_minor=total,
        on=context.today(),
    )
    return FinalBill(
        invoice_id, bill.account_id, written.number, written.token, total, bill.currency, due, to_pay_minor=total
    )
