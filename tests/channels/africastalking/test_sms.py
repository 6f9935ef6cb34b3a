"""SMS, airtime and SIM insight over real HTTP, against a double that keeps its own ledger of what it took."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from channels import http as channel_http
from channels.africastalking import sms as sms_africastalking
from channels.africastalking.messaging import AfricasTalkingAccount
from channels.africastalking.sms import AfricasTalkingSms, AirtimeOrder
from channels.contract import Event, RawRequest
from core.clock import SetClock
from core.message import Delivery, Notice, Option, Screen
from gateway.sandbox.africastalking import AfricasTalking

ONE, TWO, THREE = "+254700000001", "+254700000002", "+254700000003"


@dataclass
class Line:
    double: AfricasTalking
    sms: AfricasTalkingSms
    server: TestServer


@pytest.fixture
async def line(clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    double = AfricasTalking(clock, patience_s=2.5)
    monkeypatch.setattr(channel_http, "PATIENCE", aiohttp.ClientTimeout(sock_connect=5, sock_read=1))
    monkeypatch.setattr(sms_africastalking, "PATIENCE", (5, 1))
    async with TestServer(double.app()) as server, aiohttp.ClientSession() as http:
        account = AfricasTalkingAccount("sandbox", SecretStr("double"), str(server.make_url("/")), "HODI")
        yield Line(double, AfricasTalkingSms(account, http), server)


def notice(key: str, to: str, text: str = "Bill KES 500", sender: str | None = None) -> Notice:
    return Notice(key, "sms", to, text, sender)


async def test_one_message_and_many_arrive_alike(line: Line) -> None:
    alone = await line.sms.send([notice("a", ONE, "é€ 😀 &+%")])
    several = await line.sms.send([notice("b", TWO), notice("c", THREE), notice("d", ONE, "other", "SHOP")])
    assert [sent.state for sent in alone + several] == ["done"] * 4
    assert [sent.key for sent in several] == ["b", "c", "d"]
    assert [(one.to, one.what, one.sender) for one in line.double.taken] == [
        (ONE, "é€ 😀 &+%", "HODI"),
        (TWO, "Bill KES 500", "HODI"),
        (THREE, "Bill KES 500", "HODI"),
        (ONE, "other", "SHOP"),
    ]
    assert [sent.provider_ref for sent in alone + several] == [one.ref for one in line.double.taken]
    assert line.double.requests == 3


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "text/html"])
async def test_the_content_type_of_an_answer_does_not_matter(line: Line, content_type: str) -> None:
    line.double.content_type = content_type
    sent = await line.sms.send([notice("a", ONE)]) + await line.sms.send([notice("b", ONE), notice("c", TWO)])
    order = await line.sms.send_airtime(AirtimeOrder("k", ONE, 5000, "KES"))
    assert {one.state for one in [*sent, order]} == {"done"}


@pytest.mark.parametrize(
    ("fault", "state", "reason", "taken"),
    [
        ("timeout_before", "unknown", "no_answer", 0),
        ("timeout_after", "unknown", "no_answer", 1),
        ("drop", "unknown", "no_answer", 0),
        ("server_error", "unknown", "no_answer", 0),
        ("busy", "not_reached", "provider_busy", 0),
        ("refuse", "refused", "invalid_number", 0),
    ],
)
async def test_what_goes_wrong_is_told_as_it_is(line: Line, fault: str, state: str, reason: str, taken: int) -> None:
    line.double.misbehave(ONE, fault)
    [alone] = await line.sms.send([notice("a", ONE)])
    [bulk, fine] = await line.sms.send([notice("b", ONE, "x"), notice("c", TWO, "y")])
    airtime = await line.sms.send_airtime(AirtimeOrder("k", ONE, 5000, "KES"))
    assert [(one.state, one.reason) for one in (alone, bulk, airtime)] == [(state, reason)] * 3
    assert fine.state == "done"
    assert [one.to for one in line.double.taken].count(ONE) == taken * 3


async def test_a_provider_that_is_not_there_has_certainly_not_sent(line: Line) -> None:
    await line.server.close()
    [alone] = await line.sms.send([notice("a", ONE)])
    bulk = await line.sms.send([notice("b", ONE), notice("c", TWO)])
    airtime = await line.sms.send_airtime(AirtimeOrder("k", ONE, 5000, "KES"))
    assert {(one.state, one.reason) for one in (alone, *bulk, airtime)} == {("not_reached", "not_reached")}
    assert await line.sms.ask_sim_swap(ONE) is None


async def test_a_number_that_is_none_never_leaves(line: Line) -> None:
    bad = await line.sms.send([notice("a", f"{ONE},{TWO}"), notice("b", "amina"), notice("c", ONE)])
    [alone] = await line.sms.send([notice("d", "0712345678")])
    assert [one.state for one in bad] == ["refused", "refused", "done"]
    assert alone.reason == "invalid_number"
    assert [one.to for one in line.double.taken] == [ONE]


async def test_a_wrong_key_makes_messages_wait(line: Line) -> None:
    line.double.api_key = "another"
    sent = await line.sms.send([notice("a", ONE)]) + await line.sms.send([notice("b", ONE), notice("c", TWO)])
    assert {(one.state, one.reason) for one in sent} == {("not_reached", "wrong_key")}


async def test_airtime_under_one_key_is_given_once(line: Line) -> None:
    order = AirtimeOrder("redemption-1", ONE, 5000, "KES")
    first, again = await line.sms.send_airtime(order), await line.sms.send_airtime(order)
    assert first.state == "done"
    assert first.provider_ref == again.provider_ref
    assert [(one.to, one.what, one.key) for one in line.double.taken] == [(ONE, "KES 50.00", "redemption-1")]


async def test_a_key_never_leaks_into_the_next_airtime_order(line: Line) -> None:
    await line.sms.send_airtime(AirtimeOrder("one", ONE, 5000, "KES"))
    await line.sms.send_airtime(AirtimeOrder("two", TWO, 5000, "KES"))
    assert [one.key for one in line.double.taken] == ["one", "two"]


async def test_the_same_airtime_under_another_key_is_unknown_and_not_given_twice(line: Line, clock: SetClock) -> None:
    await line.sms.send_airtime(AirtimeOrder("one", ONE, 5000, "KES"))
    again = await line.sms.send_airtime(AirtimeOrder("two", ONE, 5000, "KES"))
    assert (again.state, again.reason) == ("unknown", "duplicate")
    clock.forward(timedelta(minutes=6))
    later = await line.sms.send_airtime(AirtimeOrder("three", ONE, 5000, "KES"))
    assert later.state == "done"
    assert len(line.double.taken) == 2


async def test_an_impossible_airtime_order_is_refused_before_it_leaves(line: Line) -> None:
    sent = await line.sms.send_airtime(AirtimeOrder("k", "0712", 5000, "KES"))
    assert (sent.state, sent.reason) == ("refused", "invalid_number")
    assert line.double.requests == 0


@pytest.fixture
async def heard(line: Line) -> AsyncIterator[list[Event]]:
    """What our doors make of the double's call backs."""
    events: list[Event] = []
    app = web.Application()
    for door in line.sms.doors:

        async def hear(request: web.Request, door: object = door) -> web.Response:
            events.extend(door.parse(RawRequest("POST", await request.read())))
            return web.Response(text="OK")

        app.router.add_post(door.path, hear)
    async with TestServer(app) as ours:
        line.double.hooks = str(ours.make_url("/hooks/africastalking/s3cret"))
        yield events


