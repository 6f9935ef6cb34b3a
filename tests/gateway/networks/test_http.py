"""A network behind HTTP: signed both ways of the wire, told once per key, asked when an answer was lost."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer

from core.clock import SetClock
from core.outcome import NotReached, Refusal, Unknown
from core.provisioning.model import Applied, Command
from core.provisioning.providers.http import HttpNetwork
from tests.conftest import NOON
from tests.doubles.network import Double

SOFT = Command("bar:7:1", 7, "line/7", "soft", 256, 1)


@pytest.fixture
async def double() -> AsyncIterator[tuple[Double, HttpNetwork]]:
    made = Double(clock=SetClock(NOON))
    server = TestServer(made.app())
    await server.start_server()
    yield made, HttpNetwork(str(server.make_url("")), "network-secret", SetClock(NOON))
    await server.close()


async def test_a_line_is_barred_once_whatever_its_name(double: tuple[Double, HttpNetwork]) -> None:
    network, ours = double
    assert [await ours.apply(SOFT) for _ in range(2)] == [Applied("n-1"), Applied("n-1")]
    assert network.lines == {"line/7": "soft"}
    assert await ours.levels(["line/7", "8"]) == {"line/7": "soft", "8": "none"}


async def test_an_older_wish_that_arrives_late_changes_nothing(double: tuple[Double, HttpNetwork]) -> None:
    network, ours = double
    await ours.apply(Command("bar:7:2", 7, "line/7", "none", None, 2))
    await ours.apply(SOFT)
    assert network.lines == {"line/7": "none"}


async def test_a_lost_answer_is_not_known_until_it_is_asked_for(double: tuple[Double, HttpNetwork]) -> None:
    network, ours = double
    assert await ours.ask(SOFT) == NotReached("it never arrived")
    network.silent = 1
    assert await ours.apply(SOFT) == Unknown("HTTP 504")
    assert await ours.ask(SOFT) == Applied()


async def test_a_refusal_is_final_and_says_why(double: tuple[Double, HttpNetwork]) -> None:
    network, ours = double
    network.unknown.add("line/7")
    assert await ours.apply(SOFT) == Refusal("http_404", "no such line")


async def test_a_wrong_secret_or_an_old_request_opens_nothing(double: tuple[Double, HttpNetwork]) -> None:
    network, ours = double
    forged = HttpNetwork(ours.base_url, "another-secret", ours.clock)
    stale = HttpNetwork(ours.base_url, "network-secret", SetClock(NOON - timedelta(minutes=6)))
    assert [await one.apply(SOFT) for one in (forged, stale)] == [
        Refusal("http_403", "signature"),
        Refusal("http_403", "stale"),
    ]
    assert network.lines == {} and await forged.levels(["line/7"]) == {}


async def test_a_network_that_is_down_never_heard_us_but_its_silence_proves_nothing() -> None:
    ours = HttpNetwork("http://127.0.0.1:9", "network-secret", SetClock(NOON))
    assert isinstance(await ours.apply(SOFT), NotReached)
    assert isinstance(await ours.ask(SOFT), Unknown)
