"""Direct debits handed to our bank as a file (pain.008), made once and kept: its message id is random, so it is never made again.

First what goes into it is written down, each attempt in one file for ever; then the XML is made in a thread and kept. A process that
dies in between leaves a file without a body, which the next making finishes.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.etree import ElementTree

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.config.payments import DirectDebit
from core.context import App, Context
from core.db import failpoints
from core.db.engine import AnyRow, insert
from core.errors import Refused
from core.payments import schemes
from core.payments.bank.tables import debit_file, debit_item
from core.payments.tables import attempt, collection, mandate

SCHEMA = "pain.008.001.08"
MOST = 5_000
"""Debits in one file."""


@dataclass(frozen=True, slots=True)
class DebitFile:
    """A file as a clerk sees it."""

    id: int
    made_at: Any
    debits: int
    total_minor: int
    currency: str
    message_id: str | None
    taken_by: str | None


async def make(app: App, *, actor: str) -> int | None:
    """Make the next file of what waits to be handed in; its id, None when nothing waits. `Refused` while the creditor is not set."""
    policy = app.operator.direct_debit
    if not (policy.creditor_name and policy.creditor_id and policy.creditor_iban):
        raise Refused("payments.debits.creditor")
    await app.db.reserve_ids(2_000)
    async with app.db.writing() as conn:
        file_id = await _unfinished(conn) or await _gather(conn, app, actor)
    if file_id is None:
        return None
    failpoints.point("payments.debits_gathered")
    async with app.db.reading() as conn:
        rows = await _debits(conn, file_id)
    message_id, body = await asyncio.to_thread(_xml, policy, rows, app.clock.now().isoformat(timespec="seconds"))
    failpoints.point("payments.debits_made")
    async with app.db.writing() as conn:
        kept = update(debit_file).where(debit_file.c.id == file_id, debit_file.c.body.is_(None))
        await conn.execute(kept.values(message_id=message_id, body=body))
    return file_id


async def _unfinished(conn: AsyncConnection) -> int | None:
    query = select(debit_file.c.id).where(debit_file.c.body.is_(None)).order_by(debit_file.c.id).limit(1)
    return (await conn.execute(query)).scalar_one_or_none()


async def _gather(conn: AsyncConnection, context: Context, actor: str) -> int | None:
    """Put what waits into a file of its own; of two who gather at once, one finds nothing left."""
    rows = await _waiting(conn, context)
    if not rows:
        return None
    used = await _used(conn, [row.mandate_id for row in rows])
    soonest = schemes.hand_in_until(context, "sepa", context.today())
    file_id, items = context.ids.take(), []
    for row in rows:
        sequence = "RCUR" if row.mandate_id in used else "FRST"
        used.add(row.mandate_id)
        items.append(_item(row.id, file_id, sequence, max(row.collect_on, soonest)))
    empty = {"id": file_id, "made_at": context.clock.now(), "made_by": actor, "currency": context.currency}
    await conn.execute(insert(conn, debit_file).values(debits=0, total_minor=0, **empty))
    await conn.execute(insert(conn, debit_item).values(items).on_conflict_do_nothing(index_elements=["attempt_id"]))
    count, total = await _sums(conn, file_id)
    if not count:
        await conn.execute(delete(debit_file).where(debit_file.c.id == file_id))
        return None
    held = update(debit_file).where(debit_file.c.id == file_id)
    await conn.execute(held.values(debits=count, total_minor=total))
    await trail.note(conn, context, actor, "debits.gathered", f"debit_file:{file_id}", debits=count)
    return file_id


async def _waiting(conn: AsyncConnection, context: Context) -> Sequence[AnyRow]:
    listed = exists().where(debit_item.c.attempt_id == attempt.c.id)
    query = (
        select(attempt.c.id, attempt.c.mandate_id, collection.c.collect_on)
        .join_from(attempt, collection, collection.c.request_id == attempt.c.request_id)
        .where(
            attempt.c.provider == "sepa",
            attempt.c.state == "awaiting_customer",
            attempt.c.currency == context.currency,
            ~listed,
        )
        .order_by(attempt.c.id)
        .limit(MOST)
    )
    return (await conn.execute(query)).all()


async def _sums(conn: AsyncConnection, file_id: int) -> tuple[int, int]:
    query = (
        select(func.count(), func.coalesce(func.sum(attempt.c.amount_minor), 0))
        .join_from(debit_item, attempt, debit_item.c.attempt_id == attempt.c.id)
        .where(debit_item.c.file_id == file_id)
    )
    row = (await conn.execute(query)).one()
    return int(row[0]), int(row[1])


def _item(attempt_id: int, file_id: int, sequence: str, on: date) -> dict[str, Any]:
    return {"attempt_id": attempt_id, "file_id": file_id, "sequence": sequence, "collect_on": on}


async def _used(conn: AsyncConnection, mandate_ids: Sequence[int]) -> set[int]:
    """Which of these mandates were in a file before."""
    query = (
        select(attempt.c.mandate_id)
        .join_from(debit_item, attempt, debit_item.c.attempt_id == attempt.c.id)
        .where(attempt.c.mandate_id.in_(mandate_ids))
    )
    return set((await conn.execute(query)).scalars())


async def _debits(conn: AsyncConnection, file_id: int) -> Sequence[AnyRow]:
    query = (
        select(
            attempt.c.provider_ref,
            attempt.c.amount_minor,
            attempt.c.currency,
            debit_item.c.sequence,
            debit_item.c.collect_on,
            mandate.c.reference,
            mandate.c.holder,
            mandate.c.iban,
            mandate.c.bic,
            mandate.c.signed_on,
        )
        .join_from(debit_item, attempt, debit_item.c.attempt_id == attempt.c.id)
        .join(mandate, attempt.c.mandate_id == mandate.c.id)
        .where(debit_item.c.file_id == file_id)
        .order_by(attempt.c.id)
    )
    return (await conn.execute(query)).all()


def _xml(policy: DirectDebit, rows: Sequence[AnyRow], made_at: str) -> tuple[str, str]:
    """(message id, XML). Nearly all of its time is the validation against the schema."""
    from sepaxml import SepaDD

    config = {
        "name": policy.creditor_name,
        "IBAN": policy.creditor_iban,
        "batch": True,
        "creditor_id": policy.creditor_id,
        "currency": rows[0].currency,
        "instrument": "CORE",
    }
    if policy.creditor_bic:
        config["BIC"] = policy.creditor_bic
    made = SepaDD(config, schema=SCHEMA, clean=True)
    for row in rows:
        made.add_payment(_payment(policy, row))
    body = made.export(validate=True).decode()
    return str(made.msg_id), _at(body, made_at)


def _payment(policy: DirectDebit, row: AnyRow) -> dict[str, Any]:
    payment = {
        "name": row.holder,
        "IBAN": row.iban,
        "amount": row.amount_minor,
        "type": row.sequence,
        "collection_date": row.collect_on,
        "mandate_id": row.reference,
        "mandate_date": row.signed_on,
        "description": f"{policy.creditor_name} {row.provider_ref}",
        "endtoend_id": row.provider_ref,
    }
    return payment | ({"BIC": row.bic} if row.bic else {})


def _at(body: str, made_at: str) -> str:
    """The file with our clock's time: the library writes the machine's."""
    root = ElementTree.fromstring(body)  # noqa: S314 - our own, made a moment ago
    ElementTree.register_namespace("", root.tag[1:].partition("}")[0])
    for one in root.iter():
        if one.tag.endswith("}CreDtTm"):
            one.text = made_at[:19]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode")


async def listing(conn: AsyncConnection, limit: int = 50) -> list[DebitFile]:
    """The latest files."""
    query = select(*(debit_file.c[name] for name in DebitFile.__dataclass_fields__)).order_by(debit_file.c.id.desc())
    return [DebitFile(*row) for row in await conn.execute(query.limit(limit))]


async def waiting(conn: AsyncConnection) -> tuple[int, int]:
    """How many debits wait to be put into a file, and their sum."""
    listed = exists().where(debit_item.c.attempt_id == attempt.c.id)
    query = select(func.count(), func.coalesce(func.sum(attempt.c.amount_minor), 0)).where(
        attempt.c.provider == "sepa", attempt.c.state == "awaiting_customer", ~listed
    )
    row = (await conn.execute(query)).one()
    return int(row[0]), int(row[1])


async def body(conn: AsyncConnection, context: Context, file_id: int, *, actor: str) -> str:
    """The file to hand to the bank; who took it is written down. `Refused` when there is none."""
    found = (await conn.execute(select(debit_file.c.body).where(debit_file.c.id == file_id))).scalar_one_or_none()
    if found is None:
        raise Refused("payments.debits.none", status=404)
    took = update(debit_file).where(debit_file.c.id == file_id, debit_file.c.taken_by.is_(None))
    await conn.execute(took.values(taken_by=actor, taken_at=context.clock.now()))
    await trail.note(conn, context, actor, "debits.taken", f"debit_file:{file_id}")
    return str(found)
