"""WhatsApp: all four levels of a payload are arrays, some senders have no phone, and one screen is drawn three ways."""

import hashlib
import hmac
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

from channels.contract import Event, Malformed, NumberChange, RawRequest
from channels.whatsapp.channel import WhatsApp, WhatsAppAccount, address, challenge, draw, genuine, parse
from core.message import Delivery, Inbound, Notice, Option, Screen
from tests.channels.payloads import body

PHONE = "+254700000001"
AT = datetime(2026, 11, 21, 22, 26, 40, tzinfo=UTC)
SIGNATURES = {
    "button_reply": "sha256=fb8dc883115e1c9b6032c5543bcdd5afc2c3613a9e3f82fb26958952c2ae32ae",
    "list_reply": "sha256=a4b1d5abe7cd125238ddbe4769371fab9eea6aee78c0857ed39d8b0d8bc10e18",
    "status_delivered": "sha256=c5fdb0e7a838c7d3841040fad056661f174aac57eeb4e8c3bbbaaf6d53c34721",
    "status_failed": "sha256=48da9c0e45c29adcf9cf6a0315bbff7d642c113c836aefcdad32861ccbe003d2",
    "text_bsuid_only": "sha256=a79705b13ecfd0a484451e6225ff65312a8c26e6abbf82bb5ca1fa87f0ef78b3",
}


def said(text: str, message_id: str, user: str = "KE.1001", phone: str | None = PHONE, **details: str) -> Inbound:
    return Inbound("whatsapp", user, text, "text", phone, message_id, None, "1111", AT, details)


def wrapped(*messages: dict[str, Any], contacts: list[dict[str, Any]] | None = None) -> bytes:
    value = {"metadata": {"phone_number_id": "1111"}, "contacts": contacts or [], "messages": list(messages)}
    return json.dumps({"entry": [{"changes": [{"value": value}]}]}).encode()


def message(
    kind: str, part: object, message_id: str = "wamid.9", sender: str | None = "254700000001"
) -> dict[str, Any]:
    told = {"id": message_id, "timestamp": "1795309600", "type": kind, kind: part}
    return {**told, "from": sender} if sender else told


MINE = {"wa_id": "254700000001", "user_id": "KE.1001", "profile": {"name": "Amina"}}
LATER = datetime.fromtimestamp(1795309600, UTC)


def other(text: str, kind: str = "text", user: str = "254700000001", **details: str) -> Inbound:
    return Inbound("whatsapp", user, text, kind, PHONE, "wamid.9", None, "1111", LATER, details)


@pytest.mark.parametrize(
    ("label", "raw", "expected"),
    [
        ("a button", body("whatsapp/button_reply.json"), [said("pay:1", "wamid.4", label="Pay", name="A", context="wamid.X1")]),
        ("a list row", body("whatsapp/list_reply.json"), [said("bill:42", "wamid.5", label="Nov bill", name="A")]),
        ("a sender without a phone", body("whatsapp/text_bsuid_only.json"), [said("bal", "wamid.3", "KE.1002", None, name="Amina")]),
        (
            "delivered, and what it cost",
            body("whatsapp/status_delivered.json"),
            [Delivery("whatsapp", "wamid.X1", "delivered", True, None, PHONE, {"category": "utility", "type": "regular", "pricing_model": "PMP", "billable": "yes"})],
        ),
        ("the window is closed", body("whatsapp/status_failed.json"), [Delivery("whatsapp", "wamid.X2", "failed", True, "window_closed", PHONE, {"told": "131047"})]),
        ("a text of a number alone", wrapped(message("text", {"body": "bal"})), [other("bal")]),
        ("a text whose contact has an id", wrapped(message("text", {"body": "bal"}), contacts=[MINE]), [other("bal", user="KE.1001", name="Amina")]),
        (
            "a place",
            wrapped(message("location", {"latitude": -1.28, "longitude": 36.8, "name": "Duka"})),
            [other("Duka", "location", latitude="-1.28", longitude="36.8")],
        ),
        (
            "a photograph",
            wrapped(message("image", {"id": "m1", "mime_type": "image/jpeg", "caption": "meter", "sha256": "x"})),
            [other("meter", "media", media="m1", type="image/jpeg", sha256="x")],
        ),
        ("a template's button", wrapped(message("button", {"payload": "pay", "text": "Pay now"})), [other("pay", "new", label="Pay now")]),
        ("another number", wrapped(message("system", {"wa_id": "254711111111", "type": "user_changed_number"})), [NumberChange("whatsapp", "254700000001", "+254711111111", LATER)]),
        ("a reaction", wrapped(message("reaction", {"emoji": "👍"})), [other("", "other", what="👍", answer="none")]),
        ("a message without an id", wrapped({"type": "text", "from": "1", "text": {"body": "x"}}), []),
        ("nonsense in every place", b'{"entry": [7, {"changes": [null, {"value": {"messages": ["x", {}], "statuses": [{}], "contacts": 3}}]}]}', []),
        ("a status nobody wrote down", b'{"entry": [{"changes": [{"value": {"statuses": [{"id": "w", "status": "pondered"}]}}]}]}', [Delivery("whatsapp", "w", "unknown", False, "pondered")]),
        ("failed without a reason", b'{"entry": [{"changes": [{"value": {"statuses": [{"id": "w", "status": "failed"}]}}]}]}', [Delivery("whatsapp", "w", "failed", True, "undelivered")]),
        ("nothing", b'{"entry": []}', []),
    ],
)  # fmt: skip
def test_a_webhook_is_read(label: str, raw: bytes, expected: list[Event]) -> None:
    assert parse(RawRequest("POST", raw)) == expected, label


