"""What a customer chose to be spoken to in holds on the bill, its PDF and the pages behind links; `?lang=` holds for one look and what it leads to."""

import html
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pypdf
import pytest

from core.config.operator import Operator
from core.db.engine import Database
from core.payments import mandate_pages, request
from gateway.pages import bill, mandate_link, me, paylink
from tests.gateway.conftest import Serve, World, ops_app
from tests.gateway.open_doors import open_doors
from tests.gateway.pages.test_me import come_in, text_of
from tests.gateway.talking import HOOKS

WORDS = {
    "en": ("Save as PDF", "Account", "Questions? Call", "Continue"),
    "fr": ("Enregistrer en PDF", "Compte", "Des questions", "Continuer"),
    "sw": ("Hifadhi kama PDF", "Akaunti", "Maswali? Piga", "Endelea"),
}  # fmt: skip
"""Of the bill's page, of its PDF, of the paylink and of the invitation."""


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.fixture
def operator(operator: Operator) -> Operator:
    return operator.model_copy(update={"languages": ("en", "sw", "fr")})


@dataclass
class Links:
    """The addresses that somebody has in their messages."""

    world: World
    paths: list[str]

    async def read(self, lang: str, query: str = "") -> list[str]:
        """Every page, each in this language, frame and all."""
        seen = []
        for path, words in zip(self.paths, WORDS[lang], strict=True):
            answer = await self.world.client.get(path + query)
            body = await answer.read()
            sheets = pypdf.PdfReader(io.BytesIO(body)).pages if path.endswith(".pdf") else []
            seen.append("".join(one.extract_text() for one in sheets) or body.decode())
            assert words in seen[-1], (path, lang, seen[-1][-900:])
            assert sheets or f'<html lang="{lang}">' in seen[-1], path
        return seen


@pytest.fixture
async def links(world: World, aiohttp_client: Serve) -> Links:
    web_app = ops_app(world.app)
    for room in (bill, me, paylink, mandate_link):
        web_app.add_routes(room.routes())
    me.setup(web_app)
    bill.setup(web_app)
    async with world.app.db.writing() as conn:
        link = await request.paylink(conn, world.app, world.nakuru.account_id, key="k")
        invited = await mandate_pages.invite(conn, world.app, world.nakuru.account_id, key="k")
    token = world.nakuru.token
    paths = [f"/b/{token}", f"/b/{token}.pdf", f"/p/{link.token}", f"/d/{invited.rpartition('/')[2]}"]
    return Links(replace(world, client=await aiohttp_client(web_app)), paths)


@pytest.mark.parametrize("lang", ["sw", "fr"])
async def test_what_was_chosen_on_their_pages_holds_behind_every_link(links: Links, lang: str) -> None:
    await links.read("en")
    await come_in(links.world)
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', await text_of(links.world, "/me/settings"))
    assert found is not None
    await text_of(links.world, "/me/settings", csrf=found[1], language=lang, messages="go")
    await links.read(lang)


@pytest.mark.parametrize(("said", "lang"), [("KISWAHILI", "sw"), ("FRANÇAIS", "fr")])
async def test_what_was_chosen_in_a_conversation_holds_behind_every_link(
    links: Links, tmp_path: Path, said: str, lang: str
) -> None:
    await links.read("en")
    async with open_doors(links.world.app, tmp_path) as doors:
        form = {"from": "+254710000017", "id": "m1", "text": said, "to": "40400", "date": "2026-03-10 09:00:00"}
        assert (await doors.client.post(f"{HOOKS}/sms", data=form)).status == 200
    await links.read(lang)


@pytest.mark.parametrize("lang", ["sw", "fr"])
async def test_a_look_in_another_language_leads_to_pages_in_it(links: Links, lang: str) -> None:
    page, _, paid, agreed = await links.read(lang, f"?lang={lang}")
    assert f".pdf?lang={lang}" in page and f"/pay?lang={lang}" in page
    answer = await links.world.client.get(f"{links.paths[0]}/pay?lang={lang}", allow_redirects=False)
    assert answer.headers["Location"].endswith(f"?lang={lang}")
    for path, text in zip(links.paths[2:], (paid, agreed), strict=True):
        assert f'action="{path}?lang={lang}"' in text
    await links.read("en", "?lang=xx")
    await links.read("en")


async def test_a_link_that_leads_nowhere_says_so_in_the_language_that_was_asked_for(links: Links) -> None:
    for path in ("/p/unknown", "/d/unknown"):
        assert "ne mène nulle part" in html.unescape(await text_of(links.world, path + "?lang=fr", 404))