async def test_call_backs_of_the_provider_come_through_our_doors(line: Line, heard: list[Event]) -> None:
    [sent] = await line.sms.send([notice("a", ONE)])
    line.double.misbehave(TWO, "undelivered")
    [lost] = await line.sms.send([notice("b", TWO)])
    airtime = await line.sms.send_airtime(AirtimeOrder("k", ONE, 1000, "KES"))
    await line.double.settle()
    finals = {event.provider_ref: event for event in heard if isinstance(event, Delivery) and event.final}
    assert finals[sent.provider_ref or ""].state == "delivered"
    assert (finals[lost.provider_ref or ""].state, finals[lost.provider_ref or ""].reason) == ("failed", "undelivered")
    assert finals[airtime.provider_ref or ""].channel == "airtime"


async def test_a_call_back_twice_is_told_twice(line: Line, heard: list[Event]) -> None:
    line.double.misbehave(ONE, "twice")
    await line.sms.send([notice("a", ONE)])
    await line.double.settle()
    assert len(heard) == 4


async def test_a_sim_change_is_asked_for_and_told_later(line: Line, heard: list[Event]) -> None:
    line.double.swaps[ONE] = "05-12-2026"
    first, second = await line.sms.ask_sim_swap(ONE), await line.sms.ask_sim_swap(TWO)
    await line.double.settle()
    told = {event.request: (event.swapped, event.on and event.on.isoformat()) for event in heard}
    assert told == {first: (True, "2026-12-05"), second: (False, None)}


async def test_the_ledger_can_be_read_and_faults_set_from_outside(line: Line) -> None:
    async with aiohttp.ClientSession() as http:
        fault = {"number": TWO, "fault": "refuse"}
        await http.post(line.server.make_url("/double/misbehave"), json=fault)
        await line.sms.send([notice("a", ONE), notice("b", TWO)])
        async with http.get(line.server.make_url("/double/taken"), params={"phone": ONE}) as answer:
            rows = await answer.json()
    assert [(row["kind"], row["to"], row["what"]) for row in rows] == [("sms", ONE, "Bill KES 500")]
    assert [one.what for one in line.double.inbox(ONE)] == ["Bill KES 500"]


def test_a_screen_becomes_one_message_with_what_may_be_answered() -> None:
    screen = Screen("Deni: KES 500", (Option("1", "Lipa"), Option("2", "Bili")))
    sms = AfricasTalkingSms.__new__(AfricasTalkingSms)
    [page] = sms.lay_out(screen)
    assert sms.render(screen, page) == "Deni: KES 500\n1. Lipa\n2. Bili"
    assert page.keys == ("1", "2")
