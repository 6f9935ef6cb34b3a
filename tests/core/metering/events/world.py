"""A line that somebody has, and a switch that writes about it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from core.context import App
from core.metering import events
from core.metering.events.mapping import Mapping as Columns
from core.metering.model import FileReport
from core.metering.store import collect, sources
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.onboarding.register import register_customer

LINE = "+254700000001"
HEAD = "id,type,calling,called,start,duration,bytes\n"
FIELDS: dict[str, Any] = {
    "party": {"column": "calling", "phone": True},
    "at": {"column": "start", "format": "%Y%m%d%H%M%S"},
    "use": {"column": "type", "values": {"MOC": "voice", "SMSMO": "sms", "GPRS": "data"}},
    "quantity": {"voice": {"column": "duration", "unit": "s"}, "sms": 1, "data": {"column": "bytes", "unit": "B"}},
    "destination": "called",
    "record": "id",
}
MAPPING = Columns.model_validate(
    {"fields": FIELDS, "trailer": {"first": "TRAILER", "count": 1}, "only": {"type": ["MOC", "SMSMO", "GPRS", "ODD"]}}
)
__all__ = ["events"]


async def a_line(app: App, number: str = LINE, **more: Any) -> Registered:
    meter = NewMeter(number, code="line", unit="event", kind="line", interval_minutes=None)
    given: Mapping[str, Any] = {"opened_on": date(2026, 1, 1), "commodity": "mobile", "meter": meter} | more
    async with app.db.writing() as conn:
        return await register_customer(conn, app, NewCustomer("Amina", **given))


def call(at: str = "20260310080000", seconds: int = 61, number: int = 1, to: str = "0711111111") -> str:
    return f"{number},MOC,0700000001,{to},{at},{seconds},\n"


def cdr(app: App, path: Path, mapping: Columns = MAPPING, **more: Any) -> collect.Coming:
    source = sources.Source.model_validate(
        {"source": "msc", "format": "cdr", "cdr": mapping.model_dump(mode="json"), **more}
    )
    return sources.coming(app, source, path)


async def load(app: App, path: Path, mapping: Columns = MAPPING, **more: Any) -> FileReport:
    report = await collect.load(app, cdr(app, path, mapping, **more))
    told = report.accepted + report.duplicates + report.revised + report.rejected + report.recycled + report.filtered
    assert report.rows == told
    return report
