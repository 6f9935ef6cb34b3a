"""One box that finds a customer by anything they can name: account, name, phone, meter, invoice, ticket or receipt.

Meters, invoices, tickets and receipts belong to rooms above this one, so their tables are only named here, by the columns a
search needs (tests/core/parties/test_search.py holds them against the real ones). Every identifier is an indexed look-up of
its own; together they are one statement. Any part of a name of three letters or more finds it.
"""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, column, literal, select, table, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.parties import tables as t
from core.parties.model import Hit
from core.phone import subscriber

MOST_HITS = 50
SHORTEST_NAME = 3

meter = table("meter", column("serial"), column("service_id"))
invoice = table("invoice", column("number"), column("account_id"))
ticket = table("ticket", column("reference"), column("account_id"))
receipt = table("receipt", column("provider_txn"), column("account_id"))


async def search(conn: AsyncConnection, text: str, branch: int | None = None) -> list[Hit]:
    """What `text` may mean, exact identifiers before names; only accounts of `branch` where one is given.

    At most `MOST_HITS`.
    """
    wanted = text.strip()
    if not wanted:
        return []
    by_name = [_by_name(wanted)] if len(wanted) >= SHORTEST_NAME else []
    match = union_all(*_exact(wanted), *by_name).cte("found")
    return [Hit(*row) for row in await conn.execute(_with_accounts(match, branch))]


def _exact(wanted: str) -> list[Select[Any]]:
    spelled = {wanted, wanted.upper()}
    phone = {wanted, "+" + wanted.lstrip("+")}
    service = t.service
    return [
        _hit(0, "account", t.account.c.number, t.account.c.id).where(t.account.c.number.in_(spelled)),
        _hit(1, "phone", t.contact.c.phone, t.contact_account.c.account_id)
        .select_from(t.contact.outerjoin(t.contact_account))
        .where(t.contact.c.phone.in_(phone) | t.contact.c.subscriber.in_({subscriber(one) for one in phone})),
        _hit(2, "meter", meter.c.serial, service.c.account_id)
        .select_from(meter.outerjoin(service, service.c.id == meter.c.service_id))
        .where(meter.c.serial.in_(spelled)),
        _hit(3, "invoice", invoice.c.number, invoice.c.account_id).where(invoice.c.number.in_(spelled)),
        _hit(4, "ticket", ticket.c.reference, ticket.c.account_id).where(ticket.c.reference.in_(spelled)),
        _hit(5, "receipt", receipt.c.provider_txn, receipt.c.account_id).where(receipt.c.provider_txn.in_(spelled)),
    ]


def _by_name(wanted: str) -> Select[Any]:
    named = t.party.c.name.icontains(wanted, autoescape=True)
    return _hit(6, "party", t.party.c.name, t.account.c.id).select_from(t.party.outerjoin(t.account)).where(named)


def _hit(rank: int, kind: str, text: ColumnElement[Any], account_id: ColumnElement[Any]) -> Select[Any]:
    return select(
        literal(rank).label("rank"), literal(kind).label("kind"), text.label("text"), account_id.label("account_id")
    )


def _with_accounts(found: CTE, branch: int | None) -> Select[Any]:
    a, p = t.account, t.party
    rows = (
        select(found.c.kind, found.c.text, found.c.account_id, a.c.number, p.c.name)
        .select_from(found.outerjoin(a, a.c.id == found.c.account_id).outerjoin(p, p.c.id == a.c.party_id))
        .order_by(found.c.rank, a.c.number)
        .limit(MOST_HITS)
    )
    return rows if branch is None else rows.where(a.c.branch_id == branch)
