"""What strangers may send: files only with a cookie that we signed, a share of the day by address, by contact and in all; and it goes again."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError
from sqlalchemy import func, select

from core.audit.alarms import alarm
from core.care import media as files
from core.care.tables import media
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.parties import codes
from core.parties.tables import contact
from gateway.pages import chat_rooms
from scheduler.jobs import JOBS
from tests.gateway.open_doors import Doors, open_doors
from tests.gateway.talking import a_customer
from tests.gateway.ways import Telegram, WebChat, WhatsApp, with_pages

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 9
BIG = b"\xff\xd8\xff\xe0" + b"x" * 4_000_000


@pytest.fixture
async def doors(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Doors]:
    told = {"trusted_proxies": "127.0.0.1", "strangers_mb_a_day": 30}
    app = App(clock, operator, sqlite_db, settings.model_copy(update=told), follow)
    await a_customer(app)
    async with open_doors(app, tmp_path, with_pages) as opened:
        yield opened


async def send(doors: Doors, number: int, address: str, body: bytes, *, anew: bool = True) -> tuple[int, str]:
    """A picture from a browser there, by default one that has just come."""
    if anew:
        doors.client.session.cookie_jar.clear()
        await doors.client.get("/chat")
    told = {"X-Forwarded-For": address}
    answer = await doors.client.post("/chat/file", params={"id": f"p{number}"}, data=io.BytesIO(body), headers=told)
    return answer.status, "" if answer.status == 202 else str((await answer.json())["code"])


def lying(doors: Doors) -> list[str]:
    return sorted(place.name for place in Path(doors.app.settings.media_path).glob("??/*"))


async def job(doors: Doors, name: str) -> object:
    [one] = [one for one in JOBS if one.name == name]
    return await one.run(doors.app)


async def test_a_cookie_that_we_did_not_sign_opens_neither_the_chat_nor_its_files(doors: Doors) -> None:
    doors.client.session.cookie_jar.clear()
    forged = {"Cookie": f"hodi_chat={'x' * 43}"}
    assert (await doors.client.post("/chat/file", params={"id": "p1"}, data=JPEG, headers=forged)).status == 403
    with pytest.raises(WSServerHandshakeError, match="403"):
        await doors.client.ws_connect("/chat/socket", headers=forged)
    assert lying(doors) == []
    async with doors.app.db.reading() as conn:
        assert await conn.scalar(select(func.count()).select_from(media)) == 0
        assert await conn.scalar(select(func.count()).select_from(contact).where(contact.c.channel == "webchat")) == 0


async def test_who_was_known_by_an_unsigned_cookie_stays_known(doors: Doors) -> None:
    from gateway.pages import chat

    async with doors.app.db.writing() as conn:
        await chat.contacts.find_or_make(conn, doors.app, "webchat", chat._as_known("y" * 43))
    doors.client.session.cookie_jar.clear()
    given = (await doors.client.get("/chat", headers={"Cookie": f"hodi_chat={'y' * 43}"})).cookies["hodi_chat"].value
    assert given.startswith("y" * 43 + ".")
    doors.client.session.cookie_jar.clear()
    given = (await doors.client.get("/chat", headers={"Cookie": f"hodi_chat={'z' * 43}"})).cookies["hodi_chat"].value
    assert "z" * 43 not in given


async def test_an_address_and_all_strangers_together_have_a_share_of_the_day(
    doors: Doors, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "OF_ADDRESS", 10_000_000)
    one = [await send(doors, number, "203.0.113.5", BIG) for number in range(3)]
    assert one == [(202, ""), (202, ""), (429, "file.too_many")]
    others = [await send(doors, number, f"198.51.100.{number}", BIG) for number in range(6)]
    assert others == [(202, "")] * 5 + [(429, "file.too_many")]
    async with doors.app.db.reading() as conn:
        assert (await conn.execute(select(alarm.c.kind))).scalars().all() == ["strangers"]
    they = WebChat(doors, "webchat")
    await they.home()
    clock.forward(timedelta(days=1, seconds=1))
    assert await send(doors, 9, "203.0.113.5", BIG) == (202, "")


async def test_one_visitor_has_a_share_too(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "OF_ONE", 9_000_000)
    told = [await send(doors, number, f"198.51.100.{number}", BIG, anew=number == 0) for number in range(3)]
    assert told == [(202, ""), (202, ""), (429, "file.too_many")]


async def test_files_of_strangers_go_after_some_days_and_those_of_customers_stay(doors: Doors, clock: SetClock) -> None:
    await send(doors, 1, "198.51.100.9", JPEG)
    they = Telegram(doors, "telegram")
    await they.type("LINK")
    await they.type("1001")
    await they.choose("Yes")
    await they.type(await they.code())
    doors.bot.files |= {"t1": JPEG, "t2": BIG}
    async with doors.app.db.writing() as conn:
        theirs = await conn.scalar(select(contact.c.id).where(contact.c.channel == "telegram"))
        assert await files.keep(conn, doors.app, channel="telegram", ref="t2", contact_id=theirs, body=BIG) is None
    assert len(lying(doors)) == 2
    clock.forward(files.STRANGERS_KEPT + timedelta(hours=1))
    assert await job(doors, "files of strangers") == 1
    async with doors.app.db.reading() as conn:
        rows = (await conn.execute(select(media.c.channel, media.c.state, media.c.sha256).order_by(media.c.id))).all()
    assert [(row.channel, row.state) for row in rows] == [("webchat", "dropped"), ("telegram", "kept")]
    assert lying(doors) == [rows[1].sha256]
    assert await job(doors, "files of strangers") == 0


async def test_bytes_that_no_row_speaks_of_go(doors: Doors, clock: SetClock) -> None:
    from core.care import media_files

    media_files.put(doors.app.settings.media_path, b"of a process that died", clock.now())
    assert await job(doors, "files of strangers") == 0, "their row may be on its way"
    clock.forward(timedelta(days=2))
    assert await job(doors, "files of strangers") == 1
    assert lying(doors) == []


async def test_sockets_of_one_address_are_bounded_and_no_other_address_is_kept_out(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_rooms, "PAGES_OF_ADDRESS", 3)

    async def opened(address: str) -> bool:
        doors.client.session.cookie_jar.clear()
        await doors.client.get("/chat")
        ws = await doors.client.ws_connect("/chat/socket", headers={"X-Forwarded-For": address})
        await ws.send_json({"since": 0})
        return (await ws.receive()).type.name == "TEXT"

    assert [await opened("203.0.113.5") for _ in range(5)] == [True] * 3 + [False] * 2
    assert await opened("198.51.100.9")


async def test_a_stranger_s_files_by_a_messenger_have_a_share_too(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "OF_ONE", 9_000_000)
    they = WhatsApp(doors, "whatsapp")
    for number in range(4):
        doors.meta.files |= {f"m{number}": BIG}
        they.count += 1
        await they.deliver("", type="image", image={"id": f"m{number}", "mime_type": "image/jpeg"})
        await doors.sent()
    async with doors.app.db.reading() as conn:
        rows = (await conn.execute(select(media.c.state, media.c.reason).order_by(media.c.id))).all()
    assert [tuple(row) for row in rows] == [("kept", None)] * 2 + [("refused", "too_many")] * 2
    assert len(lying(doors)) == 1, "the same bytes lie there once"


async def test_codes_are_asked_for_by_invented_visitors_of_one_address_a_few_times_and_no_more(doors: Doors) -> None:
    for number in range(8):
        await a_customer(doors.app, name="Asha", number=f"300{number}", phone=f"+25471100000{number}")
    told = []
    for number in range(8):
        doors.client.session.cookie_jar.clear()
        they = WebChat(doors, "webchat")
        await they.home()
        await they.type("LINK")
        await they.type(f"300{number}")
        told.append("We sent a code" in await they.choose("Yes"))
    assert told == [True] * codes.MOST_FROM_ADDRESS + [False] * (8 - codes.MOST_FROM_ADDRESS)
