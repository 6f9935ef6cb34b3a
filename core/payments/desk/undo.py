"""Cash that leaves the drawer it came into: a receipt cancelled on the spot, or an agreed refund handed out.

The rule: while the drawer is open, its own cashier cancels a receipt of it, with a reason, because the money is still there and its count
will say so. Once it is counted, money goes back by a refund only, which another person agrees to (`core/payments/refunds.py`).
"""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.errors import Refused
from core.payments import reverse
from core.payments.desk.drawer import moved, opened
from core.payments.desk.tables import drawer, drawer_move
from core.payments.tables import refund


async def void(conn: AsyncConnection, context: Context, receipt_id: int, *, cashier: str, reason: str) -> None:
    """Cancel a receipt of this person's own open drawer: its money goes back over the counter, its bills are open again."""
    if not 3 <= len(reason.strip()) <= 200:
        raise Refused("desk.void.reason", status=400)
    held = await opened(conn, cashier)
    if await _drawer_of(conn, receipt_id) != held.id:
        raise Refused("desk.void.elsewhere")
    taken = await reverse.held(conn, receipt_id)
    asked = select(refund.c.id).where(
        refund.c.receipt_id == receipt_id, refund.c.state.in_(("asked", "granted", "done"))
    )
    if taken.reversed_minor or (await conn.execute(asked.limit(1))).first() or await reverse.spent(conn, receipt_id):
        raise Refused("desk.void.used")
    if not await reverse.reverse(
        conn, context, receipt_id, key=f"void:{receipt_id}", kind="void", reason=reason.strip()
    ):
        raise Refused("desk.void.used")
    await moved(
        conn, context, held.id, key=str(receipt_id), kind="void", amount=-taken.amount_minor, receipt_id=receipt_id
    )
    await trail.note(conn, context, cashier, "receipt.cancelled", f"receipt:{receipt_id}", reason=reason.strip())


async def handed_back(conn: AsyncConnection, context: Context, receipt_id: int, minor: int, *, key: str) -> bool:
    """Whether an agreed refund comes out of the drawer that took the money: it does while that drawer is open, and is then no
    longer expected in it."""
    drawer_id = await _drawer_of(conn, receipt_id)
    if drawer_id is None:
        return False
    held: Row[Any] = (
        await conn.execute(select(drawer.c.state).where(drawer.c.id == drawer_id).with_for_update())
    ).one()
    if held.state != "open":
        return False
    await moved(conn, context, drawer_id, key=key, kind="refund", amount=-minor, receipt_id=receipt_id)
    return True


async def _drawer_of(conn: AsyncConnection, receipt_id: int) -> int | None:
    """The drawer a receipt was taken into."""
    query = select(drawer_move.c.drawer_id).where(
        drawer_move.c.receipt_id == receipt_id, drawer_move.c.kind == "receipt"
    )
    return (await conn.execute(query)).scalar_one_or_none()
