"""Nothing justifies a restriction any more (money came, the debt is contested or arranged, someone is protected): it is lifted at once.

In the transaction of whatever happened: the wish, the command that leaves before any notice, and the word to the customer commit with it.
"""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections import agency, store
from core.collections.ladder import advance
from core.collections.placing import recalled
from core.context import Context
from core.journeys.credit_limit import exposure
from core.journeys.dunning import fees, load
from core.journeys.dunning.lift_restriction import lift, release
from core.provisioning import queries as barring


async def reconsider(conn: AsyncConnection, context: Context, account_id: int, why: str) -> bool:
    """Something changed for an account: end or hold its episode, and lift what nothing justifies. Whether something was lifted."""
    freed = await exposure.review(conn, context, account_id)
    released = await release(conn, context, freed) if freed else 0
    return await _ladder(conn, context, account_id, why) or released > 0


async def _ladder(conn: AsyncConnection, context: Context, account_id: int, why: str) -> bool:
    """End or hold the episode."""
    [standing] = await load.standings(conn, context, context.today(), [account_id])
    rules = load.rules_of(context, standing.segment)
    if standing.agency and (reason := recalled(standing, rules, context.today())):
        await agency.recall(conn, context, {account_id: reason}, actor=f"job:{why}")
        standing = replace(standing, agency=None)
    if standing.episode is None:
        return await lift(conn, context, await barring.restricted(conn, [account_id]), why) > 0
    result, _ = advance(standing, rules, context.today())
    first = result[0]
    if first.kind == "end":
        await store.end(conn, standing.episode.id, first.on, first.reason)
    elif first.kind == "hold" and first.lifts:
        await store.hold(conn, standing.episode.id, first.hold)
    if not first.lifts:
        return False
    if why.startswith("receipt:"):
        services = await barring.services_of(conn, [account_id])
        await fees.reconnected(conn, context, account_id, list(services))
    return await lift(conn, context, await barring.restricted(conn, [account_id]), why) > 0
