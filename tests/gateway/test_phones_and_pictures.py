"""Telegram's button that shares their phone, and pictures: from the web chat, and what a picture means in the middle of a talk."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.care import media as files
from core.care import media_files
from core.care.tables import media, talk, ticket
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.parties.tables import contact
from tests.gateway.open_doors import Doors, open_doors
from tests.gateway.talking import WANJIKU, a_customer
from tests.gateway.test_flows import rows
from tests.gateway.ways import Telegram, WebChat, WhatsApp, with_pages

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 9


@pytest.fixture
async def doors(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Doors]:
    app = App(clock, operator, sqlite_db, settings, follow)
    await a_customer(app)
    async with open_doors(app, tmp_path, with_pages) as opened:
        yield opened


async def shared(they: Telegram, user_id: int) -> None:
    told = {"phone_number": WANJIKU[1:], "first_name": "W", "user_id": user_id}
    they.screen, they.options = await they.answered("", contact=told)


async def test_where_an_account_is_linked_telegram_has_a_button_for_their_phone(doors: Doors) -> None:
    they = Telegram(doors, "telegram")
    await they.type("LINK")
    await doors.sent()
    [asked] = doors.bot.taken
    assert asked["below"] == [
        {"text": "Share my phone number", "request_contact": True},
        {"text": "Back"},
        {"text": "Home"},
    ]
    await they.type("Back")
    assert "Welcome" in they.screen, "a word of that keyboard is no account number"
    await they.type("LINK")
    await shared(they, 1001)
    assert "You owe nothing" in they.screen
    [own] = [row for row in await rows(doors.app, contact) if row.channel == "telegram"]
    assert own.phone == WANJIKU


async def test_the_contact_of_somebody_else_links_nothing(doors: Doors) -> None:
    they = Telegram(doors, "telegram")
    await they.type("LINK")
    await shared(they, 2002)
    assert "This chat has no account yet" in they.screen
    [own] = [row for row in await rows(doors.app, contact) if row.channel == "telegram"]
    assert (own.phone, own.party_id) == (None, None)


async def test_other_channels_ask_without_a_button(doors: Doors) -> None:
    they = WhatsApp(doors, "whatsapp")
    await they.type("LINK")
    await doors.sent()
    assert list(they.options) == ["Back", "Home"]
    assert "request_contact" not in str(doors.meta.taken)


async def test_a_picture_in_the_web_chat_is_kept_once_and_stands_in_the_chat(doors: Doors) -> None:
    they = WebChat(doors, "webchat")
    await they.home()
    await they.picture(JPEG)
    assert "We have your picture" in they.screen
    again = await doors.client.post("/chat/file", params={"id": "p1"}, data=JPEG)
    assert again.status == 202
    await they.choose("My meter")
    [kept] = await rows(doors.app, media)
    assert (kept.state, kept.type, kept.channel) == ("kept", "image/jpeg", "webchat")
    assert media_files.get(doors.app.settings.media_path, kept.sha256) == JPEG
    [own] = [row for row in await rows(doors.app, contact) if row.channel == "webchat"]
    assert kept.contact_id == own.id
    assert [row.kind for row in await rows(doors.app, ticket)] == ["meter_read"]


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"MZ\x90 a program", "file.type"), (b"", "file.type"), (JPEG + b"x" * files.LARGEST, "file.too_long")],
)
async def test_what_no_clerk_could_open_is_refused_in_words(doors: Doors, body: bytes, code: str) -> None:
    await doors.client.get("/chat")
    answer = await doors.client.post("/chat/file", params={"id": "p1"}, data=io.BytesIO(body))
    assert (answer.status, (await answer.json())["code"]) == (400, code)
    assert "up to 5 MB" in (await answer.json())["reason"]
    assert await rows(doors.app, media) == []


async def test_a_file_from_nowhere_or_without_an_id_is_refused(doors: Doors) -> None:
    assert (await doors.client.post("/chat/file", params={"id": "p1"}, data=JPEG)).status == 403
    await doors.client.get("/chat")
    other = {"Origin": "https://evil.example"}
    assert (await doors.client.post("/chat/file", params={"id": "p1"}, data=JPEG, headers=other)).status == 403
    for wrong in ({}, {"id": ""}, {"id": "x" * 65}):
        assert (await doors.client.post("/chat/file", params=wrong, data=JPEG)).status == 400
    assert await rows(doors.app, media) == []


async def test_a_picture_answers_a_question_of_ours_but_goes_to_the_person_they_talk_to(doors: Doors) -> None:
    they = WhatsApp(doors, "whatsapp")
    await they.type("LINK")
    await they.picture(JPEG)
    assert "We have your picture" in they.screen
    await they.type("AGENT")
    await they.type("my meter is broken")
    before = len(await rows(doors.app, outbox))
    doors.meta.files |= {"p2": JPEG}
    they.count += 1
    await they.deliver("", type="image", image={"id": "p2", "mime_type": "image/jpeg", "caption": "this one"})
    assert [row.state for row in await rows(doors.app, talk)] == ["waiting"]
    assert "We have your picture" not in str([row.params for row in (await rows(doors.app, outbox))[before:]])
