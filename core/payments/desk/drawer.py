"""A drawer from its float to its count. The cashier counts without being told what should be there; what differs is booked to over and
short, above the operator's limit only after another person has looked.

Cash stands in `cash:cash` from the receipt on; a deposit takes it to `deposits`, the bank's statement to `bank`. The float is the
branch's own change and belongs to no book.
"""

from typing import Any, NamedTuple

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.audit import trail
from core.context import Context
from core.db.engine import insert as insert_new
from core.errors import Refused
from core.facts import NONE, Facts
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.payments import methods, queries, receive
from core.payments.desk import model
from core.payments.desk.tables import deposit, drawer, drawer_move
from core.payments.facts import PaymentReceived
from core.payments.model import ReceiptIn

CASH = "cash"
AHEAD_MINOR = 10_000_000
"""How much more than is owed may be taken at once, where the operator does not say."""


async def open_drawer(
    conn: AsyncConnection, context: Context, *, cashier: str, branch_id: int | None, float_minor: int
) -> int:
    """Open a drawer with its float; `Refused` when this person has one, or when the float is above the limit."""
    if not 0 <= float_minor <= money.parse(context.operator.cash_desk.float_at_most, context.currency):
        raise Refused("desk.float")
    if await mine(conn, cashier):
        raise Refused("desk.open_already")
    drawer_id = context.ids.take()
    try:
        async with conn.begin_nested():
            await conn.execute(
                insert(drawer).values(
                    id=drawer_id,
                    branch_id=branch_id,
                    cashier=cashier,
                    currency=context.currency,
                    float_minor=float_minor,
                    opened_at=context.clock.now(),
                    opened_on=context.today(),
                    state="open",
                )
            )
    except IntegrityError as why:
        raise Refused("desk.open_already") from why
    await trail.note(conn, context, cashier, "drawer.opened", f"drawer:{drawer_id}", float=str(float_minor))
    return drawer_id


async def mine(conn: AsyncConnection, cashier: str, *, lock: bool = False) -> Row[Any] | None:
    """The drawer of this person that is not closed."""
    query = select(drawer).where(drawer.c.cashier == cashier, drawer.c.state != "closed")
    return (await conn.execute(query.with_for_update() if lock else query)).first()


class CashReceipt(NamedTuple):
    """Cash that was taken."""

    receipt_id: int
    facts: Facts = NONE


async def receipt(
    conn: AsyncConnection,
    context: Context,
    *,
    cashier: str,
    account_number: str,
    amount_minor: int,
    key: str,
) -> CashReceipt:
    """Take cash for an account; the receipt, and what happened. The same `key` (a form sent twice) is the same receipt."""
    held = await opened(conn, cashier)
    known = await queries.receipt_by_txn(conn, CASH, key)
    if known:
        return CashReceipt(int(known.id))
    account_id = await queries.account_meant(conn, account_number)
    number = await _takes(conn, context, held.currency, account_id, amount_minor)
    got = ReceiptIn(
        provider=CASH,
        txn=key,
        method=CASH,
        amount_minor=amount_minor,
        currency=held.currency,
        received_at=context.clock.now(),
        reference=number,
    )
    taken = await receive.apply(conn, context, got)
    await moved(conn, context, held.id, key=key, kind="receipt", amount=amount_minor, receipt_id=taken.receipt_id)
    return CashReceipt(taken.receipt_id, (PaymentReceived(taken.receipt_id),) if taken.placed_now else NONE)


async def may_take(conn: AsyncConnection, context: Context, cashier: str, account_id: int, amount_minor: int) -> None:
    """Whether this person may take so much for this account now; `Refused` with the reason. Nothing is booked."""
    held = await mine(conn, cashier)
    if held is None or held.state != "open":
        raise Refused("desk.none_open")
    await _takes(conn, context, held.currency, account_id, amount_minor)


async def _takes(
    conn: AsyncConnection, context: Context, currency: str, account_id: int | None, amount_minor: int
) -> str:
    """The number of the account, where so much may be taken for it."""
    facts = await queries.account_facts(conn, account_id) if account_id else None
    if account_id is None or facts is None or facts.currency != currency:
        raise Refused("payments.account.unknown", status=404)
    await methods.insist(conn, context, account_id, "cash")
    if amount_minor <= 0:
        raise Refused("payments.minimum", amount=money.show(1, currency))
    limit = await _most(conn, context, account_id, currency)
    if amount_minor > limit:
        raise Refused("desk.too_much", amount=money.show(limit, currency))
    return str(facts.number)


async def _most(conn: AsyncConnection, context: Context, account_id: int, currency: str) -> int:
    """The most that is taken at once: what is owed, and so much more as the operator finds sensible."""
    owed, ahead = await queries.debts(conn, account_id), context.operator.cash_desk.ahead_at_most
    more = AHEAD_MINOR if ahead is None else money.parse(ahead, currency)
    return sum(debt.open_minor for debt in owed) + more


async def turn_in(conn: AsyncConnection, context: Context, *, cashier: str, amount_minor: int, key: str) -> None:
    """Cash goes from the drawer into the safe, so that a drawer never holds much."""
    held = await opened(conn, cashier)
    if amount_minor <= 0 or amount_minor > await _holds(conn, held):
        raise Refused("desk.not_so_much")
    await moved(conn, context, held.id, key=key, kind="turn_in", amount=-amount_minor)
    await trail.note(conn, context, cashier, "drawer.turned_in", f"drawer:{held.id}", amount=str(amount_minor))


