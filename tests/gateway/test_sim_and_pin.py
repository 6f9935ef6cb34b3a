"""A number with another SIM opens nothing, on USSD and in chats; and what a stranger guesses locks nobody else's PIN."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SetClock
from core.config.operator import Identity
from core.context import App
from core.onboarding.model import Registered
from core.parties import identity, sim
from tests.gateway.talking import Phone, a_customer, counter
from tests.gateway.test_flows import a_bill

AMINA = "+254712345678"


@pytest.fixture
async def customer(app: App) -> Registered:
    made = await a_customer(app)
    await a_bill(app, made.account_id)
    async with app.db.writing() as conn:
        await identity.set_pin(conn, app, made.party_id, "4826")
    return made


@pytest.fixture
async def phone(app: App, customer: Registered, tmp_path: Path) -> AsyncIterator[Phone]:
    async with counter(app, tmp_path) as client:
        yield Phone(client)


async def _swapped(app: App) -> None:
    async with app.db.writing() as conn:
        await sim.note(conn, app, AMINA, "sim", app.clock.now())


async def test_a_number_with_another_sim_opens_no_account(
    app: App, customer: Registered, phone: Phone, clock: SetClock
) -> None:
    assert "1,234.50" in await phone.dial("s1")
    await _swapped(app)
    told = await phone.dial("s2")
    assert "New SIM" in told and "1,234.50" not in told and "1001" not in told
    assert "1,234.50" not in await phone.dial("s3", ahead="1")
    clock.forward(timedelta(hours=sim.COOLING_HOURS, seconds=1))
    assert "1,234.50" in await phone.dial("s4")


async def test_what_was_open_when_the_sim_changed_is_over(app: App, customer: Registered, phone: Phone) -> None:
    await phone.dial("s1")
    await _swapped(app)
    told = await phone.answer("1")
    assert "New SIM" in told and "1,234.50" not in told


async def test_its_thief_does_not_come_in_with_the_pin_either(app: App, customer: Registered, phone: Phone) -> None:
    await _swapped(app)
    await phone.dial("s1", ahead="1*1001")
    assert "new SIM" in await phone.answer("2", "4826")


async def test_the_guesses_of_a_stranger_do_not_lock_the_customer_s_pin(
    app: App, customer: Registered, tmp_path: Path
) -> None:
    strict = replace(app, operator=app.operator.model_copy(update={"identity": Identity(ussd="pin")}))
    async with counter(strict, tmp_path) as client:
        thief, owner = Phone(client), Phone(client)
        thief.number = "+254700000009"
        await thief.dial("t1", ahead="1*1001")
        assert "locked" in await thief.answer("2", *["9753"] * 5)
        await thief.dial("t2", ahead="1*1001")
        assert "locked" in await thief.answer("2", "4826")
        assert "1,234.50" in await owner.dial("s1", ahead="1*4826")
