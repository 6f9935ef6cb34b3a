"""Puts down the reminders that are due: a few days before the due day, for what is open and undisputed, once each.

The key holds the due day, so a day that moves is reminded of anew, and a tick that was missed is caught up by the next. Whether it
is still true is asked again when it leaves (`notices`). Whom the operator leaves out to compare with gets none.
"""

from datetime import date, timedelta

from sqlalchemy import Select, Text, cast, exists, literal, select, true

from core.context import App, Context
from core.ledger.tables import open_item
from core.outbox import queue
from core.outbox.queue import OutboxDraft
from core.payments.first_attempt_rate import left_out

BATCH = 500


async def due(app: App, on: date) -> int:
    """Every reminder that `on` calls for and that was not put down yet; how many. Opens its own transactions."""
    total, last = 0, 0
    while True:
        async with app.db.writing() as conn:
            rows = (await conn.execute(_missing(app, on, last))).all()
            letters = [_letter(row.invoice_id, row.account_id, row.due_on) for row in rows]
            total += await queue.enqueue_many(conn, app, letters)
        if len(rows) < BATCH:
            return total
        last = rows[-1].invoice_id


def _missing(context: Context, on: date, after: int) -> Select[int, int, date]:
    days, out = context.operator.notices.reminder_days, context.operator.notices.reminder_holdout
    key = literal("reminder:") + cast(open_item.c.invoice_id, Text) + ":" + cast(open_item.c.due_on, Text)
    answer = exists().where(queue.outbox.c.key == key)
    return (
        select(open_item.c.invoice_id, open_item.c.account_id, open_item.c.due_on)
        .where(
            open_item.c.due_on.between(on, on + timedelta(days=days)),
            open_item.c.open_minor > open_item.c.disputed_minor,
            open_item.c.invoice_id > after,
            ~answer,
            true() if not out else ~left_out(open_item.c.account_id, out),
        )
        .order_by(open_item.c.invoice_id)
        .limit(BATCH)
    )


def _letter(invoice_id: int, account_id: int, due_on: date) -> OutboxDraft:
    return OutboxDraft(
        f"reminder:{invoice_id}:{due_on.isoformat()}",
        "notice",
        "notice.reminder",
        {"due": due_on.isoformat()},
        account_id=account_id,
        subject_id=invoice_id,
        resend_unknown=True,
    )
