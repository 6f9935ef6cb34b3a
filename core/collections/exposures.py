"""Exposures as they are kept: which accounts have a limit, their rows held in order, and saved by sets."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, false, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.collections.limits import Exposure, Owes
from core.collections.tables import arrangement, exposure, own_limit
from core.config.collections import CreditLimit
from core.context import Context
from core.db.bulk import insert_many, update_many
from core.db.engine import AnyRow
from core.db.in_list import in_list
from core.parties.tables import account

WITHOUT = ("lead", "closed")
"""Accounts in these states use nothing."""
_OWES = ("unbilled_minor", "open_minor", "pending_minor", "credit_minor", "guessed")
_STANDS = ("limit_minor", "round", "told", "barred", "why")
_SAVED = ("total_minor", "percent", *_OWES, *_STANDS, "at")
_NEW = ("account_id", *_SAVED)


def _by_rule(policy: CreditLimit) -> ColumnElement[bool]:
    """Accounts that the operator's rule gives a limit."""
    given = [name for name, amount in policy.segments.items() if amount is not None]
    if policy.amount is None:
        return account.c.segment.in_(given) if given else false()
    spared = [name for name, amount in policy.segments.items() if amount is None]
    return account.c.segment.not_in(spared) if spared else true()


async def limited(conn: AsyncConnection, context: Context, after: int, limit: int) -> list[int]:
    """Accounts that have a limit, or had one, by id, after `after`."""
    rule = _by_rule(context.operator.collections.credit_limit)
    query = (
        select(account.c.id)
        .outerjoin(own_limit, own_limit.c.account_id == account.c.id)
        .outerjoin(exposure, exposure.c.account_id == account.c.id)
        .where(
            account.c.id > after,
            account.c.state.not_in(WITHOUT),
            account.c.currency == context.currency,
            or_(rule, own_limit.c.account_id.is_not(None), exposure.c.limit_minor.is_not(None)),
        )
        .order_by(account.c.id)
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


async def begin(conn: AsyncConnection, context: Context, account_ids: Collection[int]) -> None:
    """A row for each of these accounts that has none."""
    now = context.clock.now()
    rows = [(one, 0, 0, 0, 0, 0, 0, False, None, 0, 0, False, None, now) for one in account_ids]
    await insert_many(conn, exposure, _NEW, rows, skip_known=True)


async def kept(
    conn: AsyncConnection, context: Context, account_ids: Collection[int], *, hold: bool = False
) -> list[Exposure]:
    """What is kept of these accounts, each with the limit it has today; with `hold` held until the commit, in the order of their ids."""
    query = select(exposure).where(in_list(conn, exposure.c.account_id, account_ids)).order_by(exposure.c.account_id)
    rows = (await conn.execute(query.with_for_update() if hold else query)).all()
    limits = await limits_of(conn, context, [row.account_id for row in rows])
    return [
        Exposure(
            row.account_id,
            limits[row.account_id],
            Owes(*(getattr(row, name) for name in _OWES)),
            row.round,
            row.told,
            row.barred,
            row.why,
        )
        for row in rows
    ]


async def limits_of(conn: AsyncConnection, context: Context, account_ids: Collection[int]) -> dict[int, int | None]:
    """Account -> its limit in minor units: its own, else the rule of its segment."""
    policy = context.operator.collections.credit_limit
    query = (
        select(account.c.id, account.c.segment, own_limit.c.account_id, own_limit.c.limit_minor)
        .outerjoin(own_limit, own_limit.c.account_id == account.c.id)
        .where(in_list(conn, account.c.id, account_ids))
    )
    match: dict[int, int | None] = {}
    for account_id, segment, own, minor in await conn.execute(query):
        rule = policy.of(segment)
        match[account_id] = minor if own else None if rule is None else money.parse(rule, context.currency)
    return match


async def note(conn: AsyncConnection, account_id: int, **values: object) -> None:
    """What became of the restriction of an account that is over its limit."""
    await conn.execute(update(exposure).where(exposure.c.account_id == account_id).values(**values))


async def save(conn: AsyncConnection, context: Context, exposures: Sequence[Exposure]) -> None:
    """Keep them."""
    now = context.clock.now()
    rows = [
        (
            one.owes.total_minor,
            one.percent,
            *(getattr(one.owes, name) for name in _OWES),
            *(getattr(one, name) for name in _STANDS),
            now,
            one.account_id,
        )
        for one in exposures
    ]
    await update_many(conn, exposure, ("account_id",), _SAVED, rows)


async def billed(conn: AsyncConnection, account_ids: Collection[int]) -> None:
    """Bills of these accounts are final: what no bill had is on them now."""
    mine = select(exposure.c.account_id).where(in_list(conn, exposure.c.account_id, account_ids))
    known = list((await conn.execute(mine.order_by(exposure.c.account_id).with_for_update())).scalars())
    if known:
        changed = update(exposure).where(in_list(conn, exposure.c.account_id, known))
        await conn.execute(changed.values(unbilled_minor=0, guessed=False))


async def barred(conn: AsyncConnection, account_ids: Collection[int]) -> set[int]:
    """Those of the accounts of which a line is restricted because of their limit."""
    query = select(exposure.c.account_id).where(in_list(conn, exposure.c.account_id, account_ids), exposure.c.barred)
    return set((await conn.execute(query)).scalars())


async def stopped(conn: AsyncConnection, context: Context, account_id: int) -> bool:
    """Whether nothing more may be charged to an account: its limit is reached, and the operator stops there."""
    if context.operator.collections.credit_limit.action != "stop":
        return False
    return account_id in await barred(conn, [account_id])


async def arranged(conn: AsyncConnection, account_ids: Collection[int]) -> set[int]:
    """Those of the accounts that pay in instalments."""
    query = select(arrangement.c.open_id).where(in_list(conn, arrangement.c.open_id, account_ids))
    return set((await conn.execute(query)).scalars())


async def of_account(conn: AsyncConnection, account_id: int) -> AnyRow | None:
    """The row of an account, for a page; None where it has no limit."""
    mine = (exposure.c.account_id == account_id) & exposure.c.limit_minor.is_not(None)
    return (await conn.execute(select(exposure).where(mine))).first()


async def own_of(conn: AsyncConnection, account_ids: Collection[int]) -> Mapping[int, AnyRow]:
    """Account -> the limit of its own, with the reason and who gave it."""
    rows = await conn.execute(select(own_limit).where(in_list(conn, own_limit.c.account_id, account_ids)))
    return {row.account_id: row for row in rows}
