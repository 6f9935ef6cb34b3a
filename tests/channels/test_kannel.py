"""Kannel: every charset read as it is named, every report signed by us, and a message encoded as it needs to be."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from channels.contract import Event, Malformed, RawRequest
from channels.kannel import KannelAccount, KannelSms, inbound, query, report, sign
from core.message import Delivery, Inbound, Notice
from tests.channels.payloads import body

FROM = "from=%2B254700000004&to=20880&id=0dd0dc6d-437c&ts=1795306504&smsc=FAKE"
AT = datetime(2026, 11, 22, 0, 15, 4, tzinfo=UTC)
ACCOUNT = KannelAccount(
    "http://nowhere", "hodi", SecretStr("pw"), "http://ours/hooks/kannel/s3cret", SecretStr("sign-key"), "20880"
)


def said(text: str) -> list[Event]:
    return [Inbound("sms", "+254700000004", text, "text", "+254700000004", "0dd0dc6d-437c", None, "20880", AT)]


@pytest.mark.parametrize(
    ("label", "coding", "content_type", "raw", "expected"),
    [
        ("the captured UCS-2", "2", 'text/plain; charset="UTF-16BE"', body("kannel/inbound_ucs2.body"), said("pst é€")),
        ("plain", "0", "text/plain", b"bal ACC100", said("bal ACC100")),
        ("UTF-8 named", "0", 'text/plain; charset="UTF-8"', "café €5".encode(), said("café €5")),
        ("Latin-1 named", "0", "text/plain; charset=ISO-8859-1", "café".encode("latin-1"), said("café")),
        ("UCS-2 that names no charset", "2", "", "số".encode("utf-16-be"), said("số")),
        ("a charset nobody knows", "0", "text/plain; charset=klingon", b"bal", said("bal")),
        ("a charset that is no charset", "0", "text/plain; charset=hex", b"bal", said("bal")),
        ("nothing written", "0", "text/plain", b"", said("")),
        ("half a character", "2", "", b"\x00b\x00", said("b\ufffd")),
        ("binary", "1", "application/octet-stream", b"\x06\x05\x04", []),
    ],
)  # fmt: skip
def test_an_inbound_message_is_read_in_its_charset(
    label: str, coding: str, content_type: str, raw: bytes, expected: list[Event]
) -> None:
    received = RawRequest("POST", raw, f"{FROM}&coding={coding}&udh=", {"content-type": content_type})
    assert inbound(received) == expected, label


@pytest.mark.parametrize(
    ("asked", "raw", "code"),
    [("", b"x", "field.missing"), ("from=1&to=2", b"x", "field.missing"), (FROM, b"x" * 20_000, "field.too_long"), (FROM, b"x" * 4097, "field.too_long")],
)  # fmt: skip
def test_what_is_no_message_is_refused(asked: str, raw: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        inbound(RawRequest("POST", raw, asked))
    assert refused.value.code == code


def ref(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode().rstrip("=")


RECEIPT = "id%3A00000005+sub%3A001+dlvrd%3A001+stat%3A{}+err%3A000+text%3Ahi"


@pytest.mark.parametrize(
    ("kind", "said_by", "expected"),
    [
        ("1", RECEIPT.format("DELIVRD"), Delivery("sms", "notice:42", "delivered", True, None, None, {"smsc_id": "5"})),
        ("8", "ACK%2F", Delivery("sms", "notice:42", "sent", False, None, None, {"smsc_id": "5"})),
        ("4", "", Delivery("sms", "notice:42", "sent", False, None, None, {"smsc_id": "5"})),
        (
            "2",
            RECEIPT.format("EXPIRED"),
            Delivery("sms", "notice:42", "failed", True, "expired", None, {"smsc_id": "5"}),
        ),
        (
            "2",
            RECEIPT.format("ODD"),
            Delivery("sms", "notice:42", "failed", True, "undelivered", None, {"smsc_id": "5"}),
        ),
        ("16", "NACK%2F11", Delivery("sms", "notice:42", "failed", True, "rejected", None, {"smsc_id": "5"})),
        ("64", "", Delivery("sms", "notice:42", "unknown", False, "64", None, {"smsc_id": "5"})),
    ],
)
def test_a_report_tells_which_notice_and_what_became_of_it(kind: str, said_by: str, expected: Delivery) -> None:
    received = RawRequest("GET", b"", f"id={ref('notice:42')}&sig=x&type={kind}&reason={said_by}&fid=5")
    assert report(received) == [expected]


def test_a_report_is_believed_only_with_our_signature() -> None:
    door = KannelSms(ACCOUNT, None).doors[1]
    mine, good = ref("notice:42"), sign("sign-key", ref("notice:42"))
    assert door.genuine(RawRequest("GET", b"", f"id={mine}&sig={good}&type=1"))
    assert not door.genuine(RawRequest("GET", b"", f"id={ref('notice:43')}&sig={good}&type=1"))
    assert not door.genuine(RawRequest("GET", b"", f"id={mine}&sig=&type=1"))
    assert not door.genuine(RawRequest("GET"))


@given(st.text(max_size=60), st.binary(max_size=60))
def test_no_request_whatever_makes_the_parsers_stumble(asked: str, raw: bytes) -> None:
    door = KannelSms(ACCOUNT, None).doors[1]
    for prefix in ("", FROM + "&coding=2&", "type=1&id="):
        for parse in (inbound, report):
            try:
                parse(RawRequest("POST", raw, prefix + asked, {"content-type": f"text/plain; charset={asked}"}))
            except Malformed as refused:
                assert refused.code
        assert not door.genuine(RawRequest("GET", b"", prefix + asked))


@pytest.mark.parametrize(("text", "coding"), [("café €5", "0"), ("it’s 😀", "2"), ("a`b", "2"), ("", "0")])
def test_a_text_is_sent_in_the_coding_it_needs(text: str, coding: str) -> None:
    asked = query(ACCOUNT, Notice("k", "sms", "+254700000001", text))
    assert (asked["coding"], asked["charset"], asked["text"]) == (coding, "UTF-8", text)


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_the_key_of_a_notice_comes_back_with_its_report_whatever_it_holds(key: str) -> None:
    address = query(ACCOUNT, Notice(key, "sms", "+254700000001", "x"))["dlr-url"]
    answered = urlsplit(address.replace("%d", "1").replace("%A", "").replace("%F", "9"))
    assert "%" not in answered.query
    received = RawRequest("GET", b"", answered.query)
    assert KannelSms(ACCOUNT, None).doors[1].genuine(received)
    [delivery] = report(received)
    assert isinstance(delivery, Delivery)
    assert delivery.provider_ref == key


@dataclass
class Smsbox:
    """smsbox's sendsms, with what it was asked and what it shall answer."""

    status: int = 202
    answer: str = "0: Accepted for delivery"
    got: list[dict[str, list[str]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(parse_qs(request.query_string))
        return web.Response(status=self.status, text=self.answer)


@pytest.fixture
async def kannel() -> AsyncIterator[tuple[Smsbox, KannelSms]]:
    double, app = Smsbox(), web.Application()
    app.router.add_get("/cgi-bin/sendsms", double.take)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        account = KannelAccount(
            str(server.make_url("/")), "hodi", SecretStr("pw"), ACCOUNT.hooks, SecretStr("k"), "20880"
        )
        yield double, KannelSms(account, http)


async def test_messages_arrive_each_with_its_own_report_address(kannel: tuple[Smsbox, KannelSms]) -> None:
    double, channel = kannel
    notices = [Notice(f"n:{n}", "sms", f"+25470000000{n}", "é & €", "SHOP" if n else None) for n in range(3)]
    sent = await channel.send(notices)
    assert [(one.key, one.state, one.provider_ref) for one in sent] == [(n.key, "done", n.key) for n in notices]
    assert {got["text"][0] for got in double.got} == {"é & €"}
    assert {got["from"][0] for got in double.got} == {"20880", "SHOP"}
    assert len({got["dlr-url"][0] for got in double.got}) == 3


@pytest.mark.parametrize(
    ("status", "answer", "state", "reason"),
    [
        (403, "Authorization failed for sendsms", "not_reached", "wrong_key"),
        (400, "Empty receiver number not allowed, rejected", "refused", "rejected"),
        (503, "Temporal failure, try again later.", "not_reached", "provider_busy"),
        (200, "hm", "unknown", "not_said"),
    ],
)
async def test_a_refusal_is_told_as_it_is(
    kannel: tuple[Smsbox, KannelSms], status: int, answer: str, state: str, reason: str
) -> None:
    double, channel = kannel
    double.status, double.answer = status, answer
    [sent, bad] = await channel.send([Notice("k", "sms", "+254700000001", "x"), Notice("b", "sms", "+2547 +2548", "x")])
    assert (sent.state, sent.reason) == (state, reason)
    assert bad.reason == "invalid_number"
    assert len(double.got) == 1
