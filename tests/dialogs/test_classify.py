"""Free text: understood mostly, never taken for STOP, never over a question, and always one step from the menu."""

from pathlib import Path

import pytest

from dialogs import confusion_matrix
from dialogs.classify import classify, plain
from dialogs.clues import CLUES
from tests.dialogs.fakes import Counter, a_book
from tests.dialogs.test_engine import talk

CASES = confusion_matrix.read(Path(__file__).parent / "intents")


@pytest.mark.parametrize("lang", sorted(CASES))
def test_nine_of_ten_messages_reach_their_flow(lang: str) -> None:
    counts = confusion_matrix.counted(CASES[lang], lang, confusion_matrix.first_message)
    assert confusion_matrix.right(counts) * 10 >= counts.total() * 9


@pytest.mark.parametrize("lang", sorted(CASES))
def test_small_talk_is_answered_with_the_menu(lang: str) -> None:
    assert [
        text for text, label in CASES[lang] if label == "none" and confusion_matrix.first_message(text, lang) != "none"
    ] == []


def test_the_published_page_is_fresh() -> None:
    page = Path("docs/intents.md").read_text("utf-8")
    assert page == confusion_matrix.page(CASES, confusion_matrix.first_message), "write it anew: hodi dialogs intents"


def test_every_guess_leads_to_a_flow_that_is_there() -> None:
    flows = a_book().flows
    assert {flow for told in CLUES.values() for flow in told} <= set(flows)


def test_stop_is_never_guessed() -> None:
    for text in ("please stop the leak outside", "stop sending me bills", "I want to start paying"):
        for lang in CLUES:
            found = classify(text, lang)
            assert found is None or found.flow not in ("stop", "start")


def test_a_figure_comes_along_and_two_do_not() -> None:
    found = classify("I want to pay 500", "en")
    assert found is not None
    assert (found.flow, found.keep) == ("pay", {"typed_amount": "500"})
    both = classify("I want to pay 500 or 600", "en")
    assert both is not None
    assert both.keep == {}


def test_accents_are_not_needed() -> None:
    assert plain("Điện bị MẤT ở Đường-số 5") == ["dien", "bi", "mat", "o", "duong", "so", "5"]


async def test_a_wrong_guess_is_one_step_from_the_menu() -> None:
    conversation, screen = await talk(Counter(my_tickets={"rows": []}), "what happened to my complaint")
    assert "You have not reported anything." in screen.text
    screen = await conversation.type("0")
    assert screen.text.startswith("Mwangaza Power")


async def test_nothing_is_guessed_where_a_question_waits() -> None:
    _, screen = await talk(
        Counter(places={"is": "none", "rows": [], "spot": None, "place": ""}, fault_kinds={"electricity": True}),
        "FAULT",
        "I want to pay at the market",
    )
    assert "What is wrong?" in screen.text
