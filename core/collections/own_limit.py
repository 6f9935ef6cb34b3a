"""A limit of an account's own, given by a person with a reason; a higher one than the operator lets one person give waits for another.

`None` is no limit at all. Taken away, the rule of the segment holds again.
"""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.approvals.model import Approval
from core.audit import trail
from core.collections import exposures
from core.collections.tables import own_limit
from core.context import Context
from core.db.engine import insert
from core.errors import Refused
from core.numbers import STATED, UNSTATED, Notation
from core.parties.tables import account

SHORTEST = 5
"""Letters of a reason: something has to be said."""
NONE, RULE = "none", "rule"


async def ask(
    conn: AsyncConnection,
    context: Context,
    account_id: int,
    told: str,
    *,
    reason: str,
    actor: str,
    notation: Notation = UNSTATED,
) -> int | None:
    """Give an account the limit `told`: an amount in the writer's notation, `none` or `rule`. The approval it waits for; None: it holds at once."""
    wanted = _read(told, context.currency, notation)
    if len(reason.strip()) < SHORTEST:
        raise Refused("collections.limit.reason")
    [(_, now)] = (await exposures.limits_of(conn, context, [account_id])).items()
    own = (await exposures.own_of(conn, [account_id])).get(account_id)
    if wanted == RULE and own is None:
        raise Refused("collections.limit.same")
    if wanted != RULE and own is not None and own.limit_minor == wanted:
        raise Refused("collections.limit.same")
    if not _needs_another(context, now, wanted):
        await _put(conn, context, account_id, wanted, reason.strip(), actor)
        return None
    row = (await conn.execute(select(account.c.number, account.c.branch_id).where(account.c.id == account_id))).one()
    payload = {
        "account": row.number,
        "limit": money.plain(wanted, context.currency) if isinstance(wanted, int) else wanted or NONE,
        "currency": context.currency,
        "reason": reason.strip(),
    }
    return await approvals.ask(
        conn,
        context,
        kind="credit_limit",
        subject=f"account:{account_id}",
        payload=payload,
        maker=actor,
        branch_id=row.branch_id,
    )


def _read(told: str, currency: str, notation: Notation) -> int | str | None:
    """Minor units, None for no limit, or `rule`."""
    words = told.strip().lower()
    if words in (NONE, RULE):
        return None if words == NONE else RULE
    try:
        minor = money.read(words, currency, notation)
    except ValueError:
        raise Refused("collections.limit.amount") from None
    if minor < 0:
        raise Refused("collections.limit.amount")
    return minor


def _needs_another(context: Context, now: int | None, wanted: int | str | None) -> bool:
    """Whether more may be owed than now, and more than one person may give."""
    if wanted == RULE or now is None:
        return False
    most = money.parse(context.operator.collections.credit_limit.approve_above, context.currency)
    return wanted is None or int(wanted) > max(now, most)


async def granted(conn: AsyncConnection, context: Context, found: Approval) -> int:
    """Another person agrees; the account."""
    account_id = int(found.subject.partition(":")[2])
    wanted = _read(found.payload["limit"], context.currency, STATED["point"])
    await _put(conn, context, account_id, wanted, found.payload["reason"], found.maker)
    return account_id


async def _put(
    conn: AsyncConnection, context: Context, account_id: int, wanted: int | str | None, reason: str, actor: str
) -> None:
    if wanted == RULE:
        await conn.execute(delete(own_limit).where(own_limit.c.account_id == account_id))
    else:
        row = {"limit_minor": wanted, "reason": reason[:500], "actor": actor, "at": context.clock.now()}
        new = insert(conn, own_limit).values(account_id=account_id, **row)
        await conn.execute(new.on_conflict_do_update(index_elements=["account_id"], set_=row))
    text = RULE if wanted == RULE else NONE if wanted is None else str(wanted)
    await trail.note(conn, context, actor, "account.limit", f"account:{account_id}", limit=text, reason=reason)
