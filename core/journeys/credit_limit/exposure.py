"""Exposures brought up to date: every account with a limit by a scheduled job, and one account at once when money or a hold changes.

All by sets: what no bill has is reckoned before anything is held (`core/billing/run/unbilled_usage.py`), then the rows are held in order and compared
with what is open, under way and paid beforehand. What follows from a crossing is in `limit_told`.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.run.unbilled_usage import SoFar, so_far
from core.collections import exposures, queries
from core.collections.ladder import binding
from core.collections.limits import Exposure, Owes, moved_on
from core.collections.model import OverduePosition
from core.context import App, Context
from core.db.in_list import in_list
from core.journeys.credit_limit import threshold_notice
from core.journeys.dunning import lift_restriction, load
from core.ledger.tables import balance, ledger_account, open_item
from core.parties.tables import account
from core.payments.model import LIVE
from core.payments.tables import attempt
from core.reasons import reason

BATCH = 2_000


async def tick(app: App) -> int:
    """Every account that has a limit; how many restrictions were ended."""
    last, done = 0, 0
    while True:
        async with app.db.reading() as conn:
            ids = await exposures.limited(conn, app, last, BATCH)
            unbilled = await so_far(conn, app, ids) if ids else {}
        if not ids:
            return done
        await app.db.reserve_ids(3 * BATCH)
        async with app.db.writing() as conn:
            await exposures.begin(conn, app, ids)
            freed = await _settle(conn, app, ids, unbilled)
            done += await lift_restriction.release(conn, app, freed)
        last = ids[-1]


async def look(conn: AsyncConnection, context: Context, account_id: int) -> None:
    """One account anew, with what no bill has yet: its limit was changed."""
    unbilled = await so_far(conn, context, [account_id])
    await exposures.begin(conn, context, [account_id])
    freed = await _settle(conn, context, [account_id], unbilled)
    await lift_restriction.release(conn, context, freed)


async def review(conn: AsyncConnection, context: Context, account_id: int) -> list[int]:
    """Money came, or something holds: what is kept of the account is put right; it is in the answer if its restriction ends."""
    return await _settle(conn, context, [account_id], {})


async def fresh(conn: AsyncConnection, context: Context, account_ids: Collection[int]) -> dict[int, Exposure]:
    """Exposures with the money of this moment; nothing is kept."""
    match = await exposures.kept(conn, context, account_ids)
    owes = await _owes(conn, context, match, {})
    return {one.account_id: replace(one, owes=owes[one.account_id]) for one in match}


async def _settle(
    conn: AsyncConnection, context: Context, account_ids: Collection[int], unbilled: Mapping[int, SoFar]
) -> list[int]:
    """Bring these up to date, tell what is to be told; those whose restriction ends."""
    match = await exposures.kept(conn, context, account_ids, hold=True)
    if not match:
        return []
    owes = await _owes(conn, context, match, unbilled)
    shields = await shielded(conn, context, [one.account_id for one in match])
    warn = context.operator.collections.credit_limit.warn_percent
    now, telling, freed = [], [], []
    for before in match:
        one, tell = moved_on(replace(before, owes=owes[before.account_id]), warn)
        if tell:
            telling.append(one)
        if one.barred and (not one.reached or one.account_id in shields):
            one = replace(one, barred=False)
            freed.append(one.account_id)
        now.append(replace(one, why=shields.get(one.account_id, one.why) if one.reached else None))
    await exposures.save(conn, context, now)
    at_limit = [one for one in now if one.reached and not one.barred and one.account_id not in shields]
    await threshold_notice.follow(conn, context, telling, at_limit)
    return freed


async def _owes(
    conn: AsyncConnection, context: Context, found: Collection[Exposure], unbilled: Mapping[int, SoFar]
) -> dict[int, Owes]:
    """What each has used and not paid: `unbilled` where it is known anew, else as it was kept."""
    ids = [one.account_id for one in found]
    items = select(
        open_item.c.account_id, func.sum(open_item.c.open_minor), func.sum(open_item.c.disputed_minor)
    ).where(in_list(conn, open_item.c.account_id, ids), open_item.c.open_minor > 0)
    bills = {row[0]: (int(row[1]), int(row[2])) for row in await conn.execute(items.group_by(open_item.c.account_id))}
    book = ledger_account.c
    owed = select(book.owner_id, balance.c.amount).join(balance, balance.c.ledger_account_id == book.id)
    owed = owed.where(in_list(conn, book.owner_id, ids), book.code == "receivable", book.asset == context.currency)
    books = {row[0]: int(row[1]) for row in await conn.execute(owed)}
    trying = select(attempt.c.account_id, func.sum(attempt.c.amount_minor)).where(
        in_list(conn, attempt.c.account_id, ids), attempt.c.state.in_(LIVE), attempt.c.method != "refund"
    )
    paying = {row[0]: int(row[1]) for row in await conn.execute(trying.group_by(attempt.c.account_id))}
    result: dict[int, Owes] = {}
    for one in found:
        key = one.account_id
        whole, disputed = bills.get(key, (0, 0))
        pending = min(paying.get(key, 0), whole - disputed)
        new = unbilled.get(key) or SoFar(one.owes.unbilled_minor, one.owes.guessed)
        credit = max(0, whole - books.get(key, 0))
        result[key] = Owes(new.minor, whole - disputed - pending, pending, credit, new.guessed)
    return result


async def shielded(conn: AsyncConnection, context: Context, account_ids: Collection[int]) -> dict[int, str]:
    """Accounts whose lines are not restricted whatever they owe, and why: protected, or paying in instalments."""
    today, ids = context.today(), list(account_ids)
    match = dict.fromkeys(await exposures.arranged(conn, ids), "what is owed is paid in instalments")
    protections = await queries.protected(conn, ids, today)
    if not protections:
        return match
    segments = select(account.c.id, account.c.segment).where(in_list(conn, account.c.id, list(protections)))
    for account_id, segment in await conn.execute(segments):
        standing = OverduePosition(account_id, segment, 0, protections=frozenset(protections[account_id]))
        kinds = binding(standing, load.rules_of(context, segment), today)
        if kinds:
            match[account_id] = reason("protected", kinds=sorted(kinds))
    return match
