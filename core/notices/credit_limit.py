"""The words of a credit limit: nearly used, used up, what follows and from when. Composed as they leave, from how things stand then."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.collections.limits import Exposure
from core.context import Context
from core.db.in_list import in_list
from core.journeys.credit_limit import exposure
from core.journeys.credit_limit.restrict import restricts_from
from core.journeys.dunning import load
from core.journeys.dunning.lift_restriction import limit_level
from core.notices.recipients import Recipient
from core.notices.words import NoticeWords, Untrue
from core.outbox.queue import OutboxRow
from core.parties.tables import account
from core.text import days


@dataclass(frozen=True, slots=True)
class LimitFacts:
    """An account's exposure as it stands, its segment, and whether no line of hers is restricted whatever she owes."""

    now: Exposure
    segment: str
    shielded: bool


async def gather(conn: AsyncConnection, context: Context, ids: Collection[int]) -> Mapping[int, LimitFacts]:
    """Exposures by account."""
    now = await exposure.fresh(conn, context, ids)
    shields = await exposure.shielded(conn, context, list(now))
    rows = await conn.execute(select(account.c.id, account.c.segment).where(in_list(conn, account.c.id, list(now))))
    return {row.id: LimitFacts(now[row.id], row.segment, row.id in shields) for row in rows}


def write(context: Context, row: OutboxRow, reader: Recipient, facts: LimitFacts) -> NoticeWords | Untrue:
    """What a threshold says; nothing once less is used again."""
    now = facts.now
    least = context.operator.collections.credit_limit.warn_percent if row.template == "notice.limit_near" else 100
    if now.limit_minor is None or now.percent < least or now.round != row.params["round"]:
        return Untrue("less is used again")
    if row.template == "notice.limit_barred" and not now.barred:
        return Untrue("nothing is limited any more")
    says: dict[str, object] = {
        "operator": context.operator.short_name,
        "ussd": context.operator.ussd_code,
        "percent": now.percent,
        "used": money.show(now.owes.total_minor, context.currency, reader.language),
        "limit": money.show(now.limit_minor, context.currency, reader.language),
    }
    if row.template != "notice.limit_reached" or facts.shielded or limit_level(context) is None:
        return NoticeWords(row.template, says, can_wait=True)
    first = restricts_from(context, load.rules_of(context, facts.segment), context.today())
    return NoticeWords("notice.limit_bars", says | {"date": days.spoken(reader.language, first)}, can_wait=True)
