"""Who may ask, from where: linking by PIN, parting, the PIN in a chat, and card numbers, which are kept nowhere."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from channels.africastalking.ussd import AfricasTalkingUssd
from core.care.tables import interaction
from core.clock import SetClock
from core.config.operator import Identity
from core.context import App
from core.db.engine import Database
from core.message import Inbound
from core.parties import identity
from core.parties.tables import contact_account
from core.summary.reader import open_quick
from gateway.conversation.interaction_log import LoggedTurn
from gateway.conversation.sessions import EmbeddedStore
from gateway.conversation.turn import Turns
from tests.gateway.talking import Phone, a_customer, counter
from tests.gateway.test_agent import Chat
from tests.gateway.test_flows import a_bill, rows
from tests.gateway.test_reading import sms

CARD = "4111 1111 1111 1111"


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.fixture
async def chat(app: App, tmp_path: Path) -> AsyncIterator[Chat]:
    strict = replace(app, operator=app.operator.model_copy(update={"identity": Identity(chat="pin")}))
    made = await a_customer(strict)
    await a_bill(strict, made.account_id)
    async with strict.db.writing() as conn:
        await identity.set_pin(conn, strict, made.party_id, "4826")
    store, quick = EmbeddedStore(tmp_path / "sessions.db"), open_quick(app.db)
    yield Chat(Turns(strict, store, quick))
    await quick.close()
    await store.close()


async def test_a_chat_is_linked_by_account_number_and_pin_and_asks_the_pin_again_after_a_silence(
    chat: Chat, clock: SetClock
) -> None:
    for text in ("hello", "1", "1001", "2", "9753"):
        await chat.say(text)
    assert "This chat has no account yet." in (await chat.told())[0]
    assert "That PIN is not right" in (await chat.told())[-1]
    await chat.say("4826")
    assert "This chat is now linked to the account." in (await chat.told())[-1]
    await chat.say("BAL")
    assert "You owe KES 1,234.50" in (await chat.told())[-1]
    clock.forward(timedelta(minutes=11))
    await chat.say("BAL")
    assert "Please enter your PIN." in (await chat.told())[-1]
    await chat.say("4826")
    assert "You owe KES 1,234.50" in (await chat.told())[-1]


async def test_a_guessed_pin_locks(chat: Chat) -> None:
    for text in ("hello", "1", "1001", "2", *["9753"] * 5):
        await chat.say(text)
    assert "Too many tries" in (await chat.told())[-1]


async def test_she_parts_an_account_from_her_phone_and_is_a_stranger_there(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        assert "Account 1001: shall we forget it here?" in await phone.dial(ahead="6*4*6")
        assert "Done." in await phone.answer("1")
        assert not await rows(app, contact_account)
        assert "This phone has no account yet." in await phone.answer("00")
        assert "This phone has no account yet." in await phone.dial("s2")


async def test_a_card_number_is_refused_and_kept_nowhere(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    texts = [CARD, CARD.replace(" ", "-"), CARD.replace(" ", "")]
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        for number, text in enumerate(texts):
            await phone.dial(f"s{number}")
            assert "Never send card numbers" in await phone.answer(text)
            await sms(phone, f"My card is {text}", number)
            assert "Never send card numbers" in await phone.dial(f"d{number}", ahead=text)
    store, quick = EmbeddedStore(tmp_path / "chat.db"), open_quick(app.db)
    web = Chat(Turns(app, store, quick))
    for text in ("hello", *texts, "1", texts[0], "AGENT", f"card {texts[1]}"):
        await web.say(text)
    await quick.close()
    await store.close()
    await app.db.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "db" in path.name)
    found = [text for text in texts if text.encode() in kept]
    assert found == []


async def test_ussd_screens_stand_in_the_log_of_what_passed_without_secrets(app: App, tmp_path: Path) -> None:
    strict = replace(app, operator=app.operator.model_copy(update={"identity": Identity(ussd="pin")}))
    made = await a_customer(strict)
    async with strict.db.writing() as conn:
        await identity.set_pin(conn, strict, made.party_id, "4826")
    store, quick = EmbeddedStore(tmp_path / "sessions.db"), open_quick(app.db)
    turns, passed = Turns(strict, store, quick), LoggedTurn(strict)
    for text in ("", "1", "1*4826", "1*4826"):
        inbound = Inbound("ussd", "+254712345678", text, phone="+254712345678", session="s1", service="*384*100#")
        passed.note(inbound, await turns.answer(inbound, AfricasTalkingUssd()))
    assert await passed.flush() == 6
    await quick.close()
    await store.close()
    said = [(row.direction, row.text.splitlines()[0]) for row in await rows(app, interaction)]
    assert [one for one in said if one[0] == "in"] == [("in", "*384*100#"), ("in", "1"), ("in", "***")]
    assert said[-1] == ("out", "Account 1001")
    assert {row.contact_id for row in await rows(app, interaction)} == {made.contact_id}
