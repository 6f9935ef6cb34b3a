"""Who may ask: codes to the phone of record, linking, and the PIN where the operator asks for one."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.config.operator import Identity
from core.context import App
from core.onboarding.model import Registered
from core.outbox.queue import outbox
from core.parties import codes, identity
from tests.gateway.talking import Phone, a_customer, counter
from tests.gateway.test_flows import a_bill, rows


@pytest.fixture
async def customer(app: App) -> Registered:
    return await a_customer(app)


@pytest.fixture
async def phone(app: App, customer: Registered, tmp_path: Path) -> AsyncIterator[Phone]:
    async with counter(app, tmp_path) as client:
        yield Phone(client)


async def code_of(app: App) -> str:
    """The code that is on its way to the phone of record, as the words of the message will say it."""
    *_, row = [row for row in await rows(app, outbox) if row.kind == "code"]
    said = codes.words(app, row.subject_id, row.params)
    assert said is not None
    return str(said["code"])


async def test_another_phone_is_linked_by_a_code_to_the_phone_of_record(
    app: App, customer: Registered, phone: Phone
) -> None:
    phone.number = "+254700000009"
    await phone.dial(ahead="1")
    assert "We do not find account 999" in await phone.answer("999", "1")
    await phone.dial("s2", ahead="1*1001")
    assert "We sent a code to +2547*****678" in await phone.answer("1")
    assert "That code is not right" in await phone.answer("000000")
    assert "now linked" in await phone.answer(await code_of(app))
    assert (await phone.answer("1")).startswith("CON Account 1001")


async def test_a_code_is_guessed_five_times_and_no_more(app: App, customer: Registered, phone: Phone) -> None:
    phone.number = "+254700000009"
    await phone.dial(ahead="1*1001")
    await phone.answer("1", *["000000"] * 5)
    assert "no longer valid" in await phone.answer(await code_of(app))


@pytest.fixture
def strict(app: App) -> App:
    operator = app.operator.model_copy(update={"identity": Identity(ussd="pin")})
    return replace(app, operator=operator)


async def test_where_the_pin_is_asked_they_set_one_by_a_code_and_then_hears_their_balance(
    strict: App, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await a_customer(strict)
    async with counter(strict, tmp_path) as client:
        phone = Phone(client)
        await phone.dial(ahead="1")
        assert "Your PIN protects your account." in phone.screen
        await phone.answer("1")
        assert "Choose a PIN of 4 digits" in await phone.answer(await code_of(strict))
        assert "once more" in await phone.answer("1111")
        assert "easy to guess" in await phone.answer("1111")
        assert "once more" in await phone.answer("1", "4826")
        assert "not the same" in await phone.answer("4827")
        assert "Your PIN is set." in await phone.answer("1", "4826", "4826")
        assert (await phone.answer("1")).startswith("CON Account 1001")
        await phone.dial("s2")
        assert (await phone.answer("2")).startswith("CON Please enter your PIN.")
        assert "not right" in await phone.answer("9999")
        assert (await phone.answer("4826")).startswith("CON There is no bill yet.")
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("sessions.db*"))
    assert b"4826" not in kept
    assert b"9999" not in kept
    logged = "".join(record.getMessage() for record in caplog.records) + capsys.readouterr().out
    assert "4826" not in logged


async def test_after_too_many_wrong_pins_it_is_locked(strict: App, tmp_path: Path) -> None:
    made = await a_customer(strict)
    async with strict.db.writing() as conn:
        await identity.set_pin(conn, strict, made.party_id, "4826")
    async with counter(strict, tmp_path) as client:
        phone = Phone(client)
        await phone.dial(ahead="1")
        screen = await phone.answer(*["9753"] * 5)
        assert screen.startswith("END Too many tries.")
        assert (await phone.dial("s2", ahead="1*4826")).startswith("END Too many tries.")


async def test_a_home_read_never_says_more_than_the_policy_allows(strict: App, tmp_path: Path) -> None:
    made = await a_customer(strict)
    await a_bill(strict, made.account_id)
    async with counter(strict, tmp_path) as client:
        assert "1,234.50" not in await Phone(client).dial()
