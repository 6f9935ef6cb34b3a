"""Several providers of SMS at once: which one sends what, who stands in, and what a STOP to one sender keeps back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from channels.contract import Tools
from channels.registry import check_routes, open_channels
from core.campaigns import store
from core.campaigns.model import Segment
from core.clock import SetClock
from core.config.messages import Notices, SmsSettings
from core.context import App
from core.errors import BadInput
from core.outbox import queue
from core.parties import consent, senders
from core.parties.senders import SenderRoute
from gateway.sandbox.africastalking import AfricasTalking
from scheduler.breaker import FAILURES
from scheduler.campaigns import feed_all
from scheduler.dispatch import Dispatcher
from tests.core.campaigns.test_campaigns import planned
from tests.people import a_bill, a_branch, a_customer
from tests.scheduler.test_dispatch import Provider

ROUTES = [
    {"provider": "kannel", "prefixes": ["+25470"], "sender": "22100"},
    {"provider": "africastalking", "sender": "MWANGAZA", "answers": ["40400"]},
    {"provider": "kannel", "sender": "22100"},
]
LINES = ("sms", "sms.africastalking", "sms.kannel")


def routed(app: App, routes: list[dict[str, Any]] = ROUTES) -> App:
    sms = SmsSettings.model_validate({"routes": routes})
    return replace(app, operator=app.operator.model_copy(update={"sms": sms}))


def providers() -> dict[str, Provider]:
    at, kannel = Provider(), Provider()
    return {"sms": at, "sms.africastalking": at, "sms.kannel": kannel}


async def a_reply(app: App, number: int, **params: Any) -> None:
    async with app.db.writing() as conn:
        if number == 1:
            await a_branch(conn, app)
        customer = await a_customer(conn, app, number)
        await queue.enqueue(
            conn,
            app,
            key=f"r{number}",
            kind="reply",
            template="reply.text",
            params={"text": "x", **params},
            contact_id=customer.contact_id,
            priority=queue.PROMPT,
        )


def gone(line: Provider) -> list[tuple[str, str | None]]:
    return [(notice.to, notice.sender) for notice in line.notices]


def test_a_message_goes_by_the_first_route_that_fits_and_from_the_number_that_was_written_to(app: App) -> None:
    app = routed(app, [{"provider": "kannel", "kinds": ["code"], "sender": "CODES"}, *ROUTES])

    def of(to: str, kind: str = "notice", wanted: str | None = None) -> list[SenderRoute]:
        return senders.ways(app, LINES, "sms", to, kind, wanted)

    at, kannel = SenderRoute("sms.africastalking", "MWANGAZA"), SenderRoute("sms.kannel", "22100")
    assert of("+254701") == [kannel, at, kannel]
    assert of("+254712") == [at, kannel]
    assert of("+254712", "code")[0] == SenderRoute("sms.kannel", "CODES")
    assert of("+254712", "push") == [at, kannel]
    assert of("+254701", "reply", "40400")[:2] == [SenderRoute("sms.africastalking", "40400"), kannel]
    assert of("+254712", "reply", "22100")[0] == kannel
    assert senders.ways(app, ("sms",), "sms", "+254712", "notice") == [SenderRoute("sms", None)]
    assert senders.ways(app, LINES, "telegram", "77", "notice") == [SenderRoute("telegram", None)]


def test_a_route_to_nobody_is_told_at_the_start(app: App) -> None:
    with pytest.raises(BadInput, match="africastalking, kannel"):
        check_routes(routed(app, [{"provider": "canel"}]).operator)
    check_routes(routed(app).operator)


async def test_each_goes_by_its_provider_and_while_one_rests_the_other_stands_in(app: App) -> None:
    app, lines = routed(app), providers()
    for number in (1, 2, 3):
        await a_reply(app, number, **({"from": "40400"} if number == 3 else {}))
    dispatcher = Dispatcher(app, lines)
    assert await dispatcher.drain() == {"sent": 3}
    assert sorted(gone(lines["sms.kannel"])) == [("+254700000001", "22100"), ("+254700000002", "22100")]
    assert gone(lines["sms.africastalking"]) == [("+254700000003", "40400")]
    dispatcher.breaker.note("sms.kannel", ["not_reached"] * FAILURES)
    await a_reply(app, 4)
    assert await dispatcher.drain() == {"sent": 1}
    assert gone(lines["sms.africastalking"])[-1] == ("+254700000004", "MWANGAZA")
    dispatcher.breaker.note("sms.africastalking", ["not_reached"] * FAILURES)
    await a_reply(app, 5)
    assert await dispatcher.drain() == {"waiting": 1}


async def test_a_provider_has_its_own_pace_or_shares_the_channels(app: App) -> None:
    app, lines = routed(app), providers()
    notices = Notices(per_second={"sms.kannel": 1, "sms": 100})
    app = replace(app, operator=app.operator.model_copy(update={"notices": notices}))
    for number in (1, 2):
        await a_reply(app, number)
    assert await Dispatcher(app, lines).drain() == {"sent": 2}
    assert lines["sms.kannel"].most == 1


async def test_who_stopped_one_sender_gets_offers_from_the_other_alone_and_her_bills_from_either(
    app: App, clock: SetClock
) -> None:
    app, lines = routed(app, [ROUTES[0], ROUTES[1]]), providers()
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        her = await a_customer(conn, app)
        await consent.stop(conn, app, her.contact_id, sender="22100", channel="sms", word="STOP")
    async with app.db.writing() as conn:
        bill, tea = await a_bill(conn, app, her), await _campaign(app, conn)
    offer: dict[str, Any] = {
        "contact_id": her.contact_id,
        "kind": "campaign",
        "template": "campaign",
        "subject_id": tea.id,
    }
    owed: dict[str, Any] = {
        "account_id": her.account_id,
        "kind": "notice",
        "template": "notice.ready.pay",
        "subject_id": bill,
    }
    await _leave(app, c=offer, b=owed)
    assert await Dispatcher(app, lines).drain() == {"sent": 2}
    assert gone(lines["sms.africastalking"]) == [(her.phone, "MWANGAZA")] * 2
    async with app.db.writing() as conn:
        await consent.stop(conn, app, her.contact_id, sender="MWANGAZA", channel="sms", word="STOP")
    await _leave(app, c2=offer, b2=owed)
    assert await Dispatcher(app, lines).drain() == {"sent": 1, "dropped": 1}
    assert [len(lines[line].notices) for line in LINES[1:]] == [2, 1], "the bill goes, by the best way"


async def _leave(app: App, **rows: dict[str, Any]) -> None:
    async with app.db.writing() as conn:
        for key, row in rows.items():
            await queue.enqueue(conn, app, key=key, **row)


async def _campaign(app: App, conn: Any) -> Any:
    made = await store.plan(conn, app, name="tea", texts={"en": "Tea!"}, segment=Segment(), actor="user:ann")
    return await store.move(conn, app, made.id, "running", "user:ann")


async def test_a_campaign_from_a_sender_does_not_choose_who_stopped_it(app: App) -> None:
    app, lines = routed(app, ROUTES[1:]), providers()
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        people = [await a_customer(conn, app, number) for number in (1, 2)]
        await consent.stop(conn, app, people[0].contact_id, sender="22100", channel="sms", word="STOP")
    await planned(app, sender="22100")
    assert await feed_all(app) == 1
    assert await Dispatcher(app, lines).drain() == {"sent": 1}
    assert gone(lines["sms.kannel"]) == [(people[1].phone, "22100")]


@dataclass
class Smsbox:
    """As much of Kannel as a sender sees."""

    up: bool = True
    got: list[tuple[str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        if not self.up:
            return web.Response(status=503)
        self.got.append((request.query["to"], request.query["from"]))
        return web.Response(status=202, text="0: Accepted for delivery")


@pytest.fixture
async def both(app: App) -> AsyncIterator[tuple[App, dict[str, Any], Smsbox, AfricasTalking]]:
    """The two real channels, each before its provider's double."""
    box, network = Smsbox(), AfricasTalking(app.clock)
    web_app = web.Application()
    web_app.router.add_get("/cgi-bin/sendsms", box.take)
    async with TestServer(web_app) as smsbox, TestServer(network.app()) as at, aiohttp.ClientSession() as http:
        settings = app.settings.model_copy(
            update={
                "africastalking_api_key": SecretStr("double"),
                "africastalking_base_url": str(at.make_url("/")),
                "kannel_username": "hodi",
                "kannel_password": SecretStr("pw"),
                "kannel_base_url": str(smsbox.make_url("/")),
            }
        )
        app = routed(replace(app, settings=settings))
        lines = open_channels(Tools(settings, http, _nobody))
        yield app, {name: one for name, one in lines.items() if name != "ussd"}, box, network


async def _nobody(_notice: Any) -> bool:
    return False


async def test_africas_talking_and_kannel_are_open_at_once_and_one_stands_in_for_the_other(
    both: tuple[App, dict[str, Any], Smsbox, AfricasTalking], clock: SetClock
) -> None:
    app, lines, box, network = both
    assert {"sms", "sms.africastalking", "sms.kannel"} <= lines.keys()
    await a_reply(app, 1)
    dispatcher = Dispatcher(app, lines, wave=FAILURES, lanes=1)
    assert await dispatcher.drain() == {"sent": 1}
    assert box.got == [("+254700000001", "22100")]
    box.up = False
    for number in range(2, 2 + FAILURES):
        await a_reply(app, number)
    assert await dispatcher.drain() == {"waiting": FAILURES}
    assert dispatcher.breaker.resting() == {"sms.kannel"}
    clock.forward(timedelta(seconds=queue.BACK_OFF_SECONDS[0]))
    assert await dispatcher.drain() == {"sent": FAILURES}
    assert [(one.to, one.sender) for one in network.inbox("+254700000002")] == [("+254700000002", "MWANGAZA")]
    await network.settle()
