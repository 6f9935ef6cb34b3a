"""The phone page: it speaks to the real webhooks, tells the page no secret, and is there for its own machine alone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from core.care.interactions import Interaction, log_many
from core.clock import SetClock
from core.config import hook_secrets as secrets_of_hooks
from core.config.operator import Settings
from core.context import App
from core.db.engine import Database
from core.errors import BadInput
from core.parties.tables import contact
from gateway.pages import phone
from gateway.pages.network import is_loopback, split_code
from gateway.sandbox.africastalking import AfricasTalking
from gateway.sandbox.app import make_app
from tests.gateway.conftest import Client, Serve, ops_app
from tests.gateway.world import a_branch, a_customer

SECRET = "test-hook-secret"
OURS = secrets_of_hooks.secret_of(Settings.model_validate({"hook_secret": SECRET}), "africastalking")
ME = "+254710000017"


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    """The page asks the database one thing; one database will do."""
    return sqlite_db


@dataclass
class Hooks:
    """The webhooks as the provider sees them, and what they were told."""

    told: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answer: str = "CON Hello\n1. Balance"
    status: int = 200

    async def take(self, request: web.Request) -> web.Response:
        if request.match_info["secret"] != OURS:
            return web.Response(status=403)
        self.told.append((request.match_info["door"], {k: str(v) for k, v in (await request.post()).items()}))
        return web.Response(text=self.answer, status=self.status)


@dataclass
class Desk:
    client: Client
    hooks: Hooks
    double: AfricasTalking
    sandbox: str

    async def send(self, door: str, told: Any, **headers: str) -> Any:
        ours = {"Origin": str(self.client.make_url("/")).rstrip("/"), **headers}
        return await self.client.post(f"/phone/{door}", json=told, headers=ours)

    async def shown(self, door: str, **told: object) -> dict[str, Any]:
        answer = await self.send(door, {"phone": ME, **told})
        assert answer.status == 200, await answer.text()
        shown: dict[str, Any] = await answer.json()
        return shown


@pytest.fixture
async def desk(app: App, clock: SetClock, settings: Settings, aiohttp_client: Serve) -> AsyncIterator[Desk]:
    double, bank = AfricasTalking(clock), make_app("test-sandbox-secret", clock=clock, by_hand=True)
    servers = [TestServer(double.app()), TestServer(bank)]
    for server in servers:
        await server.start_server()
    network, sandbox = [str(server.make_url("")).rstrip("/") for server in servers]
    told = {"phone_page": True, "africastalking_base_url": network, "sandbox_base_url": sandbox}
    app = replace(app, settings=settings.model_copy(update=told))
    async with app.db.writing() as conn:
        await a_customer(conn, app, await a_branch(conn, app, "nakuru"), number="10000017", name="Wanjiru <b>Kamau")
    hooks = Hooks()
    web_app = ops_app(app)
    web_app.router.add_post("/hooks/africastalking/{secret}/{door:.+}", hooks.take)
    phone.setup(web_app, "127.0.0.1")
    yield Desk(await aiohttp_client(web_app), hooks, double, sandbox)
    for server in servers:
        await server.close()


async def test_the_page_names_the_cast_and_no_secret(desk: Desk) -> None:
    text = await (await desk.client.get("/phone")).text()
    assert ME in text
    assert "Wanjiru &lt;b&gt;Kamau" in text
    assert SECRET not in text and OURS not in text


async def test_dialling_reaches_the_real_webhook_and_shows_its_words(desk: Desk) -> None:
    shown = await desk.shown("dial", code="*384*100#")
    assert (shown["text"], shown["open"], shown["path"]) == ("Hello\n1. Balance", True, "")
    door, form = desk.hooks.told[0]
    assert door == "ussd"
    assert (form["phoneNumber"], form["serviceCode"], form["text"]) == (ME, "*384*100#", "")
    assert form["sessionId"] == shown["session"]
    assert SECRET not in str(shown) and OURS not in str(shown)


async def test_a_deep_dial_arrives_as_the_first_text(desk: Desk) -> None:
    assert (await desk.shown("dial", code="*384*100*1*5#"))["path"] == "1*5"
    assert desk.hooks.told[0][1]["text"] == "1*5"


async def test_answers_add_up_as_the_network_adds_them(desk: Desk) -> None:
    shown = await desk.shown("dial", code="*384*100#")
    for answer, path in [("1", "1"), ("2", "1*2"), ("3*4", "1*2*3*4"), ("", "1*2*3*4*")]:
        shown = await desk.shown("answer", session=shown["session"], path=shown["path"], answer=answer)
        assert shown["path"] == path
        assert desk.hooks.told[-1][1]["text"] == path


async def test_the_end_of_a_session_is_shown(desk: Desk) -> None:
    desk.hooks.answer = "END Goodbye"
    shown = await desk.shown("dial", code="*384*100#")
    assert (shown["text"], shown["open"]) == ("Goodbye", False)


@pytest.mark.parametrize("answer", ["Hello", "", "CONTINUE", "<html>"])
async def test_an_answer_that_is_none_ends_the_session_as_a_network_does(desk: Desk, answer: str) -> None:
    desk.hooks.answer = answer
    shown = await desk.shown("dial", code="*384*100#")
    assert not shown["open"]
    assert "Connection problem" in shown["text"]


async def test_hanging_up_is_told_to_the_webhook(desk: Desk) -> None:
    shown = await desk.shown("dial", code="*384*100#")
    await desk.shown("hangup", session=shown["session"], path="1")
    door, form = desk.hooks.told[-1]
    assert (door, form["status"]) == ("ussd/end", "Incomplete")


async def test_an_sms_goes_to_the_webhook_and_what_the_provider_sent_is_in_the_inbox(desk: Desk) -> None:
    assert await desk.shown("sms", text="BAL") == {"sent": True}
    assert desk.hooks.told[0][1]["text"] == "BAL"
    desk.double._take("sms", ME, "You owe KES 100", "Mwangaza")
    desk.double._take("sms", "+254799999999", "somebody else's", "Mwangaza")
    inbox = (await (await desk.client.get("/phone/inbox", params={"phone": ME})).json())["messages"]
    assert [message["text"] for message in inbox if message["side"] == "in"] == ["You owe KES 100"]
    assert [message["text"] for message in inbox if message["side"] == "out"] == ["BAL"]


async def test_a_payment_prompt_stands_on_the_handset_until_it_is_answered(desk: Desk) -> None:
    asked = {
        "key": "push:1",
        "method": "mobile_push",
        "amount_minor": 100_000,
        "currency": "KES",
        "reference": "10000017",
        "phone": ME,
        "callback_url": f"{desk.sandbox}/nowhere",
    }
    trusted = {"Authorization": "Bearer test-sandbox-secret"}
    async with desk.client.session.post(f"{desk.sandbox}/v1/payments", json=asked, headers=trusted) as made:
        assert made.status == 201, await made.text()

    async def standing(phone: str) -> list[dict[str, Any]]:
        inbox = await (await desk.client.get("/phone/inbox", params={"phone": phone})).json()
        prompts: list[dict[str, Any]] = inbox["prompts"]
        return prompts

    assert await standing("+254799999999") == []
    [prompt] = await standing(ME)
    assert (prompt["amount"], prompt["reference"]) == ("KES 1,000", "10000017")
    assert await desk.shown("prompt", prompt=prompt["id"], yes=True) == {"taken": True}
    assert await standing(ME) == []


async def test_what_was_sent_before_the_double_began_is_in_the_inbox_once(
    desk: Desk, app: App, clock: SetClock
) -> None:
    async with app.db.writing() as conn:
        contact_id = (await conn.execute(select(contact.c.id))).scalar_one()
        old = [Interaction(contact_id, None, "sms", "out", "notice", "Your bill is ready")]
        await log_many(conn, app, old)
    clock.forward(timedelta(days=1))
    desk.double._take("sms", ME, "Thank you!", "Mwangaza")
    clock.forward(timedelta(seconds=1))
    async with app.db.writing() as conn:
        await log_many(conn, app, [Interaction(contact_id, None, "sms", "out", "notice", "Thank you!")])
    inbox = (await (await desk.client.get("/phone/inbox", params={"phone": ME})).json())["messages"]
    assert [message["text"] for message in inbox if message["side"] == "in"] == ["Your bill is ready", "Thank you!"]


@pytest.mark.parametrize(("code", "expected"), [
    ("*384*100#", ("*384*100#", "")), ("*384*100*1*5#", ("*384*100#", "1*5")), ("*384*1001#", None), ("*100#", None),
    ("384*100", None), ("*384*100*a#", None), ("", None),
])  # fmt: skip
def test_a_code_is_ours_or_it_is_not(code: str, expected: tuple[str, str] | None) -> None:
    assert split_code(code, "*384*100#") == expected


@pytest.mark.parametrize("told", [
    "dial", [], {}, {"phone": ME}, {"phone": "0712", "code": "*1#"}, {"phone": ME, "code": "x" * 500},
    {"phone": ME, "code": "*1#", "extra": 1}, {"phone": ME + "\n", "code": "*1#"}, {"phone": 1, "code": 2},
])  # fmt: skip
async def test_what_the_page_does_not_send_is_refused(desk: Desk, told: object) -> None:
    answer = await desk.send("dial", told)
    assert answer.status == 400
    assert set(await answer.json()) == {"code", "reason"}


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example:80"},
])  # fmt: skip
async def test_a_page_elsewhere_can_neither_dial_nor_read(desk: Desk, headers: dict[str, str]) -> None:
    assert (await desk.send("dial", {"phone": ME, "code": "*384*100#"}, **headers)).status == 403
    assert (await desk.client.get("/phone/inbox", params={"phone": ME}, headers=headers)).status == 403
    assert desk.hooks.told == []


async def test_a_form_of_another_site_is_not_json(desk: Desk) -> None:
    origin = {"Origin": str(desk.client.make_url("/")).rstrip("/")}
    assert (await desk.client.post("/phone/sms", data={"phone": ME, "text": "x"}, headers=origin)).status == 415


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", ""])
def test_the_page_refuses_to_start_where_it_could_be_reached(app: App, settings: Settings, host: str) -> None:
    open_house = replace(app, settings=settings.model_copy(update={"phone_page": True}))
    with pytest.raises(BadInput):
        phone.setup(ops_app(open_house), host)


async def test_the_page_is_not_there_unless_it_is_switched_on(app: App, aiohttp_client: Serve) -> None:
    web_app = ops_app(app)
    phone.setup(web_app, "0.0.0.0")
    assert (await (await aiohttp_client(web_app)).get("/phone")).status == 404


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        (None, False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str | None, ours: bool) -> None:
    assert is_loopback(host) == ours
