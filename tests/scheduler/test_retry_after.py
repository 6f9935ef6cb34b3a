"""What a provider asks us to wait is waited, by the message it was asked for, and uses up none of its tries."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import SetClock
from core.context import App
from core.outbox.back_off import retry_after
from core.outbox.circuit_breaker import CircuitBreaker
from core.outbox.queue import outbox
from core.outcome import NotReached
from core.payments.providers import http
from core.payments.providers.http import Reply
from tests.gateway.open_doors import Doors, open_doors
from tests.gateway.talking import a_customer
from tests.gateway.test_doors import tg
from tests.gateway.test_flows import rows
from tests.gateway.ways import WhatsApp


@pytest.fixture
async def doors(app: App, tmp_path: Path) -> AsyncIterator[Doors]:
    await a_customer(app)
    async with open_doors(app, tmp_path) as opened:
        yield opened


async def states(doors: Doors) -> list[tuple[str, int, timedelta]]:
    now = doors.app.clock.now()
    return [(row.state, row.attempts, row.not_before - now) for row in await rows(doors.app, outbox)]


async def test_a_busy_chat_of_telegram_waits_as_long_as_it_says_and_the_others_do_not(
    doors: Doors, clock: SetClock
) -> None:
    doors.bot.busy = {"1001": 37}
    other = {"id": 2002, "type": "private", "first_name": "B"}
    await doors.telegram(tg(1, text="MENU"))
    await doors.telegram(tg(2, text="MENU", chat=other, **{"from": {"id": 2002, "is_bot": False, "first_name": "B"}}))
    assert await doors.sent() == {"waiting": 1, "sent": 1}
    assert (await states(doors))[0] == ("waiting", 0, timedelta(seconds=37))
    doors.bot.busy = {}
    clock.forward(timedelta(seconds=36))
    assert await doors.sent() == {}
    clock.forward(timedelta(seconds=1))
    assert await doors.sent() == {"sent": 1}


@pytest.mark.parametrize("status", [429, 503])
async def test_metas_retry_after_is_waited(status: int, doors: Doors, clock: SetClock) -> None:
    doors.meta.outage, doors.meta.wait = status, "120"
    they = WhatsApp(doors, "whatsapp")
    await they.type("MENU")
    for _ in range(8):
        assert await doors.sent() == {"waiting": 1}
        assert await states(doors) == [("waiting", 0, timedelta(seconds=120))]
        clock.forward(timedelta(seconds=120))
    doors.meta.outage = 0
    assert await doors.sent() == {"sent": 1}


async def test_who_says_nothing_is_asked_again_by_our_own_rule(doors: Doors) -> None:
    doors.meta.outage = 429
    await WhatsApp(doors, "whatsapp").type("MENU")
    await doors.sent()
    assert await states(doors) == [("waiting", 1, timedelta(seconds=5))]


async def test_two_chats_that_are_told_to_wait_rest_the_whole_channel_and_one_does_not() -> None:
    breaker = CircuitBreaker("channel")
    for _ in range(3):
        breaker.told_to_wait("telegram", {"1": 30})
    assert breaker.resting() == frozenset()
    breaker.told_to_wait("telegram", {"2": 30})
    assert breaker.resting() == {"telegram"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30), ({"Retry-After": " 2.2 "}, 3), ({"Retry-After": "0"}, None), ({"Retry-After": "-5"}, None), ({}, None),
        ({"Retry-After": "soon"}, None), ({"Retry-After": "99999999"}, 86_400), ({"Retry-After": "Tue, 10 Mar 2026 09:01:30 GMT"}, None),
        ({"Retry-After": "Tue, 10 Mar 2026 09:01:30 GMT", "Date": "Tue, 10 Mar 2026 09:00:00 GMT"}, 90),
        ({"Retry-After": "Tue, 10 Mar 2026 08:00:00 GMT", "Date": "Tue, 10 Mar 2026 09:00:00 GMT"}, None),
    ],
)  # fmt: skip
def test_both_ways_of_saying_it_are_read(headers: dict[str, str], seconds: int | None) -> None:
    assert retry_after(headers) == seconds


async def test_a_provider_of_payments_that_asks_us_to_wait_is_not_called_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[datetime] = []

    async def busy(_request: web.Request) -> web.Response:
        calls.append(datetime.now(UTC))
        return web.json_response({}, status=429, headers={"Retry-After": "30"})

    web_app = web.Application()
    web_app.router.add_get("/pay", busy)
    async with TestServer(web_app) as server:
        url = str(server.make_url("/pay"))
        assert await http.call("GET", url, headers={}) == Reply(429, {})
        said = await asyncio.gather(*(http.call("GET", url, headers={}) for _ in range(3)))
        assert all(isinstance(one, NotReached) for one in said)
        assert len(calls) == 1
        monkeypatch.setattr(http, "_told_to_wait", CircuitBreaker("address"))
        assert isinstance(await http.call("GET", url, headers={}), Reply)
        assert len(calls) == 2
