"""Every conversation as a form on her own pages: hers alone, without scripts, and a form that is sent twice does one thing."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import FormData
from sqlalchemy import select

from core.care import media as files
from core.care.tables import interaction, media
from core.clock import SetClock
from core.config.operator import Identity, Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.parties.tables import contact
from core.payments.tables import attempt
from tests.gateway.open_doors import open_doors
from tests.gateway.talking import WANJIKU, a_customer
from tests.gateway.test_flows import a_bill, rows
from tests.gateway.ways import Page, with_pages


@pytest.fixture
async def page(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Page]:
    strict = operator.model_copy(update={"identity": Identity(ussd="pin")})
    app = App(clock, strict, sqlite_db, settings, follow)
    made = await a_customer(app)
    await a_bill(app, made.account_id)
    async with open_doors(app, tmp_path, with_pages) as doors:
        yield Page(doors, "page")


async def test_nobody_asks_here_without_signing_in(page: Page) -> None:
    for path in ("/me/ask", "/me/ask?do=pay"):
        answer = await page.doors.client.get(path, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/me/enter")
    for path in ("/me/ask", "/me/picture"):
        answer = await page.doors.client.post(path, data={"answer": "1"}, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/me/enter")


async def test_the_code_that_opened_the_page_is_worth_a_pin_and_a_second_press_pays_once(page: Page) -> None:
    await page.home()
    assert "You owe KES 1,234.50" in page.screen
    await page.go("pay", "Pay")
    await page.choose("Pay all from this phone")
    assert f"from {WANJIKU}" in page.screen
    form = {"csrf": page.csrf, "turn": page.turn, "answer": page.options["Yes"]}
    told = [await (await page.doors.client.post("/me/ask", data=form)).text() for _ in range(3)]
    assert all("approve KES 1,234.50" in one and "<script" not in one for one in told)
    assert [row.phone for row in await rows(page.doors.app, attempt)] == [WANJIKU]


async def test_a_form_of_another_site_and_a_link_that_would_act_do_nothing(page: Page) -> None:
    await page.home()
    forged = await page.doors.client.post("/me/ask", data={"csrf": "x" * 64, "turn": "t", "answer": "1"})
    assert forged.status == 403
    await page.doors.client.get("/me/ask", params={"do": "stop"})
    assert [row.stopped_at for row in await rows(page.doors.app, contact)] == [None]


async def test_a_secret_is_hidden_on_the_page_and_in_the_log(page: Page) -> None:
    await page.home()
    await page.choose("More", "My account", "Set or reset my PIN")
    form = {"csrf": page.csrf, "turn": page.turn, "answer": "1"}
    asked = await (await page.doors.client.post("/me/ask", data=form)).text()
    assert re.search(r'<input id="answer"[^>]* type="password"', asked)


async def test_a_link_in_an_answer_can_be_followed(page: Page) -> None:
    await page.home()
    await page.go("pay")
    await page.choose("Pay all by link")
    form = {"csrf": page.csrf, "turn": page.turn, "answer": page.options["Yes"]}
    told = await (await page.doors.client.post("/me/ask", data=form)).text()
    assert re.search(r'<a href="http://127.0.0.1:8080/p/[\w-]{22}" rel="[^"]*" target="_blank">', told)


@pytest.mark.parametrize(("body", "status"), [(b"MZ\x90 a program", 400), (b"\xff\xd8\xff" + b"x" * 6_000_000, 413)])
async def test_only_a_picture_of_a_bearable_size_is_kept(page: Page, body: bytes, status: int) -> None:
    await page.home()
    form = FormData({"csrf": page.csrf})
    form.add_field("file", io.BytesIO(body), filename="x.jpg")
    assert (await page.doors.client.post("/me/picture", data=form)).status == status
    assert await rows(page.doors.app, media) == []


async def test_a_large_picture_of_hers_is_kept_once(page: Page) -> None:
    await page.home()
    picture = b"\xff\xd8\xff" + b"x" * (files.LARGEST - 3)
    for _ in range(2):
        assert "We have your picture" in await page.picture(picture)
    [kept] = await rows(page.doors.app, media)
    assert (kept.state, kept.type, kept.size) == ("kept", "image/jpeg", files.LARGEST)


async def test_what_was_asked_here_stands_in_the_log_of_her_contact(page: Page) -> None:
    from gateway.conversation.interaction_log import PASSED, LoggedTurn

    passed = page.doors.client.app._state[PASSED] = LoggedTurn(page.doors.app)
    await page.go("balance")
    await passed.flush()
    async with page.doors.app.db.reading() as conn:
        found = await conn.execute(select(interaction.c.channel, interaction.c.direction).distinct())
        assert sorted(tuple(row) for row in found) == [("page", "in"), ("page", "out")]
