"""The sandbox provider on its own: trusted by its secret, true to its keys, patient with its callbacks, honest in its books."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import SetClock
from core.payments.providers.contract import Forged
from core.payments.providers.sandbox import HEADER
from core.payments.providers.signatures import stamped, verify_stamped
from gateway.sandbox import app as sandbox
from gateway.sandbox import service as sandbox_service

SECRET = "a-sandbox-secret"


class Caller:
    """Who calls the sandbox, and is called back by it."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, hook: str, told: list[tuple[str, dict[str, Any]]]
    ) -> None:
        self.http, self.url, self.hook, self.told = http, url, hook, told

    async def ask(self, path: str, said: Any = None, secret: str = SECRET) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {secret}"}
        method = "GET" if said is None else "POST"
        async with self.http.request(method, f"{self.url}{path}", json=said, headers=headers) as response:
            return response.status, await response.json()

    def wanted(self, **more: Any) -> dict[str, Any]:
        return {
            "key": "k1",
            "method": "mobile_push",
            "amount_minor": 500,
            "currency": "KES",
            "reference": "ACC100",
            "callback_url": self.hook,
            "phone": "+254700000001",
            **more,
        }


@asynccontextmanager
async def calling(
    clock: SetClock, *, answers: list[int] | None = None, **more: Any
) -> AsyncIterator[tuple[Caller, sandbox.Service]]:
    told: list[tuple[str, dict[str, Any]]] = []

    async def hear(request: web.Request) -> web.Response:
        body = await request.read()
        verify_stamped(SECRET, request.headers[HEADER], body, clock.now())
        told.append((request.headers[HEADER], json.loads(body)))
        return web.Response(status=answers.pop(0) if answers else 200)

    hooked = web.Application()
    hooked.router.add_post("/hook", hear)
    app = sandbox.make_app(SECRET, clock=clock, **{"prompt_seconds": 0, **more})
    async with TestServer(hooked) as hook, TestServer(app) as server, aiohttp.ClientSession() as http:
        yield (
            Caller(http, str(server.make_url("")).rstrip("/"), str(hook.make_url("/hook")), told),
            app[sandbox.SERVICE],
        )


async def test_nobody_without_the_secret_is_heard(clock: SetClock) -> None:
    async with calling(clock) as (caller, service):
        assert (await caller.ask("/v1/payments", caller.wanted(), secret="guess"))[0] == 403
        assert (await caller.ask("/v1/payments", secret=""))[0] == 403
        assert service.books.all() == []


async def test_a_key_is_one_payment_for_ever_and_for_one_thing(clock: SetClock) -> None:
    async with calling(clock) as (caller, service):
        first = await caller.ask("/v1/payments", caller.wanted())
        await service.idle()
        again = await caller.ask("/v1/payments", caller.wanted())
        assert (again[1]["id"], again[1]["state"]) == (first[1]["id"], "succeeded")
        status, answer = await caller.ask("/v1/payments", caller.wanted(amount_minor=600))
        assert (status, answer["code"], len(caller.told)) == (409, "key_reused", 1)


@pytest.mark.parametrize("wrong", [{"amount_minor": 0}, {"amount_minor": "5"}, {"key": ""}, {"callback_url": None}])
async def test_a_request_that_makes_no_sense_is_refused(clock: SetClock, wrong: dict[str, Any]) -> None:
    async with calling(clock) as (caller, service):
        assert (await caller.ask("/v1/payments", caller.wanted(**wrong)))[0] == 400
        assert service.books.all() == []


async def test_a_callback_is_made_again_until_it_is_taken(clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_service, "RETRY_SECONDS", (0, 0, 0))
    async with calling(clock, answers=[500, 503, 200]) as (caller, service):
        await caller.ask("/v1/payments", caller.wanted())
        await service.idle()
        assert [said["type"] for _, said in caller.told] == ["succeeded"] * 3
        assert len({said["id"] for _, said in caller.told}) == 1
        assert service.books.untold() == []