def test_every_message_of_a_batch_is_read_whatever_its_neighbours_are() -> None:
    one, two = json.loads(body("whatsapp/button_reply.json")), json.loads(body("whatsapp/text_bsuid_only.json"))
    value = one["entry"][0]["changes"][0]["value"]
    value["messages"] = [message("text", {"body": "a"}, "w1"), {"id": "w2"}, message("text", {"body": "b"}, "w3")]
    one["entry"][0]["changes"] += json.loads(body("whatsapp/status_delivered.json"))["entry"][0]["changes"]
    one["entry"] += two["entry"]
    events = parse(RawRequest("POST", json.dumps(one).encode()))
    refs = [
        event.message_id if isinstance(event, Inbound) else getattr(event, "provider_ref", None) for event in events
    ]
    assert refs == ["w1", "w3", "wamid.X1", "wamid.3"]


def test_senders_without_a_number_are_told_apart_by_their_place() -> None:
    people = [{"user_id": "KE.1"}, {"user_id": "KE.2"}]
    raw = wrapped(
        message("text", {"body": "a"}, "w1", None), message("text", {"body": "b"}, "w2", None), contacts=people
    )
    assert [(e.user, e.text) for e in parse(RawRequest("POST", raw)) if isinstance(e, Inbound)] == [
        ("KE.1", "a"),
        ("KE.2", "b"),
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "body.not_json"),
        (b"[]", "field.missing"),
        (b'{"entry": 1}', "field.missing"),
        (b"[" * 100_000, "body.not_json"),
    ],
)
def test_what_is_no_webhook_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(RawRequest("POST", raw))
    assert refused.value.code == code


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=9),
        st.sampled_from(["text", "system", "failed", "image"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "entry",
                    "changes",
                    "value",
                    "messages",
                    "statuses",
                    "contacts",
                    "type",
                    "text",
                    "id",
                    "from",
                    "status",
                    "errors",
                    "system",
                    "image",
                    "timestamp",
                    "wa_id",
                ]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=25,
)


@given(JSON)
def test_no_json_whatever_makes_the_parser_stumble(told: object) -> None:
    raw = json.dumps({"entry": [{"changes": [{"value": told}]}, told]}).encode()
    assert isinstance(parse(RawRequest("POST", raw)), list)


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_is_checked_over_the_raw_body(name: str) -> None:
    raw = body(f"whatsapp/{name}.json")
    assert genuine("appsecret", raw, SIGNATURES[name])
    assert not genuine("appsecret", raw + b" ", SIGNATURES[name])
    assert not genuine("another", raw, SIGNATURES[name])
    assert not genuine("appsecret", raw, SIGNATURES[name][7:])
    assert not genuine("appsecret", raw, "")
    assert not genuine("appsecret", raw, "sha256=é\udcff")


def test_without_a_secret_nothing_is_genuine() -> None:
    assert not genuine("", b"{}", "sha256=" + hmac.new(b"", b"{}", hashlib.sha256).hexdigest())


def options(*labels: str) -> tuple[Option, ...]:
    return tuple(Option(str(n), label) for n, label in enumerate(labels, 1))


def test_three_short_options_are_buttons() -> None:
    drawn = draw("Choose", options("Balance", "Bill", "Pay"), "Menu")
    assert drawn["interactive"]["type"] == "button"
    assert [b["reply"] for b in drawn["interactive"]["action"]["buttons"]] == [
        {"id": "1", "title": "Balance"},
        {"id": "2", "title": "Bill"},
        {"id": "3", "title": "Pay"},
    ]


def test_four_to_ten_options_are_a_list_that_keeps_long_labels_whole() -> None:
    long = "Lipa bili ya mwezi wa kumi na moja sasa hivi"
    drawn = draw("Choose", options("Salio", long, "Bili", "Zawadi"), "Chagua")
    rows = drawn["interactive"]["action"]["sections"][0]["rows"]
    assert drawn["interactive"]["action"]["button"] == "Chagua"
    assert rows[0] == {"id": "1", "title": "Salio"}
    assert rows[1]["description"] == long
    assert all(len(row["title"]) <= 24 for row in rows)


