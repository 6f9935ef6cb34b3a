"""PINs: hashed, a few tries, locked until set anew, easy ones refused."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.audit import alarms
from core.context import App
from core.errors import Refused
from core.onboarding.model import NewCustomer
from core.onboarding.register import register_customer
from core.parties import contacts, identity
from core.parties.tables import pin


@pytest.fixture
async def party_id(app: App) -> int:
    async with app.db.writing() as conn:
        return (await register_customer(conn, app, NewCustomer("Amina"))).party_id


async def _set(app: App, party_id: int, digits: str) -> None:
    async with app.db.writing() as conn:
        await identity.set_pin(conn, app, party_id, digits)


async def _check(app: App, party_id: int, digits: str, chat: str = "4711") -> str:
    async with app.db.writing() as conn:
        who = await contacts.find_or_make(conn, app, "telegram", chat)
        return await identity.check_pin(conn, app, party_id, digits, who.id)


async def test_a_pin_opens_only_to_itself(app: App, party_id: int) -> None:
    async with app.db.reading() as conn:
        assert not await identity.has_pin(conn, party_id)
    assert await _check(app, party_id, "4821") == "wrong", "there is none yet"
    await _set(app, party_id, "4821")
    async with app.db.reading() as conn:
        assert await identity.has_pin(conn, party_id)
        kept = (await conn.execute(select(pin.c.hash))).scalar_one()
        assert kept.startswith("$argon2id$") and "4821" not in kept
    assert await _check(app, party_id, "4821") == "ok"
    assert await _check(app, party_id, "4822") == "wrong"


async def test_the_last_wrong_try_locks_and_only_setting_it_anew_opens(app: App, party_id: int) -> None:
    await _set(app, party_id, "4821")
    said = [await _check(app, party_id, "0907") for _ in range(5)]
    assert said == ["wrong"] * 4 + ["locked"]
    assert await _check(app, party_id, "4821") == "locked"
    await _set(app, party_id, "7360")
    assert await _check(app, party_id, "7360") == "ok"


async def test_a_right_pin_gives_the_tries_back(app: App, party_id: int) -> None:
    await _set(app, party_id, "4821")
    for _ in range(3):
        said = [await _check(app, party_id, digits) for digits in ("0907",) * 4 + ("4821",)]
        assert said == ["wrong"] * 4 + ["ok"]


async def test_guesses_made_at_once_do_not_outrun_the_count(app: App, party_id: int) -> None:
    await _set(app, party_id, "4821")
    said = await asyncio.gather(*(_check(app, party_id, f"0{guess}07") for guess in range(9)))
    assert sorted(said) == ["locked"] * 5 + ["wrong"] * 4


async def test_the_tries_of_one_lock_no_other(app: App, party_id: int) -> None:
    await _set(app, party_id, "4821")
    assert [await _check(app, party_id, "0907", "thief") for _ in range(6)] == ["wrong"] * 4 + ["locked"] * 2
    assert await _check(app, party_id, "4821", "thief") == "locked", "not even with the right one"
    assert await _check(app, party_id, "4821") == "ok"


async def test_many_strangers_together_have_few_tries_and_there_is_an_alarm(app: App) -> None:
    async with app.db.writing() as conn:
        made = await register_customer(conn, app, NewCustomer("Amina", number="77", phone="+254712345678"))
        own = await contacts.find(conn, "sms", "+254712345678")
        assert own is not None
        party_id = made.party_id
        await identity.set_pin(conn, app, party_id, "4821")
    said = [await _check(app, party_id, "0907", f"thief {number}") for number in range(identity.STRANGERS + 5)]
    assert said == ["wrong"] * identity.STRANGERS + ["locked"] * 5
    assert await _check(app, party_id, "4821", "one more") == "locked"
    async with app.db.writing() as conn:
        assert [one.kind for one in await alarms.between(conn, app.clock.now(), app.clock.now() + timedelta(1))] == [
            "pin"
        ]
        assert await identity.check_pin(conn, app, party_id, "4821", own.id) == "ok", "the customer's own phone goes on"


@pytest.mark.parametrize("digits", ["0000", "1234", "4321", "7890", "1212", "1985", "2024"])
async def test_easy_pins_are_refused(app: App, party_id: int, digits: str) -> None:
    with pytest.raises(Refused, match=r"pin\.easy"):
        await _set(app, party_id, digits)


@pytest.mark.parametrize("digits", ["482", "48210", "48a1", "٤٨٢١", ""])
async def test_a_pin_has_as_many_digits_as_the_operator_says(app: App, party_id: int, digits: str) -> None:
    with pytest.raises(Refused, match=r"pin\.wrong_length"):
        await _set(app, party_id, digits)