async def count(conn: AsyncConnection, context: Context, *, cashier: str, counted_minor: int, note: str = "") -> str:
    """The blind count at the end of a shift; the state the drawer is in then (`closed`, or `counted`: another person has to look)."""
    held = await opened(conn, cashier)
    if counted_minor < 0:
        raise Refused("desk.not_so_much")
    due = await _holds(conn, held)
    values = {"counted_minor": counted_minor, "expected_minor": due, "note": note[:300], "state": "counted"}
    await conn.execute(update(drawer).where(drawer.c.id == held.id).values(values))
    await trail.note(conn, context, cashier, "drawer.counted", f"drawer:{held.id}")
    off = model.difference(counted_minor, due)
    if abs(off) <= money.parse(context.operator.cash_desk.over_short_approve_above, held.currency):
        await accepted(conn, context, held.id)
        return "closed"
    payload = {
        "drawer": str(held.id),
        "cashier": cashier,
        "counted": money.plain(counted_minor, held.currency),
        "expected": money.plain(due, held.currency),
        "off": money.plain(off, held.currency),
        "note": note[:300],
        "currency": held.currency,
    }
    await approvals.ask(
        conn,
        context,
        kind="cash_count",
        subject=f"drawer:{held.id}",
        payload=payload,
        maker=cashier,
        branch_id=held.branch_id,
    )
    return "counted"


async def accepted(conn: AsyncConnection, context: Context, drawer_id: int) -> None:
    """The count stands: what is over or short is booked, and the drawer is closed."""
    held = (await conn.execute(select(drawer).where(drawer.c.id == drawer_id).with_for_update())).one()
    if held.state != "counted":
        return
    off = model.difference(held.counted_minor, held.expected_minor)
    if off:
        cash, over = Book(f"cash:{CASH}"), Book("over_short")
        source, target = (over, cash) if off > 0 else (cash, over)
        posting = Posting(source, target, abs(off), held.currency, "over_short")
        await post(
            conn, context, key=f"count:{drawer_id}", kind="over_short", booked_on=context.today(), postings=[posting]
        )
    closed = update(drawer).where(drawer.c.id == drawer_id)
    await conn.execute(closed.values(state="closed", closed_at=context.clock.now()))


async def recount(conn: AsyncConnection, context: Context, drawer_id: int) -> None:
    """The second person does not accept the count: the cashier counts again."""
    again = update(drawer).where(drawer.c.id == drawer_id, drawer.c.state == "counted")
    await conn.execute(again.values(state="open", counted_minor=None, expected_minor=None))


async def take_to_bank(
    conn: AsyncConnection, context: Context, *, actor: str, branch_id: int | None, slip: str, amount_minor: int
) -> None:
    """Cash from the safe is on its way to the bank, under the number of its slip; the statement will say that it came."""
    if not slip.strip() or amount_minor <= 0:
        raise Refused("desk.slip")
    row = {
        "id": context.ids.take(),
        "branch_id": branch_id,
        "slip": slip.strip()[:40],
        "amount_minor": amount_minor,
        "currency": context.currency,
        "deposited_on": context.today(),
        "by": actor,
        "at": context.clock.now(),
    }
    new = await conn.execute(insert_new(conn, deposit).values(row).on_conflict_do_nothing(index_elements=["slip"]))
    if not new.rowcount:
        raise Refused("desk.slip")
    posting = Posting(Book(f"cash:{CASH}"), Book("deposits"), amount_minor, context.currency, "deposit")
    await post(
        conn, context, key=f"deposit:{row['slip']}", kind="deposit", booked_on=context.today(), postings=[posting]
    )
    await trail.note(conn, context, actor, "cash.deposited", f"deposit:{row['id']}", slip=str(row["slip"]))


async def opened(conn: AsyncConnection, cashier: str) -> Row[Any]:
    """The open drawer of this person, its row held; `Refused` without one."""
    held = await mine(conn, cashier, lock=True)
    if held is None or held.state != "open":
        raise Refused("desk.none_open")
    return held


async def _holds(conn: AsyncConnection, held: Row[Any]) -> int:
    moves = select(func.coalesce(func.sum(drawer_move.c.amount_minor), 0)).where(drawer_move.c.drawer_id == held.id)
    return model.expected(held.float_minor, [int((await conn.execute(moves)).scalar_one())])


async def moved(
    conn: AsyncConnection,
    context: Context,
    drawer_id: int,
    *,
    key: str,
    kind: str,
    amount: int,
    receipt_id: int | None = None,
) -> None:
    """Write down what went into a drawer, or out of it; once a key."""
    row = {
        "id": context.ids.take(),
        "drawer_id": drawer_id,
        "key": f"{kind}:{key}",
        "kind": kind,
        "amount_minor": amount,
        "receipt_id": receipt_id,
        "at": context.clock.now(),
    }
    await conn.execute(insert_new(conn, drawer_move).values(row).on_conflict_do_nothing(index_elements=["key"]))
