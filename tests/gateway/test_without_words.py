"""Nothing that comes in vanishes: what has no words gets a short answer and a line in the log, in an open talk as well."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.care.tables import interaction, media, talk, ticket
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.parties import contacts
from tests.gateway.open_doors import Doors, open_doors
from tests.gateway.talking import WANJIKU, a_customer
from tests.gateway.test_doors import tg
from tests.gateway.test_flows import rows
from tests.gateway.ways import Telegram, WhatsApp

PDF, VOICE = b"%PDF-1.7 bill", b"OggS voice"
AT = {"latitude": -1.283330001, "longitude": 36.81667}
LINK = "https://maps.google.com/?q=-1.28333,36.81667"


@pytest.fixture
async def doors(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Doors]:
    app = App(clock, operator, sqlite_db, settings, follow)
    await a_customer(app)
    async with open_doors(app, tmp_path) as opened:
        yield opened


async def log_of(doors: Doors) -> list[str]:
    async with doors.app.db.reading() as conn:
        said = select(interaction.c.text).where(interaction.c.direction == "in").order_by(interaction.c.id)
        return list((await conn.execute(said)).scalars())


WHATSAPP: dict[str, dict[str, Any]] = {
    "[sticker]": {"type": "sticker", "sticker": {"id": "s1", "mime_type": "image/webp"}},
    "[contacts]": {"type": "contacts", "contacts": [{"name": {"formatted_name": "A"}, "phones": [{"phone": "+254700000009"}]}]},
    "[order]": {"type": "order", "order": {"catalog_id": "c", "product_items": [{"product_retailer_id": "p", "quantity": 1}]}},
    "[unsupported]": {"type": "unsupported", "errors": [{"code": 131051, "title": "Message type is not currently supported"}]},
    "[unknown]": {"type": "unknown"},
    "[interactive]": {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}},
    "[poll_creation]": {"type": "poll_creation"},
}  # fmt: skip
TELEGRAM: dict[str, dict[str, Any]] = {
    "[sticker]": {"sticker": {"file_id": "s", "file_unique_id": "u", "width": 1, "height": 1, "is_animated": False, "is_video": False, "type": "regular"}},
    "[video_note]": {"video_note": {"file_id": "s", "file_unique_id": "u", "length": 1, "duration": 1}},
    "[dice]": {"dice": {"emoji": "🎲", "value": 3}},
    "[poll]": {"poll": {"id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False, "is_anonymous": True, "type": "regular", "allows_multiple_answers": False}},
    "[animation]": {"animation": {"file_id": "s", "file_unique_id": "u", "width": 1, "height": 1, "duration": 1}, "document": {"file_id": "s", "file_unique_id": "u", "mime_type": "video/mp4"}},
    "[game]": {"game": {"title": "x", "description": "y", "photo": []}},
    "[unknown]": {},
}  # fmt: skip


async def brings(they: WhatsApp | Telegram, what: dict[str, Any]) -> str:
    they.screen, they.options = await they.answered("", **(what or {"author_signature": ""}))
    return they.screen


@pytest.mark.parametrize("what", WHATSAPP)
async def test_what_whatsapp_brings_without_words_is_answered_and_the_question_stands(what: str, doors: Doors) -> None:
    they = WhatsApp(doors, "whatsapp")
    await they.type("LINK")
    asked = they.screen
    assert (await brings(they, WHATSAPP[what])) == f"We cannot open that here. Please write it in words.\n{asked}"
    assert await log_of(doors) == ["LINK", what]
    assert await rows(doors.app, media) == []


@pytest.mark.parametrize("what", TELEGRAM)
async def test_what_telegram_brings_without_words_is_answered_first_of_all(what: str, doors: Doors) -> None:
    they = Telegram(doors, "telegram")
    said = await brings(they, TELEGRAM[what])
    assert said.startswith("We cannot open that here. Please write it in words.\nWelcome to Mwangaza")
    assert await log_of(doors) == [what]


async def test_in_their_own_language_and_in_an_open_talk(doors: Doors) -> None:
    they = WhatsApp(doors, "whatsapp")
    await they.type("AGENT")
    await they.type("my meter is broken")
    async with doors.app.db.writing() as conn:
        found = await contacts.find(conn, "whatsapp", WANJIKU[1:])
        assert found is not None
        await contacts.set_language(conn, found.id, "sw")
    they.count += 1
    assert "We cannot open that here" in await brings(they, WHATSAPP["[sticker]"])
    assert [row.state for row in await rows(doors.app, talk)] == ["waiting"]
    assert (await log_of(doors))[-1] == "[sticker]"
    before = len(await rows(doors.app, outbox))
    they.count += 1
    await they.deliver("", type="location", location=AT)
    assert (await log_of(doors))[-1] == f"-1.28333, 36.81667 {LINK}"
    assert [row.state for row in await rows(doors.app, talk)] == ["waiting"]
    assert "What is wrong" not in str([row.params for row in (await rows(doors.app, outbox))[before:]])


async def test_a_customer_who_speaks_swahili_is_told_in_swahili(doors: Doors) -> None:
    async with doors.app.db.writing() as conn:
        customer = await contacts.find_or_make(conn, doors.app, "telegram", "1001")
        await contacts.set_language(conn, customer.id, "sw")
    they = Telegram(doors, "telegram")
    assert "Hatuwezi kufungua hiyo hapa" in await brings(they, TELEGRAM["[dice]"])


@pytest.mark.parametrize(
    ("kind", "file", "said", "description"),
    [
        ("audio", {"id": "f1", "mime_type": "audio/ogg; codecs=opus", "voice": True}, "voice note", "A voice note"),
        ("document", {"id": "f1", "mime_type": "application/pdf", "filename": "x.pdf"}, "document", "A document"),
    ],
)
async def test_a_voice_and_a_paper_are_called_what_they_are_and_reach_a_clerk(
    kind: str, file: dict[str, Any], said: str, description: str, doors: Doors
) -> None:
    they = WhatsApp(doors, "whatsapp")
    doors.meta.files = {"f1": PDF if kind == "document" else VOICE}
    screen = await brings(they, {"type": kind, kind: file})
    assert said in screen and "picture" not in screen
    await they.choose("To a clerk")
    [opened] = await rows(doors.app, ticket)
    assert (opened.kind, opened.description.startswith(description)) == ("message", True)
    await doors.sent()
    assert [row.state for row in await rows(doors.app, media)] == ["kept"]


async def test_telegrams_voice_and_pdf_are_no_pictures_and_a_film_is_told_to_be_of_no_use(doors: Doors) -> None:
    they = Telegram(doors, "telegram")
    voice = {"file_id": "v", "file_unique_id": "v", "duration": 2, "mime_type": "audio/ogg"}
    assert "voice note" in await brings(they, {"voice": voice})
    paper = {"file_id": "d", "file_unique_id": "d", "mime_type": "application/pdf"}
    assert "document" in await brings(they, {"document": paper})
    film = {"file_id": "f", "file_unique_id": "f", "width": 1, "height": 1, "duration": 1, "mime_type": "video/mp4"}
    assert "We cannot open this kind of file" in await brings(they, {"video": film})
    assert await log_of(doors) == ["[voice]", "[file]", "[video/mp4]"]


async def test_a_reaction_stands_in_the_log_and_asks_for_no_answer(doors: Doors) -> None:
    they = WhatsApp(doors, "whatsapp")
    await they.type("BAL")
    before = len(await rows(doors.app, outbox))
    they.count += 1
    for _ in range(2):
        await they.deliver("", type="reaction", reaction={"message_id": "wamid.OUT1", "emoji": "👍"})
    assert await log_of(doors) == ["BAL", "[👍]"]
    assert len(await rows(doors.app, outbox)) == before


async def test_a_change_to_an_earlier_message_is_answered_and_a_moving_place_is_not(doors: Doors) -> None:
    edited = tg(2, text="BAL").replace(b'"message":', b'"edited_message":', 1)
    moving = tg(3, location={**AT, "live_period": 900}).replace(b'"message":', b'"edited_message":', 1)
    for raw in (edited, edited, moving):
        assert (await doors.telegram(raw)).status == 200
    [answer] = await rows(doors.app, outbox)
    assert "We do not see changes to an earlier message" in answer.params["text"]
    assert await log_of(doors) == ["[edited]"]


PINS: list[tuple[str, dict[str, Any], str]] = [
    ("whatsapp", {"type": "location", "location": AT}, f"-1.28333, 36.81667 {LINK}"),
    ("whatsapp", {"type": "location", "location": {**AT, "name": "Duka la Otieno", "address": "Moi Road"}}, f"Duka la Otieno, Moi Road {LINK}"),
    ("telegram", {"location": AT}, f"-1.28333, 36.81667 {LINK}"),
    ("telegram", {"location": {**AT, "live_period": 900}}, f"-1.28333, 36.81667 {LINK}"),
    ("telegram", {"location": AT, "venue": {"location": AT, "title": "Duka", "address": "Moi Road"}}, f"Duka, Moi Road {LINK}"),
]  # fmt: skip
WAYS: dict[str, type[WhatsApp] | type[Telegram]] = {"whatsapp": WhatsApp, "telegram": Telegram}


@pytest.mark.parametrize(("way", "pin", "words"), PINS)
@pytest.mark.parametrize("asked", [True, False])
async def test_a_pin_on_the_map_answers_where_and_stands_in_the_ticket_as_a_link(
    asked: bool, way: str, pin: dict[str, Any], words: str, doors: Doors
) -> None:
    they = WAYS[way](doors, way)
    if asked:
        await they.type("FAULT")
        if "Where is it" not in they.screen:
            await they.choose("At another place")
        assert "Where is it" in they.screen
    assert "What is wrong?" in await brings(they, pin)
    await they.choose("No supply", "Yes")
    [opened] = await rows(doors.app, ticket)
    assert (opened.kind, opened.description) == ("no_supply", words)


@pytest.mark.parametrize(
    "where",
    [{"latitude": 91, "longitude": 0}, {"latitude": "north", "longitude": 1}, {"latitude": "nan", "longitude": 1}],
)
async def test_what_is_no_place_on_earth_is_told_so(where: dict[str, Any], doors: Doors) -> None:
    they = WhatsApp(doors, "whatsapp")
    assert "We cannot open that here" in await brings(they, {"type": "location", "location": where})
    assert await log_of(doors) == ["[location]"]
