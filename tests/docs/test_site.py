"""The docs as a site: it builds strictly and offline, every link inside leads somewhere, and each page stands behind one of three doors."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from tests.docs.pages import DOCS, links, named, pages
from tests.house.sources import ROOT

DOORS = ["Run it", "Use it at the desk", "Change it"]
OWN_LIST = "dialogs/"
"""Pages that their own front page lists; it is drawn with them."""


def built(config: Path, into: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(into)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("site")
    done = built(ROOT / "mkdocs.yml", into)
    assert done.returncode == 0, done.stderr
    return into


class Seen(HTMLParser):
    """What a page fetches, where it leads, and the places in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.fetched.append(given.get("href", ""))
        elif "src" in given:
            self.fetched.append(given["src"])


def seen(site: Path) -> dict[Path, Seen]:
    return {path: Seen(path.read_text("utf-8")) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_link_inside_leads_to_a_page_and_a_place_on_it(site: Path) -> None:
    pages_ = seen(site)
    assert len(pages_) > 60
    lost = []
    for path, page in pages_.items():
        for href in (*page.links, *page.fetched):
            parts = urlsplit(href)
            if parts.scheme or not (parts.path or parts.fragment):
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = there / "index.html" if there.is_dir() else there
            if not there.is_file() or (parts.fragment and unquote(parts.fragment) not in pages_[there].ids):
                lost.append(f"{path.relative_to(site)}: {href}")
    assert lost == []


def test_no_page_fetches_anything_from_anybody(site: Path) -> None:
    strange = [
        f"{path.relative_to(site)}: {href}"
        for path, page in seen(site).items()
        for href in page.fetched
        if urlsplit(href).netloc
    ]
    assert strange == []
    styles = [path for path in site.rglob("*.css") if re.search(r"(url\(|@import)\s*[\"']?https?:", path.read_text())]
    assert styles == []


def test_a_drawn_dialog_is_a_table_with_every_edge_of_its_drawing(site: Path) -> None:
    for source in sorted((DOCS / "dialogs").glob("*.md")):
        drawn = source.read_text("utf-8")
        text = (site / "dialogs" / source.name.replace("README.md", "index.html").replace(".md", ".html")).read_text(
            "utf-8"
        )
        assert "flowchart TD" not in text and "--&gt;" not in text, source.name
        assert text.count("<tr>") >= drawn.count("-->"), source.name
    pay = (site / "dialogs" / "pay.html").read_text("utf-8")
    row = re.search(r"<td>Pay ‹amount› from ‹phone›\?</td>\s*<td>By link instead</td>\s*<td>(.*?)</td>", pay)
    assert row is not None and row[1] == "to link?"


def in_nav(nav: Any, door: str = "") -> Iterator[tuple[str, str]]:
    """(door, page) of the navigation."""
    if isinstance(nav, str):
        yield door, nav
    elif isinstance(nav, list):
        for entry in nav:
            yield from in_nav(entry, door)
    else:
        for title, inner in nav.items():
            yield from in_nav(inner, door or title)


def test_each_page_stands_behind_one_of_three_doors() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    doors = [next(iter(entry)) for entry in nav]
    assert doors == ["Welcome", *DOORS]
    stands = Counter(page for door, page in in_nav(nav) if door in DOORS)
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    listed = {page for page in written if page.startswith(OWN_LIST) and page != f"{OWN_LIST}README.md"}
    assert set(stands) == written - listed - {"index.md"}
    assert [page for page, times in stands.items() if times > 1] == []
    front = (DOCS / OWN_LIST / "README.md").read_text()
    assert {f"{OWN_LIST}{name}" for name in links(front)} == listed


@pytest.mark.parametrize(
    "planted",
    ["[gone](guides/no-such-page.md)", "[gone](why.md#no-such-place)", "![gone](pictures/none.png)"],
    ids=["page", "place", "picture"],
)
def test_a_link_that_leads_nowhere_stops_the_build(tmp_path: Path, planted: str) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    front = tmp_path / "docs" / "index.md"
    front.write_text(f"{front.read_text()}\n{planted}\n")
    done = built(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    assert "index.md" in done.stderr


def test_the_front_pages_of_the_house_lead_somewhere() -> None:
    lost = [
        f"{named(path)}: {link}"
        for path, text in pages()
        for link in links(text)
        if not urlsplit(link).scheme and not (path.parent / urlsplit(link).path).exists()
    ]
    assert lost == []
