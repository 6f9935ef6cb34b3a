"""Mandates as the console lists them."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.overview.listing import AnyRow
from core.parties.tables import account, branch, party
from core.payments.tables import collection, mandate


async def mandates(
    conn: AsyncConnection, *, state: str = "", branch_code: str | None = None, limit: int = 200
) -> Sequence[AnyRow]:
    """The newest mandates of a state (or of all), each with its customer and what is planned next under it."""
    planned = (
        select(func.min(collection.c.collect_on))
        .where(collection.c.mandate_id == mandate.c.id, collection.c.state == "planned")
        .scalar_subquery()
    )
    query = (
        select(
            mandate.c.reference,
            mandate.c.provider,
            mandate.c.masked,
            mandate.c.state,
            mandate.c.created_at,
            mandate.c.account_id,
            account.c.number,
            party.c.name,
            planned.label("next_on"),
        )
        .join_from(mandate, account, mandate.c.account_id == account.c.id)
        .join(party, account.c.party_id == party.c.id)
        .outerjoin(branch, account.c.branch_id == branch.c.id)
        .order_by(mandate.c.id.desc())
        .limit(limit)
    )
    if state:
        query = query.where(mandate.c.state == state)
    if branch_code is not None:
        query = query.where(branch.c.code == branch_code)
    return (await conn.execute(query)).all()
