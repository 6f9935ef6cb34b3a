"""Every page within its budget, no character lost, every option reachable: for any label, language and page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Page
from channels.limits import EXTENSION, units
from channels.paging import USSD, Budget, pages
from core.message import Option, Screen

ANY = st.text(alphabet=st.characters(codec=None), max_size=300)
GSM = st.text(alphabet=st.sampled_from("abc XYZ019\n.,éÇ" + EXTENSION), max_size=600)
WORDS = st.text(alphabet=st.sampled_from("ab \n"), max_size=900)
LONG = st.one_of(
    GSM, ANY, WORDS, st.integers(150, 170).map(lambda n: "x" * n), st.integers(70, 90).map(lambda n: "ệ" * n)
)
LABELS = st.one_of(
    st.text(max_size=12), GSM, st.just("Lịch sử thanh toán"), st.integers(100, 400).map(lambda n: "w" * n)
)
KEYS = st.lists(
    st.sampled_from(["0", "00", "1", "2", "3", "4", "9", "97", "98", "99", "998"]), unique=True, max_size=11
)
NAMES = st.one_of(st.just("More"), st.just("Xem thêm"), st.text(max_size=80))


@st.composite
def screens(draw: st.DrawFn) -> Screen:
    options = tuple(Option(key, draw(LABELS)) for key in draw(KEYS))
    return Screen(draw(LONG), options, draw(st.booleans()), draw(NAMES), draw(NAMES))


def content(screen: Screen) -> str:
    return "\n".join([screen.text, *(f"{o.key}. {o.label}" for o in screen.options)])


def ways(screen: Screen, page: Page) -> list[str]:
    """The spellings the last lines of a page may have: with their names, or only the key where a name is too long."""
    spelled = [""]
    for key, name in ((page.more, screen.more), (page.back, screen.back)):
        if key is not None:
            lines = [f"{key}. {name}", f"{key}."]
            spelled = [f"{before}\n{line}" for before in spelled for line in lines]
    return spelled


def joined(screen: Screen, made: tuple[Page, ...]) -> str:
    """What a patient customer reads through all pages, the ways out taken away."""
    whole, read = content(screen), ""
    for page in made:
        for end in ways(screen, page):
            if end and not page.text.endswith(end):
                continue
            piece = page.text[: len(page.text) - len(end)]
            fitting = [p for p in (piece + "\n" if end else piece, piece) if whole.startswith(read + p)]
            if fitting:
                read += fitting[0]
                break
        else:
            raise AssertionError((page, read))
    return read


@settings(max_examples=300, deadline=None)
@given(screens(), st.sampled_from([USSD, Budget(60, 40), Budget(182, 80), Budget(140, 70)]))
def test_every_page_fits_nothing_is_lost_and_every_option_is_reachable(screen: Screen, budget: Budget) -> None:
    made = pages(screen, budget)
    for page in made:
        encoding, total = units(page.text)
        assert total <= (budget.gsm7 if encoding == "gsm7" else budget.ucs2)
    assert joined(screen, made) == content(screen)
    assert {key for page in made for key in page.keys} == {option.key for option in screen.options}


@settings(max_examples=200, deadline=None)
@given(screens())
def test_the_ways_between_pages_never_collide_with_the_screen_s_own_keys(screen: Screen) -> None:
    own = {option.key for option in screen.options}
    made = pages(screen)
    for number, page in enumerate(made):
        last = number == len(made) - 1
        assert (page.more is None) == last
        assert (page.back is None) == (number == 0 or (last and screen.ends))
        assert not {page.more, page.back} & own
        assert page.more is None or page.more != page.back


def test_a_short_screen_is_one_page_with_its_options_below_its_words() -> None:
    screen = Screen("Choose", (Option("1", "Balance"), Option("2", "Bill")))
    assert pages(screen) == (Page("Choose\n1. Balance\n2. Bill", ("1", "2")),)


def test_options_are_kept_whole_where_a_line_fits() -> None:
    options = tuple(Option(str(n), f"Stima ya nyumba namba {n}") for n in range(1, 10))
    made = pages(Screen("Choose an account", options))
    assert len(made) == 2
    for page in made:
        for key in page.keys:
            assert f"{key}. Stima ya nyumba namba {key}\n" in page.text + "\n"


def test_words_are_kept_whole_where_there_are_blanks() -> None:
    for page in pages(Screen("kilowatt " * 60))[:-1]:
        assert page.text.split("\n")[0].endswith("kilowatt ")


def test_a_word_longer_than_a_page_is_split_and_not_cut() -> None:
    made = pages(Screen("k" * 400))
    assert "".join(page.text.split("\n")[0] for page in made) == "k" * 400


def test_a_curly_quote_on_one_page_does_not_shrink_the_others() -> None:
    made = pages(Screen("a" * 140 + " " + "b" * 100 + " ’ " + "c" * 20))
    assert units(made[0].text)[0] == "gsm7"
    assert units(made[0].text)[1] > 80


@pytest.mark.parametrize(
    ("label", "text", "count"),
    [
        ("exactly full", "x" * 156, 1),
        ("one too many", "x" * 157, 2),
        ("full of extension characters", "€" * 78, 1),
        ("one extension character too many", "€" * 79, 2),
        ("full of UCS-2", "ệ" * 80, 1),
        ("one UCS-2 character too many", "ệ" * 81, 2),
        ("full of emoji", "😀" * 40, 1),
        ("one emoji too many", "😀" * 41, 2),
        ("nothing", "", 1),
    ],
)
def test_the_budget_is_counted_in_units(label: str, text: str, count: int) -> None:
    assert len(pages(Screen(text))) == count, label


def test_a_letter_keeps_its_accent_and_an_emoji_its_parts() -> None:
    for text in ("e\u0301" * 200, "👩\u200d🔧" * 60, "👍🏽" * 60):
        for page in pages(Screen(text))[:-1]:
            piece = page.text.split("\n")[0]
            assert text.startswith(piece[-2:]) or piece[-1] in "\u0301🔧🏽"


def test_the_own_names_of_a_language_are_used_for_the_ways_out() -> None:
    made = pages(Screen("neno " * 60, more="Zaidi", back="Nyuma"))
    assert made[0].text.endswith("\n98. Zaidi")
    assert made[1].text.endswith("\n98. Zaidi\n0. Nyuma") or made[1].text.endswith("\n0. Nyuma")


def test_a_screen_with_its_own_home_key_gets_another_way_back() -> None:
    made = pages(Screen("word " * 60, (Option("0", "Home"), Option("98", "Odd"))))
    assert (made[0].more, made[1].back) == ("99", "97")
