"""The SQL of the first pass: draft invoices and lines written from staged rows, cycles moved on, the next ones opened."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from os import urandom
from typing import Any

from msgspec.json import encode
from sqlalchemy import ColumnElement, bindparam, func, literal, literal_column, select, update
from sqlalchemy import insert as sql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.model import SERIES
from core.billing.periods import close_after
from core.billing.run.draft_columns import NO_QUANTITY, Drafts
from core.billing.run.load import Partition
from core.billing.run.staging import as_json, fresh, new_invoice, new_line, new_spec
from core.billing.tables import cycle, invoice, invoice_line
from core.db.bulk import insert_many
from core.db.engine import Instant, insert
from core.parties.tables import account

TOKEN_BYTES = 16


async def save_invoices(conn: AsyncConnection, drafts: Drafts, ids: Sequence[int], run_id: int) -> None:
    """Write the drafts under `ids`; a cycle that already has an invoice breaks on the unique key rather than get a second."""
    await fresh(conn, new_invoice)
    await insert_many(conn, new_invoice, list(new_invoice.c.keys()), _invoice_rows(drafts, ids))
    staged = new_invoice.c
    values: dict[str, Any] = {
        "id": staged.id,
        "account_id": staged.account_id,
        "from_date": staged.from_date,
        "to_date": literal(drafts.partition.to_date),
        "series": literal(SERIES),
        "revision": literal_column("0"),
        "state": literal("draft"),
        "token": staged.token,
        "currency": account.c.currency,
        "total_minor": staged.total_minor,
        "tax_minor": staged.tax_minor,
        "rounding_minor": staged.rounding_minor,
        "reward_minor": staged.reward_minor,
        "estimated": staged.estimated,
        "facts": as_json(conn, staged.facts),
        "run_id": literal(run_id),
    }
    rows = select(*values.values()).join_from(new_invoice, account, account.c.id == staged.account_id)
    await conn.execute(sql_insert(invoice).from_select(list(values), rows))


def _invoice_rows(drafts: Drafts, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    due, facts = drafts.partition.due, drafts.partition.facts
    columns = (drafts.total, drafts.tax, drafts.rounding, drafts.reward, drafts.estimated)
    sums = zip(*(column.tolist() for column in columns), strict=True)
    for number, at, each, token in zip(ids, drafts.accounts.tolist(), sums, tokens(len(ids)), strict=True):
        facts_text = encode(facts[at]).decode()
        yield number, due[at].account_id, due[at].from_date, *each, token, facts_text


def tokens(count: int) -> list[str]:
    """As many secrets of 128 random bits, each 22 letters for the path of a link."""
    noise = urandom(TOKEN_BYTES * count)
    return [
        urlsafe_b64encode(noise[start : start + TOKEN_BYTES])[:22].decode()
        for start in range(0, len(noise), TOKEN_BYTES)
    ]


async def save_lines(conn: AsyncConnection, drafts: Drafts, ids: Sequence[int]) -> None:
    """Write all lines; what is the same on every bill is joined in from `new_spec`."""
    await fresh(conn, new_line, new_spec)
    specs = [
        (at, one.code, one.label, one.unit, one.price, one.kind, one.part_of) for at, one in enumerate(drafts.specs)
    ]
    await insert_many(conn, new_spec, list(new_spec.c.keys()), specs)
    lines = drafts.lines
    bills = [ids[at] for at in lines.bill.tolist()]
    rest = (lines.position, lines.service, lines.spec, lines.quantity, lines.amount)
    await insert_many(
        conn, new_line, list(new_line.c.keys()), zip(bills, *(column.tolist() for column in rest), strict=True)
    )
    line, spec = new_line.c, new_spec.c
    values: dict[str, Any] = {
        "invoice_id": line.invoice_id,
        "position": line.position,
        "service_id": line.service_id,
        "code": spec.code,
        "label": as_json(conn, spec.label),
        "quantity_micro": func.nullif(line.quantity_micro, NO_QUANTITY),
        "unit": spec.unit,
        "price": spec.price,
        "amount_minor": line.amount_minor,
        "kind": spec.kind,
        "part_of": spec.part_of,
        "booked_on": literal(drafts.partition.to_date),
    }
    rows = select(*values.values()).join_from(new_line, new_spec, spec.spec == line.spec)
    await conn.execute(sql_insert(invoice_line).from_select(list(values), rows))


def _of(partition: Partition) -> ColumnElement[bool]:
    """The cycles of a partition, by the range of its accounts."""
    first, last = partition.due[0].account_id, partition.due[-1].account_id
    return (cycle.c.to_date == partition.to_date) & cycle.c.account_id.between(first, last)


async def still_open(conn: AsyncConnection, partition: Partition) -> bool:
    """Whether nobody else built (or parked) any of the partition's cycles meanwhile."""
    query = select(func.count()).where(_of(partition), cycle.c.state == "open")
    return bool((await conn.execute(query)).scalar_one() == len(partition.due))


