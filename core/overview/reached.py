"""What many customers have and how they are reached: their accounts and contacts, one question each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.overview.listing import AnyRow
from core.parties.tables import account, contact


@dataclass(frozen=True, slots=True)
class Reached:
    """`accounts`: id, number, closed_on. `contacts`: channel, channel_user, phone, language."""

    accounts: list[AnyRow] = field(default_factory=list)
    contacts: list[AnyRow] = field(default_factory=list)


async def reached(conn: AsyncConnection, party_ids: Sequence[int]) -> Mapping[int, Reached]:
    """Party id -> its accounts and contacts."""
    match: dict[int, Reached] = defaultdict(Reached)
    mine = select(account.c.party_id, account.c.id, account.c.number, account.c.closed_on).where(
        account.c.party_id.in_(party_ids)
    )
    for row in await conn.execute(mine.order_by(account.c.id)):
        match[row.party_id].accounts.append(row)
    columns = (contact.c.party_id, contact.c.channel, contact.c.channel_user, contact.c.phone, contact.c.language)
    theirs = select(*columns).where(contact.c.party_id.in_(party_ids))
    for known in await conn.execute(theirs.order_by(contact.c.id)):
        match[known.party_id].contacts.append(known)
    return match
