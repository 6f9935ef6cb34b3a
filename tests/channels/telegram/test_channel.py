"""Telegram: private chats only, a shared contact believed only when it is one's own, and the library over our own session."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from channels import http as channel_http
from channels.contract import Event, Malformed, RawRequest
from channels.telegram.channel import Telegram, genuine, parse
from core.message import Inbound, Notice, Option, OptOut, Screen
from tests.channels.payloads import body

AT = datetime(2026, 11, 21, 22, 26, 40, tzinfo=UTC)
PRIVATE = {"id": 1001, "type": "private", "first_name": "A"}
AMINA = {"id": 1001, "is_bot": False, "first_name": "A"}


def update(**what: object) -> bytes:
    return json.dumps({"update_id": 7, **what}).encode()


def message(chat: dict[str, Any] = PRIVATE, sender: dict[str, Any] = AMINA, **what: object) -> dict[str, Any]:
    return {"message_id": 5, "date": 1795300000, "chat": chat, "from": sender, **what}


def heard(text: str, kind: str = "text", phone: str | None = None, **details: str) -> list[Event]:
    return [Inbound("telegram", "1001", text, kind, phone, "7", None, None, AT, details)]


def member(status: str) -> dict[str, Any]:
    bot = {"id": 1, "is_bot": True, "first_name": "Hodi"}
    old, new = {"status": "member", "user": bot}, {"status": status, "user": bot, "until_date": 0}
    return {"chat": PRIVATE, "from": AMINA, "date": 1795300000, "old_chat_member": old, "new_chat_member": new}


GROUP = {"id": -5, "type": "group", "title": "family"}
CONTACT = {"phone_number": "254700000001", "first_name": "A"}
PHOTO = [{"file_id": f"f{n}", "file_unique_id": f"u{n}", "width": n, "height": n} for n in (90, 800)]
PRESS = {"id": "q1", "from": AMINA, "chat_instance": "c", "data": "2", "message": message(text="Choose")}


@pytest.mark.parametrize(
    ("label", "raw", "expected"),
    [
        (
            "the captured start, with an account in its link",
            body("telegram/message.json"),
            [Inbound("telegram", "1001", "ACC100", "new", None, "1", None, None, AT, {"language": "sw"})],
        ),
        ("a bare start", update(message=message(text="/start")), heard("", "new")),
        ("a text", update(message=message(text="bal 😀")), heard("bal 😀")),
        ("a word that only begins like start", update(message=message(text="/startle")), heard("/startle")),
        ("her own contact", update(message=message(contact={**CONTACT, "user_id": 1001})), heard("", "contact", "+254700000001")),
        ("somebody else's contact", update(message=message(contact={**CONTACT, "user_id": 2})), heard("", "contact")),
        ("a contact that is nobody's", update(message=message(contact=CONTACT)), heard("", "contact")),
        (
            "a place",
            update(message=message(location={"latitude": -1.25, "longitude": 36.75})),
            heard("", "location", latitude="-1.25", longitude="36.75"),
        ),
        ("a photograph", update(message=message(photo=PHOTO, caption="meter")), heard("meter", "media", media="f800", type="image/jpeg")),
        (
            "a button",
            update(callback_query=PRESS),
            [Inbound("telegram", "1001", "2", "text", None, "7", None, None, None, {"callback": "q1", "context": "5"})],
        ),
        ("blocked", update(my_chat_member=member("kicked")), [OptOut("telegram", "1001", None, True, AT)]),
        ("unblocked", update(my_chat_member=member("member")), [OptOut("telegram", "1001", None, False, AT)]),
        ("an edit", update(edited_message=message(text="bal")), heard("", "other", what="edited")),
        ("a place that moves", update(edited_message=message(location={"latitude": 1.0, "longitude": 2.0})), []),
        ("a group", update(message=message(chat=GROUP, text="bal")), []),
        ("another bot", update(message=message(sender={**AMINA, "is_bot": True}, text="bal")), []),
        ("a new title", update(message=message(new_chat_title="x")), []),
        ("a kind of update from the future", update(brain_wave={"id": 1}), []),
    ],
)  # fmt: skip
def test_an_update_is_read(label: str, raw: bytes, expected: list[Event]) -> None:
    assert parse(RawRequest("POST", raw)) == expected, label


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"7", b'"x"', b"{}", b'{"update_id": 1, "message": 5}', b'{"update_id": 1, "message": {"chat": 1}}',
     update(message=message(chat={"id": 1})), update(message={"date": "soon"}), b"[" * 100_000, b'{"update_id": 1, "message": {"date": 1e400}}'],
)  # fmt: skip
def test_what_is_no_update_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse(RawRequest("POST", raw))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.text(max_size=9)),
    lambda inner: st.dictionaries(
        st.sampled_from(
            [
                "chat",
                "from",
                "text",
                "contact",
                "photo",
                "date",
                "id",
                "type",
                "message_id",
                "data",
                "message",
                "location",
                "user_id",
            ]
        ),
        inner,
        max_size=7,
    ),
    max_leaves=20,
)


@given(st.sampled_from(["message", "callback_query", "my_chat_member"]), JSON)
def test_no_update_whatever_makes_the_parser_stumble(kind: str, told: object) -> None:
    for inner in (told, {**message(text="x"), **(told if isinstance(told, dict) else {})}):
        try:
            parse(RawRequest("POST", update(**{kind: inner})))
        except Malformed as refused:
            assert refused.code


def test_only_the_secret_we_gave_opens_the_door() -> None:
    assert genuine("s3cret_tok-1", "s3cret_tok-1")
    assert not genuine("s3cret_tok-1", "s3cret_tok-2")
    assert not genuine("s3cret_tok-1", "")
    assert not genuine("", "")
    assert not genuine("s3cret_tok-1", "\udcff")


@dataclass
class BotApi:
    """Telegram's sendMessage, with what it was sent and what it shall answer."""

    status: int = 200
    answer: dict[str, Any] = field(default_factory=lambda: {"ok": True, "result": message(text="sent")})
    got: list[dict[str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append({name: str(value) for name, value in (await request.post()).items()})
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def telegram() -> AsyncIterator[tuple[BotApi, Telegram, TestServer]]:
    double, app = BotApi(), web.Application()
    app.router.add_post("/bot1:token/sendMessage", double.take)
    app.router.add_post("/bot1:token/answerCallbackQuery", double.take)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        base = str(server.make_url("/bot"))
        yield double, Telegram(SecretStr("1:token"), SecretStr("s"), base, http), server


async def test_a_notice_arrives_with_a_button_for_each_option(telegram: tuple[BotApi, Telegram, TestServer]) -> None:
    double, channel, _ = telegram
    notice = Notice("k", "telegram", "1001", "Bill 500 🙂", options=(Option("1", "Pay"), Option("2", "Later")))
    [sent] = await channel.send([notice])
    assert (sent.state, sent.provider_ref) == ("done", "5")
    [got] = double.got
    assert (got["chat_id"], got["text"]) == ("1001", "Bill 500 🙂")
    assert [row[0]["callback_data"] for row in json.loads(got["reply_markup"])["inline_keyboard"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("status", "description", "parameters", "expected"),
    [
        (403, "Forbidden: bot was blocked by the user", {}, ("refused", "blocked")),
        (400, "Bad Request: chat not found", {}, ("refused", "unknown_subscriber")),
        (400, "Bad Request: message is too long", {}, ("refused", "rejected")),
        (429, "Too Many Requests", {"retry_after": 3}, ("not_reached", "too_fast")),
        (401, "Unauthorized", {}, ("not_reached", "wrong_key")),
        (500, "Internal Server Error", {}, ("unknown", "no_answer")),
    ],
)
async def test_a_refusal_is_told_as_it_is(
    telegram: tuple[BotApi, Telegram, TestServer],
    status: int,
    description: str,
    parameters: object,
    expected: tuple[str, str],
) -> None:
    double, channel, _ = telegram
    double.status, double.answer = status, {"ok": False, "description": description, "parameters": parameters}
    [sent] = await channel.send([Notice("k", "telegram", "1001", "hello")])
    assert (sent.state, sent.reason) == expected


async def test_a_provider_that_is_not_there_has_certainly_not_sent(
    telegram: tuple[BotApi, Telegram, TestServer],
) -> None:
    _, channel, server = telegram
    await server.close()
    [sent] = await channel.send([Notice("k", "telegram", "1001", "hello")])
    assert (sent.state, sent.reason) == ("not_reached", "not_reached")
    assert "token" not in repr(sent)


async def test_a_provider_that_answers_too_late_may_have_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait(request: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.Response()

    monkeypatch.setattr(channel_http, "PATIENCE", aiohttp.ClientTimeout(sock_read=0.1))
    app = web.Application()
    app.router.add_post("/bot1:token/sendMessage", wait)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        channel = Telegram(SecretStr("1:token"), SecretStr("s"), str(server.make_url("/bot")), http)
        [sent] = await channel.send([Notice("k", "telegram", "1001", "hello")])
    assert (sent.state, sent.reason) == ("unknown", "no_answer")


async def test_a_pressed_button_stops_waiting_and_a_failure_of_that_is_of_no_consequence(
    telegram: tuple[BotApi, Telegram, TestServer],
) -> None:
    double, channel, server = telegram
    double.answer = {"ok": True, "result": True}
    await channel.acknowledge(Inbound("telegram", "1", "2", details={"callback": "q1"}))
    assert double.got == [{"callback_query_id": "q1"}]
    await server.close()
    await channel.acknowledge(Inbound("telegram", "1", "2", details={"callback": "q1"}))


def bare() -> Telegram:
    return Telegram(SecretStr("1:token"), SecretStr("s"), "http://nowhere/bot", None)


def test_a_screen_becomes_text_and_a_keyboard() -> None:
    channel, screen = bare(), Screen("Choose", (Option("1", "Balance"), Option("2", "Bill")))
    [page] = channel.lay_out(screen)
    told = json.loads(channel.render(screen, page))
    assert told["text"] == "Choose"
    assert [row[0]["text"] for row in told["reply_markup"]["inline_keyboard"]] == ["Balance", "Bill"]


@given(st.text(max_size=9000), st.lists(st.text(max_size=60), max_size=8), st.integers(1, 80))
def test_no_screen_loses_an_option_or_is_too_long(text: str, labels: list[str], length: int) -> None:
    channel = bare()
    screen = Screen(text, tuple(Option(str(n) * length, label) for n, label in enumerate(labels)))
    made = channel.lay_out(screen)
    assert {key for page in made for key in page.keys} == {option.key for option in screen.options}
    for page in made:
        assert len(json.loads(channel.render(screen, page))["text"]) <= 4096
