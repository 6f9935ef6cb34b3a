"""What tests ask of the tables and files that nobody else asks so: the disputes of bills, a NEM12 file read whole."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care.model import Dispute
from core.care.tables import dispute
from core.context import App
from core.metering.model import FileReport
from core.metering.store.collect import coming, load


async def disputes_of(conn: AsyncConnection, invoice_ids: Sequence[int]) -> list[Dispute]:
    """The disputes of these bills, oldest first."""
    columns = [dispute.c[name] for name in Dispute.__dataclass_fields__]
    rows = await conn.execute(select(*columns).where(dispute.c.invoice_id.in_(invoice_ids)).order_by(dispute.c.id))
    return [Dispute(*row) for row in rows]


async def load_nem12(app: App, path: Path, *, shift_years: int = 0) -> FileReport:
    """A NEM12 file (plain or .gz); its days are days of the market's clock."""
    return await load(app, coming(app, "nem12", path, shift_years=shift_years), None)
