"""Instalments and promises: within the operator's policy a customer agrees to them alone, and while they are kept the ladder leaves them alone.

A promise is an arrangement of one instalment, soon. What is disputed is never part of it. It is kept while what is paid of its bills is
at least what was due by now; one missed instalment, after its days of grace, ends it, and the ladder goes on where it stood with fresh notice.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.audit import trail
from core.collections import queries
from core.collections.tables import arranged_item, arrangement, instalment
from core.context import Context
from core.db.in_list import in_list
from core.errors import Refused
from core.ledger.tables import open_item

Due = tuple[date, int]


@dataclass(frozen=True, slots=True)
class ArrangementOffer:
    """What could be agreed today: the overdue total, and for each number of instalments their days and minor units."""

    account_id: int
    total_minor: int
    plans: tuple[tuple[Due, ...], ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    """An arrangement as it was agreed."""

    id: int
    account_id: int
    total_minor: int
    instalments: tuple[Due, ...]


def split(total_minor: int, days: Sequence[date]) -> tuple[Due, ...]:
    """The total over so many days, equal to the cent: what does not divide is paid first."""
    share, more = divmod(total_minor, len(days))
    return tuple((day, share + (at < more)) for at, day in enumerate(days))


async def offer(conn: AsyncConnection, context: Context, account_id: int) -> ArrangementOffer:
    """What an account may agree by itself today; `Refused` where nothing is overdue or the policy offers no more."""
    policy, today = context.operator.collections.arrangements, context.today()
    if await queries.running(conn, account_id):
        raise Refused("collections.arrange.running")
    if await queries.broken_since(conn, account_id, today - timedelta(days=365)) > policy.broken_at_most:
        raise Refused("collections.arrange.broken")
    total = sum(minor for _, minor in await _overdue(conn, account_id, today))
    if not total:
        raise Refused("collections.arrange.nothing")
    least = money.parse(policy.least, context.currency)
    most = max(1, min(policy.most_instalments, total // max(1, least)))
    first = today + timedelta(days=policy.first_within_days)
    days = [first + timedelta(days=policy.every_days * at) for at in range(most)]
    return ArrangementOffer(account_id, total, tuple(split(total, days[:count]) for count in range(1, most + 1)))


async def agree(
    conn: AsyncConnection, context: Context, account_id: int, instalments: int, key: str, *, actor: str = "customer"
) -> Agreed:
    """Agree a plan of so many instalments; the same `key` gets the same plan. What follows is `journeys/arrangement_agreed`."""
    known = await _by_key(conn, key)
    if known is not None:
        return known
    offered = await offer(conn, context, account_id)
    if not 1 <= instalments <= len(offered.plans):
        raise Refused("collections.arrange.number", most=len(offered.plans))
    return await _write(conn, context, account_id, "plan", offered.plans[instalments - 1], key, actor)


async def promise(
    conn: AsyncConnection, context: Context, account_id: int, by: date, key: str, *, actor: str = "customer"
) -> Agreed:
    """Promise all that is overdue by a day."""
    known = await _by_key(conn, key)
    if known is not None:
        return known
    offered = await offer(conn, context, account_id)
    days = context.operator.collections.arrangements.promise_days
    if not context.today() <= by <= context.today() + timedelta(days=days):
        raise Refused("collections.promise.late", days=days)
    return await _write(conn, context, account_id, "promise", split(offered.total_minor, [by]), key, actor)


async def _overdue(conn: AsyncConnection, account_id: int, today: date) -> list[tuple[int, int]]:
    free = (open_item.c.open_minor - open_item.c.disputed_minor).label("free")
    query = select(open_item.c.invoice_id, free).where(
        open_item.c.account_id == account_id, open_item.c.due_on < today, free > 0
    )
    return [(row[0], row[1]) for row in await conn.execute(query.order_by(open_item.c.invoice_id).with_for_update())]


async def _by_key(conn: AsyncConnection, key: str) -> Agreed | None:
    row = (await conn.execute(select(arrangement).where(arrangement.c.key == key))).first()
    if row is None:
        return None
    dues = tuple((one.due_on, one.amount_minor) for one in await queries.instalments(conn, row.id))
    return Agreed(row.id, row.account_id, row.total_minor, dues)


async def _write(
    conn: AsyncConnection, context: Context, account_id: int, kind: str, dues: tuple[Due, ...], key: str, actor: str
) -> Agreed:
    result, total = context.ids.take(), sum(minor for _, minor in dues)
    covers = await _overdue(conn, account_id, context.today())
    await conn.execute(
        insert(arrangement).values(
            id=result,
            key=key,
            account_id=account_id,
            open_id=account_id,
            kind=kind,
            state="running",
            total_minor=total,
            agreed_on=context.today(),
            actor=actor,
            at=context.clock.now(),
        )
    )
    rows = [
        {"arrangement_id": result, "position": at, "due_on": day, "amount_minor": minor}
        for at, (day, minor) in enumerate(dues, 1)
    ]
    await conn.execute(insert(instalment), rows)
    items = [
        {"arrangement_id": result, "invoice_id": invoice_id, "amount_minor": minor} for invoice_id, minor in covers
    ]
    await conn.execute(insert(arranged_item), items)
    await trail.note(
        conn, context, actor, "arrangement.agreed", f"account:{account_id}", total_minor=total, parts=len(dues)
    )
    return Agreed(result, account_id, total, dues)


async def review(conn: AsyncConnection, context: Context, on: date) -> Counter[str]:
    """Hold what runs against what was paid; how many were kept and how many broken. The day's ladder follows, with fresh notice."""
    query = select(arrangement.c.id, arrangement.c.total_minor).where(arrangement.c.state == "running")
    rows = (await conn.execute(query.order_by(arrangement.c.id))).all()
    ids = [row.id for row in rows]
    if not ids:
        return Counter()
    left = await queries.left(conn, ids)
    dues: dict[int, list[Due]] = defaultdict(list)
    for row in await conn.execute(select(instalment).where(in_list(conn, instalment.c.arrangement_id, ids))):
        dues[row.arrangement_id].append((row.due_on, row.amount_minor))
    grace = context.operator.collections.arrangements.grace_days
    ends: dict[str, list[int]] = {"kept": [], "broken": []}
    for row in rows:
        state = judged(row.total_minor, left[row.id], dues[row.id], on, grace)
        if state in ends:
            ends[state].append(row.id)
    for state, ended in ends.items():
        if not ended:
            continue
        changed = update(arrangement).where(in_list(conn, arrangement.c.id, ended))
        await conn.execute(changed.values(state=state, open_id=None, ended_on=on))
    return Counter({state: len(ended) for state, ended in ends.items() if ended})


def judged(total_minor: int, left_minor: int, dues: Sequence[Due], on: date, grace_days: int) -> str:
    """`kept` (all is paid), `broken` (an instalment is missed) or `running`. Pure."""
    if left_minor <= 0:
        return "kept"
    wanted = sum(minor for day, minor in dues if day + timedelta(days=grace_days) < on)
    return "broken" if total_minor - left_minor < wanted else "running"
