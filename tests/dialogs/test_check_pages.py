"""The proofs of pages must fail when what they prove is broken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import paging
from channels.paging import Budget, pages
from channels.transliteration import on_air
from core import text
from core.message import Option, Screen
from dialogs.check_pages import HINTS, check_pages
from dialogs.flows import book_of
from dialogs.model import Menu
from dialogs.screen import screens
from dialogs.session import fresh
from gateway.bootstrap import example_operator
from tests.dialogs.fakes import Counter, a_book
from tests.dialogs.test_engine import talk

WAYS = (Option("0", "Back"), Option("00", "Home"))


@pytest.mark.parametrize("lang", text.LANGUAGES)
@pytest.mark.parametrize("plain", [True, False])
def test_no_page_of_the_phone_is_hollow_has_two_keys_of_one_word_or_costs_a_page_for_a_hint(
    lang: str, plain: bool
) -> None:
    shown = on_air if plain else (lambda screen: screen)
    assert check_pages(book_of(example_operator()), (lang,), lambda screen: pages(shown(screen))) == []


def test_a_hollow_page_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging._Cutter, "_before_the_ways", lambda _self, _start, end: end)
    assert any("page 2 only leads away" in wrong for wrong in check_pages(a_book(), ("en",), pages))


def test_a_word_with_two_keys_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(text.catalogue("en"), "channels.previous", "Back")
    text.override("en", {})
    try:
        assert any("'back' has two keys" in wrong for wrong in check_pages(a_book(), ("en",), pages))
    finally:
        monkeypatch.undo()
        text.override("en", {})


def test_a_hint_that_costs_a_page_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialogs.check_pages.screens", lambda book, s: screens(book, s)[:1])
    assert any("takes another page" in wrong for wrong in check_pages(a_book(), ("en",), pages))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab \n", min_size=1, max_size=400), st.integers(0, 6), st.sampled_from([156, 182, 100]))
def test_whatever_a_screen_says_something_stands_beside_the_ways_out(said: str, choices: int, room: int) -> None:
    options = (*(Option(str(n), f"Choice {n}") for n in range(1, choices + 1)), *WAYS)
    made = pages(Screen(said, options, back="Previous", ways=2), Budget(room, room // 2))
    for page in made[1:]:
        lines = {
            line for line in page.text.split("\n") if not line.endswith((". Back", ". Home", ". More", ". Previous"))
        }
        assert lines or not said.strip(), made


async def test_the_hint_stays_above_the_first_menu_however_full_it_is() -> None:
    for lang in text.LANGUAGES:
        book = book_of(example_operator())
        menu = next(state for state in book.flows["home"].states.values() if isinstance(state, Menu) and state.home)
        assert menu.load is not None
        session = fresh(lang)
        from dialogs.screen import draw

        session.place = book.place("home", "menu")
        session.shown = draw(book, session, menu, menu.load.widest)
        for key in HINTS:
            session.hint = text.say(lang, key)
            laid = [(one, len(pages(on_air(one)))) for one in screens(book, session)]
            fewest = min(count for _, count in laid)
            shown = next(one for one, count in laid if count == fewest)
            assert shown.text.startswith(session.hint), (lang, key)


async def test_a_long_refusal_has_a_screen_of_its_own() -> None:
    why = "We cannot find that any more, and so much is to be said about it that a menu below it would not fit."
    conversation, screen = await talk(Counter(balances={"is": "refused", "why": why}), "1")
    assert (screen.text, [one.label for one in screen.options]) == (why, ["Back", "Home"])
    assert (await conversation.type("0")).text.startswith("Mwangaza Power")
