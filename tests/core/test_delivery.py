"""Reports that came before their message wait for it; those of nobody's messages do not wait for ever."""

from datetime import timedelta

from sqlalchemy import func, select

from core.clock import SetClock
from core.context import App
from core.message import Delivery
from core.outbox import delivery_reports


async def _kept(app: App) -> int:
    async with app.db.reading() as conn:
        return int((await conn.execute(select(func.count()).select_from(delivery_reports.early_report))).scalar_one())


async def test_a_report_of_nobody_s_message_is_let_go_after_a_week(app: App, clock: SetClock) -> None:
    async with app.db.writing() as conn:
        await delivery_reports.report(conn, app, Delivery("whatsapp", "wamid.theirs", "delivered", final=True))
    clock.instant += timedelta(days=7)
    assert (await delivery_reports.forget(app), await _kept(app)) == (0, 1)
    clock.instant += timedelta(seconds=1)
    assert (await delivery_reports.forget(app), await _kept(app)) == (1, 0)