async def move_on(conn: AsyncConnection, drafts: Drafts, now: datetime) -> None:
    """Cycles become built (with their invoice) or parked (with the reason); those with nothing to bill are final."""
    partition = drafts.partition
    parked = [(partition.due[at].cycle_id, "parked", why) for at, why in partition.parked.items()]
    await _to_state(conn, parked, tried_at=now, parked_at=func.coalesce(cycle.c.parked_at, literal(now, Instant())))
    await _to_state(conn, [(partition.due[at].cycle_id, "final", "no service to bill") for at in drafts.nothing])
    mine = (invoice.c.account_id == cycle.c.account_id) & (invoice.c.from_date == cycle.c.from_date)
    await conn.execute(
        update(cycle)
        .where(_of(partition), cycle.c.state == "open", mine, invoice.c.series == SERIES, invoice.c.revision == 0)
        .values(state="built", invoice_id=invoice.c.id, reason=None)
    )


async def _to_state(conn: AsyncConnection, changes: Sequence[tuple[int, str, str]], **more: Any) -> None:
    if changes:
        statement = (
            update(cycle)
            .where(cycle.c.id == bindparam("cycle"))
            .values(state=bindparam("new"), reason=bindparam("why"), **more)
        )
        await conn.execute(statement, [{"cycle": number, "new": state, "why": why} for number, state, why in changes])


async def open_next(conn: AsyncConnection, partition: Partition, first_id: int) -> None:
    """Open the cycle after each of the partition's, for accounts that go on; one that is there already stays as it is."""
    closes = partition.to_date
    for anchor in sorted({due.bill_day for due in partition.due}):
        number = func.row_number().over(order_by=cycle.c.account_id) - 1 + first_id
        following = (
            select(number, cycle.c.account_id, literal(closes), literal(close_after(anchor, closes)), literal("open"))
            .join_from(cycle, account, account.c.id == cycle.c.account_id)
            .where(_of(partition), account.c.bill_day == anchor, account.c.state.not_in(ENDED))
        )
        first_id += len(partition.due)
        statement = insert(conn, cycle).from_select(["id", "account_id", "from_date", "to_date", "state"], following)
        await conn.execute(statement.on_conflict_do_nothing(index_elements=["account_id", "from_date"]))


ENDED = ("closed", "final_billed")


def ids_to_open(partition: Partition) -> int:
    """How many ids in one block `open_next` may use."""
    return len(partition.due) * len({due.bill_day for due in partition.due})


async def unpark(conn: AsyncConnection, on: date, tried_before: datetime | None = None) -> int:
    """Parked cycles that closed on or before `on` are tried again by the next build (all, or who was last tried by then); how many."""
    mine = (cycle.c.state == "parked") & (cycle.c.to_date <= on)
    if tried_before is not None:
        mine &= cycle.c.tried_at.is_(None) | (cycle.c.tried_at <= tried_before)
    return (await conn.execute(update(cycle).where(mine).values(state="open", reason=None))).rowcount


async def reward_units_on_drafts(conn: AsyncConnection) -> dict[int, int]:
    """Micro-units from points that built bills have used, per account: promised, though nothing is final yet."""
    query = (
        select(cycle.c.account_id, func.sum(func.abs(invoice_line.c.quantity_micro)))
        .join_from(cycle, invoice, invoice.c.id == cycle.c.invoice_id)
        .join(invoice_line, invoice_line.c.invoice_id == invoice.c.id)
        .where(cycle.c.state == "built", invoice.c.reward_minor < 0, invoice_line.c.code == "reward_units")
        .group_by(cycle.c.account_id)
    )
    return {row[0]: int(row[1]) for row in await conn.execute(query)}
