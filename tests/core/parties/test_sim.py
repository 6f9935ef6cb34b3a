"""After a SIM or number change nothing that moves money is done on that number's word for 72 hours."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core.clock import SetClock
from core.context import App
from core.outbox import queue
from core.parties import contacts, sim
from core.parties.tables import sim_change
from scheduler.dispatch import Dispatcher
from tests.people import Customer, a_branch, a_customer


async def kept_customer(app: App) -> Customer:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        return await a_customer(conn, app)


async def cooling(app: App, contact_id: int, hours: int = sim.COOLING_HOURS) -> bool:
    async with app.db.reading() as conn:
        return await sim.sim_changed_within(conn, app, contact_id, hours)


async def asked(app: App, customer: Customer, request: str = "R1") -> None:
    async with app.db.writing() as conn:
        assert await sim.ask(conn, app, customer.contact_id, "refund:1")
        assert not await sim.ask(conn, app, customer.contact_id, "refund:1")

    async def put(phone: str) -> str | None:
        assert phone == customer.phone
        return request

    assert await Dispatcher(app, {}, {sim.KIND: sim.handler(put)}).drain() == {"sent": 1}


async def told(app: App, request: str, swapped: bool | None, on: date | None) -> bool:
    async with app.db.writing() as conn:
        return await sim.answered(conn, app, request, swapped, on)


async def test_a_change_cools_for_72_hours_and_then_no_more(app: App, clock: SetClock) -> None:
    customer = await kept_customer(app)
    await asked(app, customer)
    assert not await cooling(app, customer.contact_id)
    assert await told(app, "R1", True, date(2026, 3, 9))
    assert not await told(app, "R1", True, date(2026, 3, 9))
    assert await cooling(app, customer.contact_id)
    assert not await cooling(app, customer.contact_id, 1)
    clock.forward(timedelta(hours=60) - timedelta(seconds=1))  # the 9th ended twelve hours before noon of the 10th
    assert await cooling(app, customer.contact_id)
    clock.forward(timedelta(seconds=1))
    assert not await cooling(app, customer.contact_id)


@pytest.mark.parametrize(
    ("swapped", "on", "cools"),
    [
        (True, None, True),
        (True, date(2026, 3, 10), True),
        (True, date(2026, 3, 1), False),
        (False, None, False),
        (None, None, False),
        (False, date(2026, 3, 10), True),
    ],
)
async def test_what_the_network_says_decides(app: App, swapped: bool | None, on: date | None, cools: bool) -> None:
    customer = await kept_customer(app)
    await asked(app, customer)
    await told(app, "R1", swapped, on)
    assert await cooling(app, customer.contact_id) is cools


async def test_an_answer_to_no_question_of_ours_changes_nothing(app: App) -> None:
    customer = await kept_customer(app)
    assert not await told(app, "forged", True, date(2026, 3, 10))
    assert not await cooling(app, customer.contact_id)
    async with app.db.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(sim_change))).scalar_one() == 0


async def test_a_question_that_could_not_be_put_is_put_again(app: App, clock: SetClock) -> None:
    customer = await kept_customer(app)
    answers: list[str | None] = [None, "R2"]

    async def put(_phone: str) -> str | None:
        return answers.pop(0)

    async with app.db.writing() as conn:
        await sim.ask(conn, app, customer.contact_id, "k")
    handlers: dict[str, Any] = {sim.KIND: sim.handler(put)}
    assert await Dispatcher(app, {}, handlers).drain() == {"waiting": 1}
    clock.forward(timedelta(seconds=10))
    assert await Dispatcher(app, {}, handlers).drain() == {"sent": 1}
    assert await told(app, "R2", True, None)


async def test_where_no_network_can_be_asked_the_question_is_dropped(app: App) -> None:
    customer = await kept_customer(app)
    async with app.db.writing() as conn:
        await sim.ask(conn, app, customer.contact_id, "k")
    assert await Dispatcher(app, {}, {sim.KIND: sim.nobody_to_ask}).drain() == {"dropped": 1}


async def test_who_has_no_number_is_not_asked_about(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        chat = await contacts.find_or_make(conn, app, "telegram", "u9")
        assert not await sim.ask(conn, app, chat.id, "k")
        assert not await sim.sim_changed_within(conn, app, chat.id)
        assert (await conn.execute(select(func.count()).select_from(queue.outbox))).scalar_one() == 0
