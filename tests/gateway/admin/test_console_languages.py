"""A clerk reads the console in the language they chose: on every page of a house where everything waits or went wrong, no text of ours is
left in English, and every state, kind and role has a word."""

import re
from html.parser import HTMLParser

import pytest

from core.db.engine import Database
from core.text import CONSOLE, catalogue
from gateway.pages import page as pages_of
from gateway.pages.tongue import words
from tests.gateway.admin.console import signed_in
from tests.gateway.admin.test_crawl import Crawl, crawl
from tests.gateway.admin.test_words_on_pages import made_worse, pages
from tests.gateway.conftest import World

__all__ = ["crawl"]
LANGUAGES = tuple(lang for lang in CONSOLE if lang != "en")


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    """The pages are the subject here."""
    return sqlite_db


class Texts(HTMLParser):
    """Each text of ours on a page by itself, as somebody reads it or has it read out; what is quoted is somebody else's."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.quoted += tag == "blockquote"
        self.read += [value or "" for name, value in attrs if name in ("placeholder", "aria-label", "title")]

    def handle_endtag(self, tag: str) -> None:
        self.quoted -= tag == "blockquote"

    def handle_data(self, data: str) -> None:
        if not self.quoted:
            self.read.append(data)


def texts_of(page: str) -> set[str]:
    """Every text of a page, without the blanks around it."""
    reader = Texts()
    reader.feed(page)
    return {" ".join(text.split()).strip(":,.; ") for text in reader.read} - {""}


def english(lang: str) -> dict[str, str]:
    """What is said otherwise in `lang`: the console's own texts, and the words of states and reasons."""
    own = {key: forms[0] for key, forms in words(lang).texts.items()}
    rooms = {text: catalogue(lang)[key] for key, text in catalogue("en").items() if key.startswith(("word.", "why."))}
    every = {**{key: said for key, said in rooms.items() if "{" not in key}, **own}
    theirs = {*own.values(), *rooms.values()}
    return {key.strip(":,.; "): said for key, said in every.items() if key != said and key not in theirs}


def test_what_is_left_in_english_is_seen() -> None:
    said = english("fr")
    left = {
        text
        for text in texts_of('<main><h1>Comptes</h1><p>Nobody is late.</p><i aria-label="Pages"></i></main>')
        if text in said
    }
    assert left == {"Nobody is late"}


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_no_page_shows_a_text_of_ours_in_english(
    crawl: Crawl, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made_worse(crawl)
    nameless, word = set[str](), pages_of.word

    def asked(name: str, chosen: str) -> str:
        if re.fullmatch(r"[a-z_ ]+", name) and f"word.{name.replace(' ', '_')}" not in catalogue("en"):
            nameless.add(name)
        return word(name, chosen)

    monkeypatch.setattr(pages_of, "word", asked)
    seen, left, said = 0, set[str](), english(lang)
    for path in await pages(crawl):
        for seat in (crawl.seat, crawl.whole):
            status, text = await seat.get(f"{path}?lang={lang}")
            if status == 200 and "<html" in text:
                seen += 1
                assert f'<html lang="{lang}">' in text, path
                left |= {f"{path}: {one}" for one in texts_of(text) if one in said}
    assert seen > 60, "the pages did not open"
    assert (sorted(left), sorted(nameless)) == ([], []), "left in English, and without a word"


async def test_a_question_what_was_done_and_what_is_wrong_are_said_as_the_clerk_reads(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    await browser.get("/console/cash?lang=fr")
    refused = await browser.post("/console/cash", 400, do="open", amount="twelve")
    assert "Ouvrir ma caisse" in refused, "the form stands where it stood"
    assert "Votre caisse est ouverte." in await browser.post("/console/cash", do="open", amount="50")
    form = {"csrf": browser.csrf, "do": "receipt", "account": "10000017", "amount": "300", "key": "k"}
    asked = await (await browser.client.post("/console/cash", data=form)).text()
    for words_of_it in ("Encaisser cette somme ?", "Comparez le nom.", "Espèces reçues", "avant le "):
        assert words_of_it in asked, words_of_it
    lost = await browser.get("/console/tickets?page=x", 404)
    assert "Cette page n'existe pas." in lost.replace("&#39;", "'")


async def test_the_console_speaks_as_the_browser_asks_until_somebody_chooses(world: World) -> None:
    asks = {"Accept-Language": "vi-VN,vi;q=0.9,en;q=0.5"}
    page = await (await world.client.get("/console/login", headers=asks)).text()
    assert '<html lang="vi">' in page and "Mật khẩu" in page
    page = await (await world.client.get("/console/login?lang=fr", headers=asks)).text()
    assert '<html lang="fr">' in page and "Mot de passe" in page
    page = await (await world.client.get("/console/login", headers={"Accept-Language": "nl"})).text()
    assert '<html lang="en">' in page, "the console has no Dutch"
