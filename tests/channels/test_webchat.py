"""The frames of the web chat: read within bounds, and numbered so that a reconnect loses and repeats nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Malformed, Since
from channels.webchat import WebChat, frame
from core.message import Inbound, Notice, Option, Screen


async def nobody(_notice: Notice) -> bool:
    return False


CHAT = WebChat(nobody)


def said(text: str, message_id: str = "k1") -> Inbound:
    return Inbound("webchat", "visitor-7", text, "text", None, message_id, None, "chat")


@pytest.mark.parametrize(
    ("label", "raw", "expected"),
    [
        ("a text", '{"id": "k1", "text": "bal"}', said("bal")),
        ("a button", '{"id": "k1", "choice": "1"}', said("1")),
        ("a button wins", '{"id": "k1", "choice": "1", "text": "Balance"}', said("1")),
        ("another script", '{"id": "k1", "text": "số dư 😀"}', said("số dư 😀")),
        ("half a surrogate and a NUL", '{"id": "k1", "text": "a\\ud800b\\u0000"}', said("a\ufffdb")),
        ("back again", '{"since": 12}', Since(12)),
        ("new", '{"since": 0}', Since(0)),
    ],
)
def test_a_frame_is_read(label: str, raw: str, expected: object) -> None:
    assert CHAT.read("visitor-7", raw) == expected, label


@pytest.mark.parametrize(
    "raw",
    [
        "", "hello", "[]", "null", "7", '"x"', "{}", '{"id": "k"}', '{"text": "bal"}', '{"id": "", "text": "x"}',
        '{"id": 7, "text": "x"}', '{"id": "k", "text": "  "}', '{"id": "k", "text": ["x"]}', '{"id": "k", "choice": null}',
        '{"since": -1}', '{"since": true}', '{"since": "1"}', '{"id": "' + "k" * 65 + '", "text": "x"}',
        '{"id": "k", "text": "' + "x" * 2001 + '"}', '{"id": "k", "text": "' + "x" * 20_000 + '"}', "[" * 10_000,
        '{"id": "\\u0000", "text": "x"}', '{"id": "k", "text": "\\u0000"}',
    ],
)  # fmt: skip
def test_what_is_no_frame_is_refused_in_the_chat(raw: str) -> None:
    with pytest.raises(Malformed) as why:
        CHAT.read("visitor-7", raw)
    assert json.loads(CHAT.refusal(why.value))["error"]["code"] == why.value.code


@given(st.one_of(st.text(max_size=100), st.binary(max_size=100)))
def test_no_frame_whatever_makes_the_reader_stumble(raw: str | bytes) -> None:
    try:
        CHAT.read("visitor-7", raw)
    except Malformed as why:
        assert why.reason


def test_a_screen_becomes_a_numbered_frame_with_buttons() -> None:
    assert json.loads(frame(13, "Choose", (Option("1", "Balance"),), False)) == {
        "seq": 13,
        "text": "Choose",
        "options": [{"key": "1", "label": "Balance"}],
        "ends": False,
    }


async def test_a_notice_is_shown_where_a_chat_is_open_and_waits_elsewhere() -> None:
    shown: list[str] = []

    async def push(notice: Notice) -> bool:
        shown.append(notice.text)
        return notice.to == "here"

    chat = WebChat(push)
    sent = await chat.send([Notice("a", "webchat", "here", "one"), Notice("b", "webchat", "gone", "two")])
    assert [(one.key, one.state, one.reason) for one in sent] == [("a", "done", None), ("b", "not_reached", "absent")]
    assert shown == ["one", "two"]


def test_a_long_screen_is_one_page_because_a_browser_scrolls() -> None:
    async def push(notice: Notice) -> bool:
        return False

    chat, screen = WebChat(push), Screen("word " * 500, (Option("1", "Go"),), True)
    [page] = chat.lay_out(screen)
    assert json.loads(chat.render(screen, page))["text"] == screen.text
    assert (page.keys, page.more) == (("1",), None)
