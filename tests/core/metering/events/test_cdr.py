"""A switch's file by the operator's mapping: each record kept once, with its unit, its clock, and a reason if not."""

from datetime import date

import pytest
from sqlalchemy import select

from core.clock import SetClock
from core.context import App
from core.errors import BadInput
from core.metering import verify
from core.metering.events.mapping import Mapping
from core.metering.events.queries import events
from core.metering.store import store
from core.metering.tables import event_total, usage_event, usage_file
from tests.core.metering.conftest import Write
from tests.core.metering.events.world import FIELDS, HEAD, a_line, call, load

MARCH = (date(2026, 3, 1), date(2026, 4, 1))


async def test_calls_messages_and_sessions_become_columns_a_bill_can_read(app: App, write: Write) -> None:
    line = await a_line(app)
    text = "2,SMSMO,0700000001,0722222222,20260310090000,,\n3,GPRS,254700000001,,20260310100000,,2500000\n"
    report = await load(app, write(HEAD + call() + text + "TRAILER,3\n"))
    assert (report.rows, report.accepted) == (3, 3)
    async with app.db.reading() as conn:
        found = await events(conn, [77, line.service_id], *MARCH)
        assert await events(conn, [line.service_id], date(2026, 3, 11), date(2026, 4, 1)) == {}
    assert {use: (one.unit, one.quantity_micro.tolist()) for use, one in found.items()} == {
        "voice": ("s", [61_000_000]),
        "sms": ("event", [1_000_000]),
        "data": ("MB", [2_500_000]),
    }
    voice = found["voice"]
    assert (voice.service.tolist(), voice.numbers, voice.destination.tolist()) == ([1], ("0711111111",), [0])
    assert voice.at.tolist() == [(date(2026, 3, 10) - date(1970, 1, 1)).days * 86_400 + 8 * 3_600]
    assert found["data"].destination.tolist() == [-1]
    assert voice.quantity_in("min").tolist() == [1_016_666]
    with pytest.raises(ValueError, match="cannot be told in MB"):
        voice.quantity_in("MB")


async def test_a_record_is_a_duplicate_by_what_it_is_and_never_by_its_files_name(app: App, write: Write) -> None:
    await a_line(app)
    await load(app, write(HEAD + call()))
    again = write(HEAD + call() + call(number=2) + call(number=2) + call(number=3, at="20260310080001"))
    report = await load(app, again)
    assert (report.accepted, report.duplicates) == (2, 2)
    same = again.rename(again.with_name("another.csv"))
    assert (await load(app, same)).repeated
    async with app.db.reading() as conn:
        totals = (await conn.execute(select(event_total.c.use, event_total.c.records))).all()
        assert [tuple(row) for row in totals] == [("voice", 1), ("voice", 2)]


async def test_without_a_number_of_its_own_a_record_is_what_it_says(app: App, write: Write) -> None:
    await a_line(app)
    fields = {name: value for name, value in FIELDS.items() if name != "record"}
    mapping = Mapping.model_validate({"fields": fields})
    rows = call() + call(seconds=62) + call(to="0733333333") + call(number=9)
    report = await load(app, write(HEAD + rows), mapping)
    assert (report.accepted, report.duplicates) == (3, 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (call(seconds=-1), "less than nothing"),
        ("1,MOC,0700000001,x,20260310080000,NaN,\n", "is not a number"),
        ("1,MOC,0700000001,x,yesterday,1,\n", "'yesterday' is no"),
        ("1,MOC,0799999999,x,20260310080000,1,\n", "Nobody has the line +254799999999"),
        ("1,MOC,07x,x,20260310080000,1,\n", "no telephone number"),
        ("1,ODD,0700000001,x,20260310080000,1,\n", "'ODD' is no kind of use"),
        (call(at="20270101000000"), "of the future"),
        (call(at="20251231235959"), "was nobody's on 2025-12-31"),
        ("1,MOC\n", "columns"),
        ("TRAILER,many\n", "does not say how many"),
    ],
)
async def test_what_cannot_be_is_rejected_with_its_reason(app: App, write: Write, row: str, reason: str) -> None:
    await a_line(app)
    report = await load(app, write(HEAD + row))
    assert (report.rows, report.rejected) == (1, 1)
    async with app.db.reading() as conn:
        [(number, _, why)] = await store.rejects(conn, report.file_id)
    assert number == 2
    assert reason in why


