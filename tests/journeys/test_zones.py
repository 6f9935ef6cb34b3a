"""Night is where the customer lives: by their account's branch, their phone's country, or the operator's zone; on the nights the clocks change too."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

from core.campaigns.tables import campaign
from core.clock import SetClock
from core.config.messages import Notices
from core.config.operator import Operator
from core.context import App
from core.journeys.follow import follow
from core.notices import time_zones
from core.outbox import queue
from core.parties.tables import branch, contact
from scheduler.dispatch import Dispatcher
from tests.core.campaigns.test_campaigns import planned
from tests.people import a_bill, a_branch, a_customer
from tests.scheduler.test_dispatch import Provider


def of(app: App, **rules: Any) -> App:
    return replace(app, operator=app.operator.model_copy(update=rules))


@pytest.mark.parametrize(
    ("phone", "zone"),
    [
        ("+254712345678", None), ("+31612345678", "Europe/Amsterdam"), ("+14155551234", "America/Los_Angeles"),
        ("+5511987654321", "America/Sao_Paulo"), ("them-chat", None), ("+999123", None), ("+61412345678", "Australia/Brisbane"),
    ],
)  # fmt: skip
def test_a_phone_tells_where_night_is_when_it_is_not_at_home(phone: str, zone: str | None, operator: Operator) -> None:
    found = time_zones.of_phone(operator, phone)
    assert found == (ZoneInfo(zone) if zone else None)


def test_in_a_country_of_several_zones_a_number_that_could_be_at_home_is(operator: Operator) -> None:
    congo = operator.model_copy(update={"country": "CD", "zone": "Africa/Kinshasa"})
    assert time_zones.of_phone(congo, "+243812345678") is None
    us = operator.model_copy(update={"country": "US", "zone": "America/New_York"})
    assert time_zones.of_phone(us, "+14155551234") == ZoneInfo("America/Los_Angeles")
    assert time_zones.of_phone(us, "+12125551234") is None


async def a_bill_waits(app: App, phone: str | None = None, branch_id: int = 7) -> str:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        await conn.execute(insert(branch).values(id=8, code="AMS", name="Amsterdam"))
        customer = await a_customer(conn, app, branch_id=branch_id)
        if phone:
            await conn.execute(update(contact).values(channel_user=phone, phone=phone))
        bill = await a_bill(conn, app, customer)
        await queue.enqueue(
            conn,
            app,
            key="b",
            kind="notice",
            template="notice.ready.pay",
            account_id=customer.account_id,
            subject_id=bill,
        )
        await queue.enqueue(
            conn,
            app,
            key="r",
            kind="reply",
            template="reply.text",
            params={"text": "x"},
            contact_id=customer.contact_id,
        )
    return customer.phone


async def waits_until(app: App, key: str = "b") -> datetime | None:
    async with app.db.reading() as conn:
        row = (await conn.execute(select(queue.outbox).where(queue.outbox.c.key == key))).one()
    assert row.state in ("waiting", "sent")
    until: datetime | None = row.not_before if row.state == "waiting" else None
    return until


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-28 19:00", "2026-03-29 06:00"),  # clocks go forward that night: 08:00 comes an hour sooner
        ("2026-10-24 18:00", "2026-10-25 07:00"),  # and back: an hour later
        ("2026-10-25 00:30", "2026-10-25 07:00"),  # 02:30, for the first time
        ("2026-10-25 01:30", "2026-10-25 07:00"),  # 02:30 again
        ("2026-03-29 01:00", "2026-03-29 06:00"),  # the hour that is not
        ("2026-03-29 06:00", None),
        ("2026-10-25 06:59", "2026-10-25 07:00"),
    ],
)
@pytest.mark.parametrize("by", ["branch", "phone"])
async def test_a_customer_elsewhere_is_let_sleep_by_their_own_clock_on_both_nights_the_clocks_change(
    by: str, now: str, until: str | None, sqlite_db: Any, clock: SetClock, operator: Operator, settings: Any
) -> None:
    clock.instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    app = of(App(clock, operator, sqlite_db, settings, follow), regions={"AMS": "Europe/Amsterdam"})
    await a_bill_waits(app, *(("+31612345678",) if by == "phone" else (None, 8)))
    phones = Provider()
    dispatcher = Dispatcher(app, {"sms": phones})
    await dispatcher.drain()
    morning = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
    assert (await waits_until(app), "r" in phones.keys) == (morning, True)
    if morning:
        clock.instant = morning
        assert await dispatcher.drain() == {"sent": 1}
    assert sorted(phones.keys) == ["b", "r"]


async def test_at_noon_of_the_operator_it_may_be_night_elsewhere_and_the_urgent_leaves_all_the_same(
    app: App, clock: SetClock
) -> None:
    await a_bill_waits(app, "+14155551234")  # noon in Nairobi is two in the morning there (their summer time)
    assert await Dispatcher(app, {"sms": Provider()}).drain() == {"waiting": 1, "sent": 1}
    assert await waits_until(app) == datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
    async with app.db.writing() as conn:
        await conn.execute(update(queue.outbox).values(not_before=clock.now()))
    urgent = of(app, notices=Notices(urgent=("notice.ready",)))
    assert await Dispatcher(urgent, {"sms": Provider()}).drain() == {"sent": 1}


async def test_the_hours_of_a_campaign_are_those_of_the_reader(app: App, clock: SetClock) -> None:
    app = of(app, regions={"AMS": "Europe/Amsterdam"}, notices=Notices(quiet_from="00:00", quiet_until="00:00"))
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        await conn.execute(insert(branch).values(id=8, code="AMS", name="Amsterdam"))
        here = await a_customer(conn, app, 1)
        there = await a_customer(conn, app, 2, branch_id=8)
    made = await planned(app, window=("12:00", "17:00"))
    async with app.db.writing() as conn:
        await conn.execute(update(campaign).values(state="running"))
        for customer in (here, there):
            await queue.enqueue(
                conn,
                app,
                key=f"c{customer.contact_id}",
                kind="campaign",
                template="campaign",
                contact_id=customer.contact_id,
                subject_id=made.id,
                priority=queue.CAMPAIGN,
            )
    assert await Dispatcher(app, {"sms": Provider()}).drain() == {"sent": 1, "waiting": 1}
    assert await waits_until(app, f"c{here.contact_id}") is None
    assert await waits_until(app, f"c{there.contact_id}") == datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
