"""What was rejected is taken after a fix, once; every file's equation stays true all the way."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from core.context import App
from core.metering import verify
from core.metering.events import usage_json
from core.metering.model import FileReport, Reject
from core.metering.store import store
from core.metering.store.collect import coming, load, load_csv
from core.metering.store.reprocess_rejects import Recycled, recycle
from core.metering.tables import reading, usage, usage_event
from core.onboarding.model import NewCustomer, NewMeter
from core.onboarding.register import register_customer
from tests.core.metering.conftest import Write
from tests.core.metering.events.world import HEAD, a_line, call
from tests.core.metering.events.world import load as load_cdr
from tests.core.metering.test_nem12 import _day, _file, _stream
from tests.readers import load_nem12

CSV = "customer_id,reading_datetime,kwh\n"


async def meter(app: App, serial: str = "M1", **more: Any) -> None:
    async with app.db.writing() as conn:
        new = NewMeter(serial, **more)
        await register_customer(conn, app, NewCustomer("Amina", opened_on=date(2025, 1, 1), meter=new))


async def count(app: App, table: Any) -> int:
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def told(app: App, report: FileReport) -> FileReport:
    async with app.db.reading() as conn:
        return await store.report(conn, report.file_id)


async def test_calls_of_a_line_that_is_sold_later(app: App, write: Write) -> None:
    report = await load_cdr(app, write(HEAD + call() + call(number=2, at="20260310080001") + "x\n"))
    assert (report.rejected, await count(app, usage_event)) == (3, 0)
    assert await recycle(app) == Recycled(tried=3, still=3)
    await a_line(app)
    assert await recycle(app, source="other") == Recycled()
    assert await recycle(app, source="msc") == Recycled(tried=3, taken=2, still=1)
    assert await recycle(app) == Recycled(tried=1, still=1)
    assert await count(app, usage_event) == 2
    after = await told(app, report)
    assert (after.rows, after.accepted, after.recycled, after.rejected) == (3, 0, 2, 1)


async def test_a_call_that_another_file_brought_meanwhile_is_a_duplicate(app: App, write: Write) -> None:
    report = await load_cdr(app, write(HEAD + call()))
    await a_line(app)
    await load_cdr(app, write(HEAD + call() + call(number=2, at="20260310080001")))
    assert await recycle(app) == Recycled(tried=1, duplicates=1)
    assert await count(app, usage_event) == 2
    assert (await told(app, report)).duplicates == 1


async def test_half_hours_of_a_meter_that_is_hung_later(app: App, write: Write) -> None:
    rows = "M1,2026-01-31T23:30,1\nM1,2026-02-01T00:00,2\nM1,2026-02-01T00:00,2\nM2,2026-02-01T00:00,2\n"
    report = await load_csv(app, write(CSV + rows))
    await meter(app)
    assert await recycle(app, file_id=report.file_id) == Recycled(tried=4, taken=2, duplicates=1, still=1)
    assert await count(app, usage) == 2
    assert (await told(app, report)).quantity_micro == 3_000_000


async def test_a_nem12_day_with_flags_of_its_own(app: App, write: Write) -> None:
    flags = ("400,1,40,A,,", "400,41,48,S14,,")
    report = await load_nem12(app, write(_file(_stream(), _day("V"), *flags, _day(day="20260102"), end="")))
    assert report.rejected == 97
    await meter(app)
    assert await recycle(app) == Recycled(tried=97, taken=96, still=1)
    async with app.db.reading() as conn:
        first = select(usage.c.quality).where(usage.c.day == date(2026, 1, 1)).order_by(usage.c.at)
        assert "".join((await conn.execute(first)).scalars()) == "A" * 40 + "S" * 8
    assert await count(app, usage) == 96


async def test_the_good_intervals_of_a_bad_day_are_taken_once(app: App, write: Write) -> None:
    await meter(app)
    report = await load_nem12(app, write(_file(_stream(), _day("V"), "400,1,47,A,,")))
    assert (report.accepted, report.rejected) == (47, 1)
    assert await recycle(app) == Recycled(tried=1, still=1)
    assert (await told(app, report)).rejected == 1


def _nem13(now: str = "1010", quality: str = "A", unit: str = "kWh", end: str = "900\n") -> str:
    fields = f"250,NMI1,11,1,11,11,R1,I,1000,20260101000000,A,,,{now},20260201000000,{quality},,,10,{unit},20260301,20260201,"
    return f"100,NEM13,202602010000,MDP,RET\n{fields}\n550,,,,\n{end}"


async def test_register_reads_of_a_nem13_file(app: App, write: Write) -> None:
    report = await load(app, coming(app, "nem13", write(_nem13())))
    assert (report.rows, report.rejected) == (1, 1)
    await meter(app, "R1", kind="register", interval_minutes=None)
    assert await recycle(app) == Recycled(tried=1, taken=1)
    assert await count(app, reading) == 2
    again = await load(app, coming(app, "nem13", write(_nem13() + "\n")))
    assert (again.accepted, again.duplicates) == (0, 1)


@pytest.mark.parametrize(
    ("text", "rows", "reason"),
    [(_nem13(quality="E"), 1, "estimate is no reading"), (_nem13(unit="m3"), 1, "wrong unit"), (_nem13(now="x"), 1, "not a number"),
     (_nem13(end=""), 2, "cut short")],
)  # fmt: skip
async def test_what_is_no_reading_is_rejected(app: App, write: Write, text: str, rows: int, reason: str) -> None:
    await meter(app, "R1", kind="register", interval_minutes=None)
    report = await load(app, coming(app, "nem13", write(text)))
    async with app.db.reading() as conn:
        assert report.rows == rows
        assert reason in (await store.rejects(conn, report.file_id))[-1][2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "no JSON object"), ("{", "no JSON object"), ("{}", "does not say its use"),
        ('{"usageType": "voice"}', "not a number"),
        ('{"usageType": "voice", "usageCharacteristic": [{"name": "quantity", "value": 5}, {"name": "unit", "value": "MB"}]}', "wrong unit"),
        ('{"usageType": "voice", "usageCharacteristic": [{"name": "quantity", "value": 5}]}', "is not a date"),
        ('{"usageType": "sms", "usageDate": "2026-03-10T08:00:00Z"}', "does not say its line"),
    ],
)  # fmt: skip
def test_usage_as_json_is_rejected_with_its_reason(app: App, text: str, reason: str) -> None:
    found = usage_json.read(app, 1, text)
    assert isinstance(found, Reject)
    assert reason in found.reason