async def test_a_wrong_unit_is_refused(app: App, write: Write) -> None:
    await a_line(app)
    fields = FIELDS | {"quantity": {"voice": {"column": "duration", "unit_column": "bytes"}}}
    rows = "".join(f"{at},MOC,0700000001,x,20260310080000,2,{unit}\n" for at, unit in enumerate(("min", "MB", "?")))
    report = await load(app, write(HEAD + rows), Mapping.model_validate({"fields": fields}))
    async with app.db.reading() as conn:
        told = [why for *_, why in await store.rejects(conn, report.file_id)]
        quantity = (await conn.execute(select(usage_event.c.quantity_micro))).scalar_one()
    assert (report.accepted, quantity) == (1, 120_000_000)
    assert told[0] == "MB is the wrong unit: voice is counted in s."
    assert told[1].startswith("'?' is a unit we do not know")


async def test_rows_that_are_no_usage_are_counted_and_left_out(app: App, write: Write) -> None:
    await a_line(app)
    report = await load(app, write(HEAD + call() + "2,MTC,0700000001,x,20260310080000,1,\n"))
    assert (report.rows, report.accepted, report.filtered) == (2, 1, 1)


async def test_a_file_that_has_not_what_it_says_is_noted(app: App, write: Write) -> None:
    await a_line(app)
    await load(app, write(HEAD + call() + "TRAILER,2\n"), sequence=r"file(\d)")
    async with app.db.reading() as conn:
        row = (await conn.execute(select(usage_file))).one()
    assert (row.declared, row.sequence, row.source, row.kind) == (2, 0, "msc", "cdr")
    assert row.problem == "It says it has 2 records and has 1. Ask for it again."


async def test_stamps_of_another_zone_are_told_by_the_operators_clock(app: App, write: Write) -> None:
    line = await a_line(app)
    mapping = Mapping.model_validate({"fields": FIELDS, "zone": "Europe/London"})
    await load(app, write(HEAD + call(at="20260329003000") + call(at="20260329023000", number=2)), mapping)
    async with app.db.reading() as conn:
        found = (await events(conn, [line.service_id], *MARCH))["voice"].at.tolist()
    hours = [at % 86_400 // 1_800 / 2 for at in found]
    assert hours == [3.5, 4.5]  # three hours ahead of London, then two


async def test_an_hour_that_the_clock_never_showed_is_rejected(app: App, clock: SetClock, write: Write) -> None:
    await a_line(app)
    mapping = Mapping.model_validate({"fields": FIELDS, "zone": "Europe/London"})
    report = await load(app, write(HEAD + call(at="20260329013000")), mapping)
    assert report.rejected == 1


async def test_a_column_that_is_not_there_is_told_before_anything_is_kept(app: App, write: Write) -> None:
    with pytest.raises(BadInput, match="there is no column start"):
        await load(app, write("a,b\n1,2\n"))
    async with app.db.reading() as conn:
        assert (await conn.execute(select(usage_file))).all() == []


async def test_a_known_record_with_another_content_is_refused_and_never_there_already(app: App, write: Write) -> None:
    await a_line(app)
    await load(app, write(HEAD + call()))
    report = await load(app, write(HEAD + call() + call(seconds=600)))
    assert (report.accepted, report.duplicates, report.rejected) == (0, 1, 1)
    async with app.db.reading() as conn:
        [(_, _, reason)] = await store.rejects(conn, report.file_id)
        assert reason.startswith("It was there already with other content (voice 61 0711111111)")
        assert await verify.problems(conn) == []