@pytest.mark.parametrize("choice", [options(*"abcdefghijk"), options("x" * 73), options("a", "x" * 21, "y" * 80)])
def test_more_or_longer_options_are_numbered_lines(choice: tuple[Option, ...]) -> None:
    drawn = draw("Choose", choice, "Menu")
    assert drawn["type"] == "text"
    for option in choice:
        assert f"{option.key}. {option.label}" in drawn["text"]["body"]


@given(st.text(max_size=5000), st.lists(st.text(max_size=90), max_size=13))
def test_no_screen_loses_an_option_or_a_letter(text: str, labels: list[str]) -> None:
    channel, screen = WhatsApp(ACCOUNT, None), Screen(text, options(*labels))
    bodies = [channel.render(screen, page) for page in channel.lay_out(screen)]
    offered = {key for page in channel.lay_out(screen) for key in page.keys}
    assert offered == {option.key for option in screen.options}
    for drawn in map(json.loads, bodies):
        if drawn["type"] == "text":
            assert len(drawn["text"]["body"]) <= 4096
        else:
            assert drawn["interactive"]["body"]["text"] == text


ACCOUNT = WhatsAppAccount("1111", SecretStr("token"), SecretStr("appsecret"), SecretStr("verify-me"), "http://nowhere")


def test_the_webhook_is_registered_by_the_right_token_only() -> None:
    door = WhatsApp(ACCOUNT, None).doors[0]
    right = RawRequest("GET", b"", "hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444")
    wrong = RawRequest("GET", b"", "hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1")
    assert door.genuine(right)
    assert not door.genuine(wrong)
    assert not door.genuine(RawRequest("GET"))
    assert challenge(right) == "1158201444"


def test_a_scoped_id_and_a_number_are_addressed_differently() -> None:
    assert address("KE.1002") == {"recipient": "KE.1002"}
    assert address("+254700000001") == {"to": "254700000001"}


@dataclass
class Meta:
    """Meta's messages endpoint, with what it was sent and what it shall answer."""

    status: int = 200
    answer: object = field(default_factory=lambda: {"messages": [{"id": "wamid.OUT"}]})
    got: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(await request.json())
        self.keys.append(request.headers["Authorization"])
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def meta() -> AsyncIterator[tuple[Meta, WhatsApp]]:
    double, app = Meta(), web.Application()
    app.router.add_post("/v21.0/1111/messages", double.take)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        account = WhatsAppAccount(
            "1111", SecretStr("token"), SecretStr("s"), SecretStr("v"), str(server.make_url("/v21.0"))
        )
        yield double, WhatsApp(account, http)


async def test_a_notice_arrives_with_its_buttons_and_its_key(meta: tuple[Meta, WhatsApp]) -> None:
    double, channel = meta
    [sent] = await channel.send([Notice("notice:1", "whatsapp", "KE.1002", "Bill 500 🙂", options=options("Pay"))])
    assert (sent.state, sent.provider_ref) == ("done", "wamid.OUT")
    [got] = double.got
    assert (got["recipient"], got["biz_opaque_callback_data"], got["type"]) == ("KE.1002", "notice:1", "interactive")
    assert double.keys == ["Bearer token"]


@pytest.mark.parametrize(
    ("status", "answer", "state", "reason"),
    [
        (400, {"error": {"code": 131047, "message": "Re-engagement"}}, "refused", "window_closed"),
        (400, {"error": {"code": 131026}}, "refused", "unknown_subscriber"),
        (401, {"error": {"code": 190}}, "not_reached", "wrong_key"),
        (429, {"error": {"code": 130429}}, "not_reached", "too_fast"),
        (400, {"error": {"code": 132001}}, "refused", "template"),
        (400, {"error": {"code": 999999}}, "refused", "rejected"),
        (500, {"error": {"code": 131000}}, "unknown", "no_answer"),
        (502, "<html>", "unknown", "no_answer"),
        (200, {"messages": []}, "unknown", "not_said"),
    ],
)
async def test_a_refusal_is_told_by_the_provider_s_own_code(
    meta: tuple[Meta, WhatsApp], status: int, answer: object, state: str, reason: str
) -> None:
    double, channel = meta
    double.status, double.answer = status, answer
    [sent] = await channel.send([Notice("k", "whatsapp", PHONE, "hello")])
    assert (sent.state, sent.reason) == (state, reason)


async def test_a_text_longer_than_a_message_is_refused_before_it_leaves(meta: tuple[Meta, WhatsApp]) -> None:
    double, channel = meta
    [sent] = await channel.send([Notice("k", "whatsapp", PHONE, "x" * 4097)])
    assert (sent.state, sent.reason, double.got) == ("refused", "too_long", [])
