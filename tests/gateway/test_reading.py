"""They read their own meter, by dialling or by SMS: into the one store, marked as theirs, and judged like any other reading."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from core.care.tables import ticket
from core.clock import SetClock
from core.config.operator import Readings
from core.context import App
from core.errors import Refused
from core.journeys import own_reading
from core.metering.store.readings import Read, record
from core.metering.tables import reading
from core.onboarding.model import NewMeter, Registered
from core.outbox.queue import outbox
from tests.gateway.talking import HOOKS, WANJIKU, Phone, a_customer, counter
from tests.gateway.test_flows import rows

KWH = 1_000_000
METER = NewMeter("04123456789", kind="register", interval_minutes=None, dials=5, installed_on=date(2025, 1, 1))


@pytest.fixture
async def customer(app: App) -> Registered:
    made = await a_customer(app, bill_day=12, opened_on=date(2025, 1, 1), meter=METER)
    async with app.db.writing() as conn:
        reads = [
            Read(METER.serial, date(2026, month, 1), value * KWH) for month, value in ((1, 900), (2, 1000), (3, 1100))
        ]
        await record(conn, app, reads)
    return made


@pytest.fixture
async def phone(app: App, customer: Registered, tmp_path: Path) -> AsyncIterator[Phone]:
    async with counter(app, tmp_path) as client:
        yield Phone(client)


async def theirs(app: App) -> list[Any]:
    return [(row.value_micro, row.state) for row in await rows(app, reading) if row.source == "customer"]


async def sms(phone: Phone, text: str, number: int = 1) -> None:
    form = {"from": WANJIKU, "id": f"m{number}", "text": text, "to": "40400", "date": "2026-03-10 09:00:00"}
    assert (await phone.client.post(f"{HOOKS}/sms", data=form)).status == 200


async def test_a_reading_counts_and_a_repeat_of_the_yes_adds_nothing(app: App, phone: Phone) -> None:
    await phone.dial()
    assert "1. Meter reading" in await phone.answer("6")
    assert "Meter 04123456789. Last: 1100 kWh. What does it show now?" in await phone.answer("1")
    assert "at most 5" in await phone.answer("123456")
    assert "at most 5" in await phone.answer("lots")
    assert "1130 kWh on meter 04123456789. Is that right?" in await phone.answer("1130")
    told = await phone.answer("1")
    assert "1130 kWh counts for your next bill" in told
    assert await phone.again() == told
    assert await theirs(app) == [(1130 * KWH, "accepted")]


async def test_one_that_cannot_be_is_held_before_a_clerk_with_a_reference(app: App, phone: Phone) -> None:
    await phone.dial(ahead="6*1*99000")
    told = await phone.answer("1")
    [opened] = await rows(app, ticket)
    assert (opened.kind, opened.reference in told) == ("meter_read", True)
    assert await theirs(app) == [(99_000 * KWH, "held")]


async def test_by_sms_one_message_and_a_yes(app: App, phone: Phone) -> None:
    await sms(phone, "READ 1130", 1)
    await sms(phone, "1", 2)
    await sms(phone, "1", 2)
    said = [row.params["text"] for row in await rows(app, outbox)]
    assert said[0].startswith("1130 kWh on meter 04123456789. Is that right?")
    assert "counts for your next bill" in said[1]
    assert await theirs(app) == [(1130 * KWH, "accepted")]


async def test_outside_the_window_they_are_told_when_to_come_back(
    app: App, customer: Registered, phone: Phone, clock: SetClock
) -> None:
    clock.instant = datetime(2026, 3, 20, 9, tzinfo=UTC)
    await phone.dial(ahead="6*1")
    assert "from 5 Apr to 12 Apr" in phone.screen
    clock.instant = datetime(2026, 4, 12, 9, tzinfo=UTC)
    assert "What does it show now?" in await phone.dial("s2", ahead="6*1")


async def test_core_itself_refuses_what_comes_outside_the_window(
    app: App, customer: Registered, clock: SetClock
) -> None:
    clock.instant = datetime(2026, 3, 20, 9, tzinfo=UTC)
    async with app.db.writing() as conn:
        _, [dial] = await own_reading.open_dials(conn, app, customer.account_id)
        with pytest.raises(Refused, match=r"reading\.shut"):
            await own_reading.send(
                conn,
                app,
                account_id=customer.account_id,
                meter_id=dial.meter_id,
                value_micro=1130 * KWH,
                contact_id=None,
                key="k",
            )


async def test_after_some_of_their_own_in_a_row_a_person_looks(app: App, customer: Registered, clock: SetClock) -> None:
    strict = replace(app, operator=app.operator.model_copy(update={"readings": Readings(self_reads_in_a_row=1)}))
    states = []
    for month, value in ((3, 1130), (4, 1230)):
        clock.instant = datetime(2026, month, 10, 9, tzinfo=UTC)
        async with strict.db.writing() as conn:
            _, [dial] = await own_reading.open_dials(conn, strict, customer.account_id)
            taken = await own_reading.send(
                conn,
                strict,
                account_id=customer.account_id,
                meter_id=dial.meter_id,
                value_micro=value * KWH,
                contact_id=None,
                key=f"k{month}",
            )
            states.append(taken.state)
    assert states == ["accepted", "held"]


async def test_a_meter_that_reads_itself_asks_nothing(app: App, tmp_path: Path) -> None:
    await a_customer(app, meter=NewMeter("7001"))
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        assert "Meter reading" not in await phone.dial(ahead="6")
        await phone.dial("s2")
        await sms(phone, "READ 12")
    *_, row = await rows(app, outbox)
    assert "Your meter reads itself" in row.params["text"]