async def test_what_was_not_told_is_told_after_a_restart(clock: SetClock, tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    async with calling(clock, path=path, answers=[500]) as (caller, service):
        await caller.ask("/v1/payments", caller.wanted())
        while not caller.told:  # noqa: ASYNC110 - the sandbox calls when it likes
            await asyncio.sleep(0.01)
        [untold] = service.books.untold()
    books = sandbox.Books(path)
    assert books.untold() == [untold]
    books.close()
    heard: list[bytes] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.read())
        return web.Response()

    hooked = web.Application()
    hooked.router.add_post("/hook", hear)
    port = int(untold.url.split(":")[2].split("/")[0])
    again = sandbox.make_app(SECRET, clock=clock, path=path)
    async with TestServer(hooked, port=port), TestServer(again):
        await again[sandbox.SERVICE].idle()
    assert heard == [untold.body.encode()]


@pytest.mark.parametrize(
    ("suffix", "state", "times"), [("0001", "succeeded", 1), ("9001", "failed", 1), ("9002", "expired", 1), ("9003", "succeeded", 2), ("9007", "succeeded", 0)]
)  # fmt: skip
async def test_the_last_figures_of_a_phone_say_how_it_behaves(
    clock: SetClock, suffix: str, state: str, times: int
) -> None:
    async with calling(clock) as (caller, service):
        await caller.ask("/v1/payments", caller.wanted(phone=f"+25470000{suffix}"))
        await service.idle()
        assert ([payment.state for payment in service.books.all()], len(caller.told)) == ([state], times)


async def test_a_rule_holds_for_whom_it_names_and_as_often_as_it_says(clock: SetClock) -> None:
    async with calling(clock) as (caller, service):
        rule = {"match": "ACC100", "times": 1, "outcome": "failed", "reason": "funds"}
        assert (await caller.ask("/v1/behave", rule))[0] == 200
        assert (await caller.ask("/v1/behave", {"mood": "bad"}))[0] == 400
        for key, reference in (("k1", "ACC200"), ("k2", "ACC100"), ("k3", "ACC100")):
            await caller.ask("/v1/payments", caller.wanted(key=key, reference=reference))
        await service.idle()
        assert [payment.state for payment in service.books.all()] == ["succeeded", "failed", "succeeded"]


async def test_a_prompt_by_hand_waits_on_the_phone_until_it_is_answered(clock: SetClock) -> None:
    async with calling(clock, by_hand=True) as (caller, service):
        await caller.ask("/v1/payments", caller.wanted())
        _, [prompt] = await caller.ask("/v1/prompts?phone=%2B254700000001")
        assert (await caller.ask("/v1/prompts?phone=%2B254700000002"))[1] == []
        await caller.ask(f"/v1/prompts/{prompt['id']}", {"yes": False})
        await service.idle()
        assert [(said["type"], said["reason"]) for _, said in caller.told] == [("failed", "declined")]
        assert (await caller.ask("/v1/prompts"))[1] == []


async def test_the_checkout_has_two_buttons_and_no_field_for_a_card(clock: SetClock) -> None:
    async with calling(clock) as (caller, service):
        _, made = await caller.ask(
            "/v1/payments", caller.wanted(method="card", return_url=caller.hook, reference="<b>")
        )
        async with caller.http.get(made["checkout_url"]) as response:
            page = await response.text()
        assert ("KES 5" in page, "<input" in page, "<b>" in page) == (True, False, False)
        async with caller.http.post(made["checkout_url"], data={"decision": "pay"}, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, caller.hook)
        async with caller.http.post(made["checkout_url"], data={"decision": "pay"}, allow_redirects=False) as response:
            assert "succeeded" in await response.text()
        await service.idle()
        assert len(caller.told) == 1
        async with caller.http.get(f"{caller.url}/checkout/guess") as response:
            assert response.status == 404


@pytest.mark.parametrize("header", ["", "t=,v1=", "t=99999999999999999999,v1=aa", "t=²,v1=aa", "v1=aa", "t=1,v1=é"])
def test_a_header_that_is_no_signature_is_forged(clock: SetClock, header: str) -> None:
    with pytest.raises(Forged):
        verify_stamped(SECRET, header, b"{}", clock.now())


def test_without_a_secret_every_signature_is_forged(clock: SetClock) -> None:
    with pytest.raises(Forged):
        verify_stamped("", stamped("", b"{}", int(clock.now().timestamp())), b"{}", clock.now())
