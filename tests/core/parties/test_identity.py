"""PINs: hashed, a few tries, locked until set anew, easy ones refused."""

import asyncio

import pytest
from sqlalchemy import select

from core.errors import Refused
from core.house import House
from core.onboarding.model import Customer
from core.onboarding.register import register_customer
from core.parties import identity
from core.parties.tables import pin


@pytest.fixture
async def party_id(house: House) -> int:
    async with house.db.writing() as conn:
        return (await register_customer(conn, house, Customer("Amina"))).party_id


async def _set(house: House, party_id: int, digits: str) -> None:
    async with house.db.writing() as conn:
        await identity.set_pin(conn, house, party_id, digits)


async def _check(house: House, party_id: int, digits: str) -> str:
    async with house.db.writing() as conn:
        return await identity.check_pin(conn, house, party_id, digits)


async def test_a_pin_opens_only_to_itself(house: House, party_id: int) -> None:
    async with house.db.reading() as conn:
        assert not await identity.has_pin(conn, party_id)
    assert await _check(house, party_id, "4821") == "wrong", "there is none yet"
    await _set(house, party_id, "4821")
    async with house.db.reading() as conn:
        assert await identity.has_pin(conn, party_id)
        kept = (await conn.execute(select(pin.c.hash))).scalar_one()
        assert kept.startswith("$argon2id$") and "4821" not in kept
    assert await _check(house, party_id, "4821") == "ok"
    assert await _check(house, party_id, "4822") == "wrong"


async def test_the_last_wrong_try_locks_and_only_setting_it_anew_opens(house: House, party_id: int) -> None:
    await _set(house, party_id, "4821")
    said = [await _check(house, party_id, "0907") for _ in range(5)]
    assert said == ["wrong"] * 4 + ["locked"]
    assert await _check(house, party_id, "4821") == "locked"
    await _set(house, party_id, "7360")
    assert await _check(house, party_id, "7360") == "ok"


async def test_a_right_pin_gives_the_tries_back(house: House, party_id: int) -> None:
    await _set(house, party_id, "4821")
    for _ in range(3):
        said = [await _check(house, party_id, digits) for digits in ("0907",) * 4 + ("4821",)]
        assert said == ["wrong"] * 4 + ["ok"]


async def test_guesses_made_at_once_do_not_outrun_the_count(house: House, party_id: int) -> None:
    await _set(house, party_id, "4821")
    said = await asyncio.gather(*(_check(house, party_id, f"0{guess}07") for guess in range(9)))
    assert sorted(said) == ["locked"] * 5 + ["wrong"] * 4


@pytest.mark.parametrize("digits", ["0000", "1234", "4321", "7890", "1212", "1985", "2024"])
async def test_easy_pins_are_refused(house: House, party_id: int, digits: str) -> None:
    with pytest.raises(Refused, match=r"pin\.easy"):
        await _set(house, party_id, digits)


@pytest.mark.parametrize("digits", ["482", "48210", "48a1", "٤٨٢١", ""])
async def test_a_pin_has_as_many_digits_as_the_operator_says(house: House, party_id: int, digits: str) -> None:
    with pytest.raises(Refused, match=r"pin\.wrong_length"):
        await _set(house, party_id, digits)
