"""A second USSD aggregator is one file: here it is, with another shape of request, and the real gateway serves it.

It posts JSON with the newest input alone, says of each step which it is, and wants its own session's id back with the screen.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from channels import registry
from channels.contract import BySession, ChannelRow, Door, Event, Malformed, Page, RawRequest
from channels.form import clean
from channels.paging import pages
from core.care.tables import interaction
from core.context import App
from core.message import Inbound, Screen
from core.parties.tables import contact, interest
from core.phone import from_provider
from dialogs.session import unpack
from gateway.app_keys import TURNS
from gateway.conversation.interaction_log import PASSED, noting
from gateway.embedded_scheduler import dispatcher_of
from tests.gateway.open_doors import SECRET, Doors, open_doors
from tests.gateway.talking import Phone as CumulativePhone
from tests.gateway.talking import a_customer, counter
from tests.gateway.test_flows import rows
from tests.gateway.test_turn import CARD, count

CODE = "*713#"


class NewestInput(BySession):
    """The channel `ussd` of an aggregator that sends what was typed last."""

    name = "ussd"

    def __init__(self) -> None:
        path = "/hooks/newest/{secret}/ussd"
        self.doors = (Door("POST", path, parse, envelope=envelope, content_type="application/json"),)

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        return pages(screen)

    def render(self, screen: Screen, page: Page) -> str:
        kind = "Release" if screen.ends and page.more is None else "Response"
        return json.dumps({"Type": kind, "Message": clean(page.text)})


def parse(received: RawRequest) -> list[Event]:
    try:
        step: dict[str, Any] = json.loads(received.body)
        phone, session, message = from_provider(step["Mobile"]), str(step["SessionId"]), str(step["Message"])
    except (ValueError, KeyError, TypeError) as why:
        raise Malformed("body.not_a_step", "The body is no step of a session.") from why
    first = step["Type"] == "Initiation"
    text = message.removeprefix(CODE.removesuffix("#")).strip("*#") if first else clean(message)
    return [Inbound("ussd", phone or "", text, "text", phone, f"{session}:{step['Sequence']}", session, CODE)]


def envelope(received: RawRequest, screen: str) -> str:
    return json.dumps({"SessionId": json.loads(received.body)["SessionId"], **json.loads(screen)})


ROW = ChannelRow("ussd", "newest", (), lambda _tools: NewestInput())


@dataclass
class NewestPhone:
    """A phone behind that aggregator."""

    doors: Doors
    number: str = "+254712345678"
    session: str = "n1"
    step: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    kind: str = ""

    async def dial(self, dialled: str = CODE, session: str = "n1") -> str:
        self.session, self.step = session, 0
        return await self._post("Initiation", dialled)

    async def answer(self, *typed: str) -> str:
        for text in typed:
            screen = await self._post("Response", text)
        return screen

    async def again(self) -> str:
        answer = await self.doors.client.post(f"/hooks/newest/{SECRET}/ussd", json=self.body)
        assert (answer.status, answer.content_type) == (200, "application/json")
        drawn = await answer.json()
        assert drawn["SessionId"] == self.session
        self.kind = drawn["Type"]
        return str(drawn["Message"])

    async def _post(self, kind: str, message: str) -> str:
        self.step += 1
        self.body = {
            "SessionId": self.session,
            "Mobile": self.number.removeprefix("+"),
            "Type": kind,
            "Message": message,
            "Sequence": self.step,
        }
        return await self.again()


@pytest.fixture
async def doors(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Doors]:
    monkeypatch.setattr(registry, "ROWS", (*registry.ROWS, ROW))
    async with open_doors(app, tmp_path, also=lambda web_app: web_app.cleanup_ctx.append(noting)) as opened:
        yield opened


async def test_the_same_walk_shows_the_same_words_whoever_brings_its_steps(doors: Doors, tmp_path: Path) -> None:
    await a_customer(doors.app)
    (tmp_path / "cumulative").mkdir()
    walk = ("6", "2", "0", "4", "3", "0", "00", "77", "1")
    async with counter(doors.app, tmp_path / "cumulative") as client:
        phone = CumulativePhone(client)
        expected = [await phone.dial(), *[await phone.answer(text) for text in walk]]
    newest = NewestPhone(doors)
    screens = [await newest.dial(), *[await newest.answer(text) for text in walk]]
    assert screens == [screen.removeprefix("CON ") for screen in expected]
    assert newest.kind == "Response"


async def test_a_repeat_is_known_by_its_step_and_the_same_answer_twice_is_none(doors: Doors) -> None:
    newest = NewestPhone(doors)
    home = await newest.dial()
    assert await newest.again() == home
    await newest.answer("2", "Amina")
    asked = await newest.answer("Amina")
    assert asked.startswith("Amina, Amina. Shall we call you back?")
    assert await newest.again() == asked
    thanks = await newest.answer("1")
    assert [await newest.again() for _ in range(3)] == [thanks] * 3
    assert await count(doors.app, interest) == await count(doors.app, contact) == 1


async def test_what_was_dialled_along_with_the_code_is_walked(doors: Doors) -> None:
    newest = NewestPhone(doors)
    await newest.dial()
    asked = await newest.answer("2", "Amina", "Kisumu")
    assert await newest.dial("*713*2*Amina*Kisumu*1#", "n2") == asked


async def test_a_dropped_session_is_continued(doors: Doors) -> None:
    newest = NewestPhone(doors)
    await newest.dial()
    asked = await newest.answer("2", "Amina")
    assert (await newest.dial(session="n2")).startswith("You were in the middle of something.")
    assert await newest.answer("1") == asked


async def test_nothing_secret_stays_behind_even_where_it_begins_like_the_answer_before(doors: Doors) -> None:
    newest = NewestPhone(doors)
    await newest.dial()
    await newest.answer("2", CARD[:4])
    assert (await newest.answer(CARD)).startswith("Never send card numbers here")
    kept = await doors.client.app[TURNS].sessions.load(f"ussd:{newest.number}")
    session = unpack(kept.blob) if kept else None
    assert session is not None
    assert not any(letter.isdigit() for letter in session.raw)


async def test_the_log_of_what_passed_holds_the_words_and_no_envelope(doors: Doors) -> None:
    newest = NewestPhone(doors)
    home = await newest.dial()
    await doors.client.app[PASSED].flush()
    assert [(row.direction, row.text) for row in await rows(doors.app, interaction)] == [("in", CODE), ("out", home)]


async def test_what_is_no_step_is_refused_and_nobody_sends_notices_by_it(doors: Doors) -> None:
    answer = await doors.client.post(f"/hooks/newest/{SECRET}/ussd", data=b"*713#")
    assert (answer.status, (await answer.json())["code"]) == (400, "body.not_a_step")
    assert (await doors.client.post("/hooks/newest/guessed/ussd", json={})).status == 403
    senders = dispatcher_of(doors.app, doors.channels).senders
    assert "ussd.newest" in doors.channels and not any(name.startswith("ussd") for name in senders)
