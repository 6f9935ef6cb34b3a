"""What the whole ladder did not bring goes to a collection agency, by a person's word; and comes back by one.

Accounts are held while they are looked at, so money that comes in the same moment is either seen, or takes the account back again in
its own transaction (`account_unbarred`).
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.collections import agency
from core.collections.placing import placeable
from core.collections.tables import episode
from core.context import App, Context
from core.errors import Refused
from core.journeys.dunning import load
from core.parties.tables import account, branch
from core.payments.store import hold_accounts

BATCH = 1_000


async def place(app: App, code: str, *, actor: str, branch_code: str | None = None) -> int:
    """Place every account that stands behind the last step of its ladder, as the agency's rules say; how many. Its own transactions."""
    agreed, last, done = agency.known(app, code), 0, 0
    while True:
        await app.db.reserve_ids(2 * BATCH)
        async with app.db.writing() as conn:
            ids = await _waiting(conn, app, agreed.after_days, branch_code, last)
            done += await _place(conn, app, code, ids, agreed.after_days, actor)
        if len(ids) < BATCH:
            return done
        last = ids[-1]


async def _waiting(
    conn: AsyncConnection, context: Context, after_days: int, branch_code: str | None, last: int
) -> list[int]:
    """Accounts to look at, by id: so long after a step that it may have been the last."""
    query = select(episode.c.open_id).where(
        episode.c.open_id > last,
        episode.c.done_on <= context.today() - timedelta(days=after_days),
        or_(episode.c.held.is_(None), episode.c.held != "agency"),
    )
    if branch_code is not None:
        query = query.join(account, account.c.id == episode.c.open_id).join(branch, branch.c.id == account.c.branch_id)
        query = query.where(branch.c.code == branch_code)
    return list((await conn.execute(query.order_by(episode.c.open_id).limit(BATCH))).scalars())


async def choose(conn: AsyncConnection, context: Context, code: str, account_ids: Sequence[int], *, actor: str) -> None:
    """Place these, wherever on the ladder they stand; `Refused` where one of them may not be, and then none is."""
    chosen = sorted(set(account_ids))
    if await _place(conn, context, code, chosen, None, actor) < len(chosen):
        raise Refused("collections.agency.not_free")


async def _place(
    conn: AsyncConnection, context: Context, code: str, account_ids: Sequence[int], after_days: int | None, actor: str
) -> int:
    agreed, today = agency.known(context, code), context.today()
    least = money.parse(agreed.minimum, context.currency)
    await hold_accounts(conn, account_ids)
    standings = await load.standings(conn, context, today, account_ids)
    rules = {one: load.rules_of(context, one) for one in {standing.segment for standing in standings}}
    free = [one for one in standings if placeable(one, rules[one.segment], today, least=least, after_days=after_days)]
    return await agency.place(conn, context, code, free, actor=actor) if free else 0


async def recall(conn: AsyncConnection, context: Context, account_id: int, *, reason: str, actor: str) -> None:
    """A person takes an account back, and says why."""
    answer = reason.strip()[:300]
    if len(answer) < 5:
        raise Refused("collections.agency.reason")
    if not await agency.recall(conn, context, {account_id: answer}, actor=actor):
        raise Refused("collections.agency.none")
