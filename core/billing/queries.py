"""What customers and clerks ask about bills. `owing` and `last_bills` are one indexed statement each: they are in every turn."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.model import Bill, BillLine, BillSummary, MonthUse, Owing
from core.billing.render.assemble import services
from core.billing.tables import invoice, invoice_line
from core.context import Context
from core.ledger.tables import open_item
from core.metering.tables import consumption, meter
from core.parties.tables import account, service

MONTHS = 13
"""Periods on the chart of a bill: a year, and the same month of the year before."""


async def last_bills(conn: AsyncConnection, account_id: int, limit: int = 3) -> list[BillSummary]:
    """The account's last final bills, latest first."""
    names = ("id", "number", "from_date", "to_date", "total_minor")
    query = (
        select(
            *(invoice.c[name] for name in names),
            open_item.c.open_minor,
            open_item.c.disputed_minor,
            invoice.c.due_on,
            invoice.c.currency,
            invoice.c.estimated,
            invoice.c.token,
        )
        .join_from(invoice, open_item, open_item.c.invoice_id == invoice.c.id)
        .where(invoice.c.account_id == account_id, invoice.c.state == "final")
        .order_by(invoice.c.to_date.desc(), invoice.c.id.desc())
        .limit(limit)
    )
    return [BillSummary(*row) for row in await conn.execute(query)]


async def owing(conn: AsyncConnection, account_id: int) -> Owing:
    """What the account has to pay; the due day is the earliest of what is open and not disputed."""
    item = open_item.c
    sums = [func.coalesce(func.sum(column), 0) for column in (item.open_minor, item.disputed_minor)]
    due = func.min(item.due_on).filter(item.open_minor > item.disputed_minor)
    query = (
        select(*sums, due, account.c.currency)
        .join_from(account, open_item, (item.account_id == account.c.id) & (item.open_minor > 0), isouter=True)
        .where(account.c.id == account_id)
        .group_by(account.c.id, account.c.currency)
    )
    row = (await conn.execute(query)).first()
    return Owing(int(row[0]), int(row[1]), row[2], row[3]) if row else Owing(0, 0, None, "")


async def bill(
    conn: AsyncConnection, *, invoice_id: int | None = None, token: str | None = None, context: Context | None = None
) -> Bill | None:
    """The one data set of a final bill, by its id or by the secret of its link; None when there is no such bill.

    Without `house` it names no operator and links nowhere.
    """
    note = invoice.alias("note")
    credited = select(func.coalesce(-func.sum(note.c.total_minor), 0)).where(note.c.corrects_id == invoice.c.id)
    items = [func.coalesce(open_item.c[name], 0).label(name) for name in ("open_minor", "disputed_minor")]
    query = select(invoice, *items, credited.scalar_subquery().label("credited_minor")).join_from(
        invoice, open_item, open_item.c.invoice_id == invoice.c.id, isouter=True
    )
    chosen = invoice.c.token == token if token is not None else invoice.c.id == invoice_id
    row = (await conn.execute(query.where(chosen, invoice.c.state == "final"))).first()
    if row is None:
        return None
    lines = await lines_of(conn, row.id)
    use, unit = ((), "") if row.corrects_id else await _use(conn, row.account_id, row.to_date)
    return _bill(context, row, lines, use, unit)


def _bill(
    context: Context | None, row: Row[Any], lines: Sequence[BillLine], use: tuple[MonthUse, ...], unit: str
) -> Bill:
    public = context.site.public_url if context else ""
    operator, support = (context.operator.name, context.operator.support_phone) if context else ("", "")
    return Bill(
        invoice_id=row.id,
        account_id=row.account_id,
        number=row.number,
        token=row.token,
        name=row.facts["name"],
        account_number=row.facts["number"],
        from_date=row.from_date,
        to_date=row.to_date,
        issued_on=row.issued_on,
        due_on=row.due_on,
        currency=row.currency,
        total_minor=row.total_minor,
        tax_minor=row.tax_minor,
        rounding_minor=row.rounding_minor,
        before_minor=row.before_minor or 0,
        paid_minor=max(0, max(0, row.total_minor) - row.open_minor - row.credited_minor),
        open_minor=row.open_minor,
        disputed_minor=row.disputed_minor,
        estimated=row.estimated,
        services=services(row.facts, lines),
        use=use,
        use_unit=unit,
        operator=operator,
        support_phone=support,
        url=f"{public}/b/{row.token}" if public else "",
        credited_minor=int(row.credited_minor),
        corrects=row.facts["corrects"]["number"] if row.corrects_id else "",
    )


async def lines_of(conn: AsyncConnection, invoice_id: int) -> list[BillLine]:
    """The lines of a bill or a credit note, in its order."""
    columns = [invoice_line.c[name] for name in BillLine.__dataclass_fields__]
    query = select(*columns).where(invoice_line.c.invoice_id == invoice_id).order_by(invoice_line.c.position)
    return [BillLine(*row) for row in await conn.execute(query)]


async def use_until(conn: AsyncConnection, account_id: int, to: date) -> tuple[tuple[MonthUse, ...], str]:
    """Use of the last periods that ended by `to`, oldest first, and its unit; nothing and "" where nothing was measured."""
    return await _use(conn, account_id, to)


async def _use(conn: AsyncConnection, account_id: int, to: date) -> tuple[tuple[MonthUse, ...], str]:
    """Use of the last periods up to `to`, oldest first, and its unit: of the kind of meter its first service has."""
    mine = (service.c.account_id == account_id) & (consumption.c.to_date <= to)
    code = select(consumption.c.meter_code, meter.c.unit).join_from(
        consumption, service, service.c.id == consumption.c.service_id
    )
    code = code.outerjoin(meter, (meter.c.service_id == service.c.id) & (meter.c.code == consumption.c.meter_code))
    first = (await conn.execute(code.where(mine).order_by(service.c.id, meter.c.id).limit(1))).first()
    if first is None:
        return (), ""
    later = consumption.alias("later")
    superseded = select(later.c.id).where(
        later.c.service_id == consumption.c.service_id,
        later.c.meter_code == consumption.c.meter_code,
        later.c.from_date == consumption.c.from_date,
        later.c.revision > consumption.c.revision,
    )
    sums = (func.sum(consumption.c.quantity_micro), func.max(consumption.c.estimated_micro))
    query = (
        select(consumption.c.from_date, func.max(consumption.c.to_date), *sums)
        .join_from(service, consumption, consumption.c.service_id == service.c.id)
        .where(mine, consumption.c.meter_code == first.meter_code, ~superseded.exists())
        .group_by(consumption.c.from_date)
        .order_by(consumption.c.from_date.desc())
        .limit(MONTHS)
    )
    rows = reversed((await conn.execute(query)).all())
    return tuple(MonthUse(row[0], row[1], int(row[2]), row[3] > 0) for row in rows), first.unit or ""
