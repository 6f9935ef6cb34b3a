"""The web chat: a page that comes back loses nothing and repeats nothing, and strangers get nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError, web
from sqlalchemy import select

from channels.contract import Channel
from channels.webchat import LARGEST_FRAME, WebChat
from core.care.tables import interaction
from core.context import App
from core.message import Inbound, Notice, Option, Screen
from gateway.app_keys import CHANNELS, SPOOL, TURNS
from gateway.conversation.turn import TurnAnswer, Turns
from gateway.hooks.spooling import open_spool
from gateway.pages import chat
from gateway.pages.chat_rooms import push
from tests.gateway.conftest import Client, Serve, ops_app


@dataclass
class Counter:
    """Turns that answer with the length of what they heard, once for each message id."""

    heard: list[Inbound] = field(default_factory=list)
    answers: dict[str, TurnAnswer] = field(default_factory=dict)
    fails: int = 0
    away: int = 0

    async def answer(self, inbound: Inbound, channel: Channel) -> TurnAnswer:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("killed between two turns")
        if self.away:
            self.away -= 1
            return TurnAnswer("sorry", unavailable=True)
        self.heard.append(inbound)
        shown = Screen(f"heard {len(inbound.text)}", (Option("1", "Balance"),), secret=inbound.text == "pin")
        reply = channel.render(shown, channel.lay_out(shown)[0])
        return self.answers.setdefault(str(inbound.message_id), TurnAnswer(reply))


def chat_app(app: App, talk: Counter, spool: Path) -> web.Application:
    web_app = ops_app(app)
    open_spool(web_app, spool)
    web_app[TURNS] = cast("Turns", talk)
    web_app[CHANNELS] = {"webchat": WebChat(lambda notice: push(app, notice))}
    chat.setup(web_app)
    web_app.add_routes(chat.routes())
    return web_app


@dataclass
class Visitor:
    client: Client
    talk: Counter

    async def open(self, since: int = 0, **options: Any) -> ClientWebSocketResponse:
        ws = await self.client.ws_connect("/chat/socket", **options)
        await ws.send_json({"since": since})
        return ws

    async def until(self, ws: ClientWebSocketResponse, name: str) -> list[dict[str, Any]]:
        """What arrives up to and without the frame that has `name`."""
        got = []
        while name not in (frame := await ws.receive_json(timeout=10)):
            got.append(frame)
        return got

    async def say(self, ws: ClientWebSocketResponse, key: str, text: str) -> list[dict[str, Any]]:
        await ws.send_json({"id": key, "text": text})
        return await self.until(ws, "done")


@pytest.fixture
async def visitor(app: App, aiohttp_client: Serve, tmp_path: Path) -> AsyncIterator[Visitor]:
    talk = Counter()
    web_app = chat_app(app, talk, tmp_path / "spool")
    client = await aiohttp_client(web_app)
    assert (await client.get("/chat")).status == 200
    yield Visitor(client, talk)


async def test_what_she_says_and_what_we_answer_come_numbered(visitor: Visitor) -> None:
    ws = await visitor.open()
    assert await visitor.until(ws, "last") == []
    lines = await visitor.say(ws, "a", "bal")
    assert [(line["seq"], line["side"], line["text"]) for line in lines] == [(1, "you", "bal"), (2, "hodi", "heard 3")]
    assert lines[1]["options"] == [{"key": "1", "label": "Balance"}]


async def test_a_new_page_gets_the_whole_talk_and_a_returning_one_only_the_rest(visitor: Visitor) -> None:
    ws = await visitor.open()
    await visitor.say(ws, "a", "one")
    await visitor.say(ws, "b", "two")
    await ws.close()
    again = await visitor.open()
    assert [line["seq"] for line in await visitor.until(again, "last")] == [1, 2, 3, 4]
    later = await visitor.open(since=3)
    assert [line["seq"] for line in await visitor.until(later, "last")] == [4]


async def test_the_same_message_sent_again_after_a_lost_connection_is_shown_once(visitor: Visitor) -> None:
    ws = await visitor.open()
    await visitor.say(ws, "a", "pay 500")
    again = await visitor.open(since=2)
    await visitor.until(again, "last")
    assert await visitor.say(again, "a", "pay 500") == []


async def test_a_turn_that_died_half_way_is_finished_when_the_page_says_it_again(visitor: Visitor) -> None:
    visitor.talk.fails = 1
    ws = await visitor.open()
    await visitor.until(ws, "last")
    await ws.send_json({"id": "a", "text": "bal"})
    first = await visitor.until(ws, "wait")
    assert [line["side"] for line in first] == ["you"]
    assert [line["side"] for line in await visitor.say(ws, "a", "bal")] == ["hodi"]


async def test_what_could_not_be_taken_is_kept_and_answered_when_the_database_is_back(visitor: Visitor) -> None:
    visitor.talk.away = 1
    ws = await visitor.open()
    await visitor.until(ws, "last")
    assert [line["side"] for line in await visitor.say(ws, "a", "bal")] == ["you"]
    assert visitor.client.app is not None
    assert await visitor.client.app[SPOOL].drain()
    assert (await ws.receive_json(timeout=10))["text"] == "heard 3"


async def test_both_sides_are_in_the_log_of_all_that_passed_and_no_card_number_is(visitor: Visitor, app: App) -> None:
    ws = await visitor.open()
    await visitor.say(ws, "a", "my card is 4242 4242 4242 4242")
    await visitor.say(ws, "a", "my card is 4242 4242 4242 4242")
    async with app.db.reading() as conn:
        rows = (await conn.execute(select(interaction).order_by(interaction.c.id))).all()
    assert [(row.channel, row.direction, row.text) for row in rows] == [
        ("webchat", "in", f"my card is {'•' * 19}"),
        ("webchat", "out", "heard 30"),
    ]


async def test_two_pages_of_one_visitor_show_the_same_talk(visitor: Visitor) -> None:
    one, two = await visitor.open(), await visitor.open()
    await visitor.until(one, "last")
    await visitor.until(two, "last")
    said = await visitor.say(one, "a", "hello")
    assert [await two.receive_json(timeout=5), await two.receive_json(timeout=5)] == said


async def test_a_secret_answer_is_kept_as_dots_but_heard_in_full(visitor: Visitor) -> None:
    ws = await visitor.open()
    await visitor.until(ws, "last")
    await visitor.say(ws, "a", "pin")
    lines = await visitor.say(ws, "b", "4711")
    assert lines[0]["text"] == chat.DOTS
    assert visitor.talk.heard[-1].text == "4711"


async def test_a_chosen_option_is_shown_by_its_words(visitor: Visitor) -> None:
    ws = await visitor.open()
    await visitor.until(ws, "last")
    await visitor.say(ws, "a", "menu")
    await ws.send_json({"id": "b", "choice": "1"})
    assert (await visitor.until(ws, "done"))[0]["text"] == "Balance"
    assert visitor.talk.heard[-1].text == "1"


async def test_a_notice_is_shown_where_a_chat_is_open_and_only_once(visitor: Visitor, app: App) -> None:
    ws = await visitor.open()
    await visitor.say(ws, "a", "hello")
    notice = Notice("thanks:1", "webchat", visitor.talk.heard[0].user, "Thank you!")
    assert await push(app, notice)
    assert await push(app, notice)
    assert (await ws.receive_json(timeout=5))["text"] == "Thank you!"
    assert await visitor.say(ws, "b", "bye") != []
    assert not await push(app, Notice("thanks:2", "webchat", "somebody-else", "Thank you!"))


async def test_another_browser_sees_nothing_of_it(visitor: Visitor, app: App, aiohttp_client: Serve) -> None:
    ws = await visitor.open()
    await visitor.say(ws, "a", "private")
    visitor.client.session.cookie_jar.clear()
    await visitor.client.get("/chat")
    other = await visitor.open()
    assert await visitor.until(other, "last") == []


@pytest.mark.parametrize("frame", [
    "", "x", "[]", "null", "{}", '{"id": "a"}', '{"id": 1, "text": "x"}', '{"id": "a", "text": ""}', '{"since": -1}',
    '{"since": 1e99}', '{"since": true}', '{"id": "a", "text": "' + "x" * 2001 + '"}', '{"id": "' + "k" * 65 + '", "text": "x"}',
    '{"id": "a", "text": "\\u0000"}', '{"id":"a","text":' + "[" * 5000, '{"since": 9007199254740993}',
])  # fmt: skip
async def test_an_odd_frame_is_refused_in_words_and_the_chat_goes_on(visitor: Visitor, frame: str) -> None:
    ws = await visitor.open()
    await visitor.until(ws, "last")
    await ws.send_str(frame)
    assert "reason" in (await ws.receive_json(timeout=5))["error"]
    assert await visitor.say(ws, "fine", "hello") != []


async def test_a_lone_surrogate_or_a_bad_byte_is_no_bug(visitor: Visitor) -> None:
    ws = await visitor.open()
    await visitor.until(ws, "last")
    await ws.send_str('{"id": "a", "text": "x\\ud800y \\ud83d\\ude00"}')
    frame = await ws.receive_json(timeout=5)
    assert "error" in frame or frame["side"] == "you"


async def test_a_frame_that_is_far_too_large_ends_the_connection_and_nothing_else(visitor: Visitor) -> None:
    ws = await visitor.open()
    await ws.send_str("x" * (LARGEST_FRAME + 10))
    while not (await ws.receive(timeout=5)).type.name.startswith("CLOS"):
        pass
    assert await visitor.say(await visitor.open(), "a", "hello")


async def test_who_talks_too_fast_is_asked_to_wait(visitor: Visitor) -> None:
    ws = await visitor.open()
    await visitor.until(ws, "last")
    for n in range(60):
        await ws.send_json({"id": str(n), "text": "hello"})
    assert await visitor.until(ws, "wait")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
async def test_a_foreign_page_cannot_open_the_socket(visitor: Visitor, origin: str) -> None:
    with pytest.raises(WSServerHandshakeError) as why:
        await visitor.open(headers={"Origin": origin})
    assert why.value.status == 403


async def test_a_browser_that_never_saw_the_page_cannot_open_the_socket(visitor: Visitor) -> None:
    visitor.client.session.cookie_jar.clear()
    with pytest.raises(WSServerHandshakeError):
        await visitor.open()


async def test_a_plain_request_for_the_socket_is_told_what_it_speaks(visitor: Visitor) -> None:
    assert (await visitor.client.get("/chat/socket")).status == 426


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Visitor) -> None:
    visitor.client.session.cookie_jar.clear()
    cookie = (await visitor.client.get("/chat")).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_the_page_speaks_the_visitors_language_if_the_operator_does(visitor: Visitor) -> None:
    assert "Andika ujumbe" in await (await visitor.client.get("/chat?lang=sw")).text()
    assert "Write a message" in await (await visitor.client.get("/chat?lang=xx")).text()
    assert "Andika ujumbe" in await (await visitor.client.get("/chat", headers={"Accept-Language": "sw-KE"})).text()


async def test_pages_come_back_when_the_process_stops(app: App, aiohttp_client: Serve, tmp_path: Path) -> None:
    client = await aiohttp_client(chat_app(app, Counter(), tmp_path))
    await client.get("/chat")
    ws = await client.ws_connect("/chat/socket")
    await ws.send_json({"since": 0})
    await ws.receive_json(timeout=5)
    stopping = asyncio.create_task(client.server.close())
    assert (await ws.receive(timeout=10)).data == 1001
    await ws.close()
    await stopping
