"""A payment failed for good: say sorry and offer a link that pays what is open (not what failed). Not if it is paid meanwhile."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.journeys import top_up
from core.outbox import queue
from core.payments import poll, queries, request


async def failed(conn: AsyncConnection, context: Context, attempt_id: int) -> None:
    """Let the notice `failed:<attempt id>` leave; nothing when nothing is left to pay, or when it was units they did not buy.

    Its paylink has the same key, so whoever composes the notice gets it by `request.paylink(key=<the row's key>)`: no token waits
    in the outbox.
    """
    tried = await poll.held(conn, attempt_id, lock=False)
    if await top_up.not_paid(conn, tried.request_id):
        return
    invoice_id = (await queries.request_of(conn, tried.request_id)).invoice_id
    debts = await queries.debts(conn, tried.account_id, invoice_id=invoice_id)
    if not sum(debt.payable_minor for debt in debts):
        return
    key = f"failed:{attempt_id}"
    await request.paylink(conn, context, tried.account_id, invoice_id=invoice_id, key=key)
    await queue.enqueue(
        conn,
        context,
        key=key,
        kind="notice",
        template="notice.failed",
        account_id=tried.account_id,
        subject_id=attempt_id,
        resend_unknown=True,
    )
