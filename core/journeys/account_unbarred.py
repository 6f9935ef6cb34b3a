"""Nothing justifies a restriction any more (money came, the debt is contested or arranged, someone is protected): it is lifted at once.

In the transaction of whatever happened: the wish, the command that leaves before any notice, and the word to the customer commit with it.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from core import outbox
from core.barring import queries as barring
from core.barring.want import want
from core.collections import store
from core.collections.ladder import advance
from core.house import House
from core.journeys import arrears, fee_charged
from core.outbox import Letter


async def reconsider(conn: AsyncConnection, house: House, account_id: int, why: str) -> bool:
    """Something changed for an account: end or hold its episode, and lift what nothing justifies. Whether something was lifted."""
    [standing] = await arrears.standings(conn, house, house.today(), [account_id])
    if standing.episode is None:
        return await lift(conn, house, await barring.restricted(conn, [account_id]), why) > 0
    rules = arrears.rules_of(house, standing.segment)
    made, _ = advance(standing, rules, house.today())
    first = made[0]
    if first.kind == "end":
        await store.end(conn, standing.episode.id, first.on, first.reason)
    elif first.kind == "hold" and first.lifts:
        await store.hold(conn, standing.episode.id, first.hold)
    if not first.lifts:
        return False
    if why.startswith("receipt:"):
        services = await barring.services_of(conn, [account_id])
        await fee_charged.reconnected(conn, house, account_id, list(services))
    return await lift(conn, house, await barring.restricted(conn, [account_id]), why) > 0


async def lift(conn: AsyncConnection, house: House, account_ids: Sequence[int], why: str) -> int:
    """Want every service of these accounts as sold; how many services were restricted. The customer hears of it."""
    services = await barring.services_of(conn, account_ids)
    changed = await want(conn, house, dict.fromkeys(services, "none"), why=why)
    if changed:
        now = house.clock.now()
        letters = [
            Letter(
                f"restored:{one}:{now.isoformat()}", "notice", "notice.restored", account_id=one, resend_unknown=True
            )
            for one in account_ids
        ]
        await outbox.enqueue_many(conn, house, letters)
    return len(changed)
