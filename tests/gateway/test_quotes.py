"""`POST /quote` and `hodi quote`: the same answer, a sentence for everything else, and never a wrong price."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.catalog import store
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from gateway import quotes
from gateway.admin.throttle import Throttle
from gateway.app_keys import APP
from gateway.cli import app as hodi
from tests.bills.paper import TARIFFS
from tests.core.catalog.asking import anything, questions
from tests.core.catalog.test_fuzz import whole
from tests.gateway.conftest import Client, Serve

JULY = {"from": "2023-07-01", "to": "2023-08-01"}
ASKED = {"period": JULY, "usage": [{"meter": "energy", "quantity": "42"}]}
NEXT = """
tariff: kplc-domestic-ordinary
valid_from: 2023-07-16
currency: KES
zone: Africa/Nairobi
charges: [{code: consumption, type: usage, meter: energy, unit: kWh, model: flat, price: "10"}]
"""

MIXED = """
tariff: mixed
valid_from: 2023-01-01
currency: KES
rounding: {line: "0.01"}
charges:
  - {code: power, type: fixed, price: "100"}
  - {code: rent, type: fixed, price: "50"}
  - {code: off, type: discount, amount: "10", of: [power, rent]}
  - {code: low, type: tax, percent: "10", of: [power, off]}
  - {code: high, type: tax, percent: "20", of: [rent, off]}
"""


@pytest.fixture
def sqlite_house(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


@pytest.fixture
async def asking(sqlite_house: App, aiohttp_client: Serve, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The calculator with the Kenyan tariff, unthrottled."""
    monkeypatch.setattr(quotes, "THROTTLE", Throttle(burst=10**6, per_seconds=1))
    async with sqlite_house.db.writing() as conn:
        await store.load(conn, sqlite_house, store.check((TARIFFS / "kenya-domestic.yaml").read_text()), by="test")
    served = web.Application()
    served[APP] = sqlite_house
    served.add_routes(quotes.routes())
    return await aiohttp_client(served)


async def ask(client: Client, body: Any) -> tuple[int, str]:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = await client.post("/quote", data=text.encode(errors="surrogatepass"))
    return answer.status, await answer.text()


async def test_the_calculator_answers_as_the_command_does(asking: Client) -> None:
    status, text = await ask(asking, {**ASKED, "tariff": "kplc-domestic-ordinary"})
    tariff = str(TARIFFS / "kenya-domestic.yaml")
    told = CliRunner().invoke(hodi, ["quote", "--tariff", tariff, "--usage", "-", "--json"], input=json.dumps(ASKED))
    assert (status, json.loads(text)) == (200, json.loads(told.stdout))


async def test_the_calculator_shares_a_discount_between_lines_of_different_tax(
    asking: Client, sqlite_house: App
) -> None:
    async with sqlite_house.db.writing() as conn:
        await store.load(conn, sqlite_house, store.check(MIXED), by="test")
    status, text = await ask(asking, {"period": JULY, "tariff": "mixed"})
    told = {line["code"]: line for line in json.loads(text)["lines"]}
    assert (status, told["low"]["amount"], told["high"]["amount"]) == (200, "9.33", "9.33")
    assert [part["amount"] for part in told["off"]["parts"]] == ["-6.67", "-3.33"]


async def test_a_version_in_mid_period_is_priced_by_its_days(asking: Client, sqlite_house: App) -> None:
    async with sqlite_house.db.writing() as conn:
        await store.load(conn, sqlite_house, store.check(NEXT), by="test")
    status, text = await ask(asking, {**ASKED, "usage": [{"quantity": "31"}], "tariff": "kplc-domestic-ordinary"})
    lines = [(line["code"], line["from"]) for line in json.loads(text)["lines"]]
    assert (status, lines[0], lines[-1]) == (200, ("consumption", "2023-07-01"), ("consumption", "2023-07-16"))


@pytest.mark.parametrize("tariff", [None, 7, "", "no\u0000ne", "\ud800", "x" * 9999, ["kplc"], "KPLC"])
async def test_a_tariff_that_cannot_be_is_refused_with_a_sentence(asking: Client, tariff: Any) -> None:
    status, text = await ask(asking, {**ASKED, "tariff": tariff})
    assert (status, bool(text)) == (400, True)


async def test_whatever_is_asked_is_answered_with_a_price_or_a_sentence(asking: Client) -> None:
    loop = asyncio.get_running_loop()

    @bounded(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(body=questions(["energy"]) | anything | st.text(max_size=30))
    def every(body: Any) -> None:
        if isinstance(body, dict):
            body = {**body, "tariff": "kplc-domestic-ordinary"}
        status, text = asyncio.run_coroutine_threadsafe(ask(asking, body), loop).result(30)
        assert status in (200, 400)
        if status == 200:
            whole(json.loads(text))
        else:
            assert ": " in text

    await asyncio.to_thread(every)


@bounded(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=questions(["energy"]) | anything)
def test_the_command_prints_a_price_or_says_why_not(body: Any) -> None:
    tariff = str(TARIFFS / "kenya-domestic.yaml")
    told = CliRunner().invoke(hodi, ["quote", "--tariff", tariff, "--usage", "-", "--json"], input=json.dumps(body))
    assert (told.exit_code, bool(told.stdout)) in ((0, True), (1, False))
    if told.exit_code == 0:
        whole(json.loads(told.stdout))
    else:
        assert told.stderr.strip()
