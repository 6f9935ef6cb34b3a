"""The proofs must fail when what they prove is broken: every test here breaks one thing."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.paging import pages
from channels.transliteration import on_air
from core import text
from core.message import Screen
from dialogs.answers import DONE, Answer, ListAnswer, ListRow
from dialogs.book import STICKY, bind
from dialogs.check import check
from dialogs.check_answers import kept_by
from dialogs.flows import FLOWS, book_of
from dialogs.flows import home as homes
from dialogs.intents import WORDS, find
from dialogs.model import Act, Ask, Do, Effect, Flow, Fork, Go, Load, Menu, Pick, Say
from dialogs.number_slots import NUMBER_SLOTS
from gateway.bootstrap import example_operator
from tests.dialogs.fakes import OPERATOR, a_book

LANGUAGES = ("en", "sw")


def on_ussd(screen: Screen) -> int:
    return len(pages(screen))


class Numbered(Answer, frozen=True):
    account: str = "1"


async def nothing(*_given: Any) -> Answer:
    return DONE


async def numbered(*_given: Any) -> Numbered:
    return Numbered()


def broken(flow: str, **states: Any) -> list[str]:
    """What the checks say when some states of a flow are replaced or added."""
    flows = [replace(one, states={**one.states, **states}) if one.name == flow else one for one in FLOWS]
    return problems(flows)


def problems(flows: list[Flow]) -> list[str]:
    return check(bind(flows, homes.CALLER, homes.MEET, a_book().words, find, WORDS), LANGUAGES, on_ussd)


def test_every_flow_of_the_house_is_proved_in_every_language() -> None:
    assert check(a_book(), LANGUAGES, on_ussd) == []


def test_a_target_that_does_not_exist_is_found() -> None:
    assert "help.told: talk.yes leads to nowhere, which does not exist" in broken(
        "help", told=Say("help.told", choices=(Go("talk.yes", to="nowhere"),))
    )


def test_a_state_that_nothing_leads_to_is_found() -> None:
    assert "help.lonely: nothing leads here" in broken("help", lonely=Say("help.told"))


def test_a_circle_that_nobody_is_shown_is_found() -> None:
    def judge(_data: Any, _facts: Any) -> str:
        return "on"

    found = broken("help", told=Fork({"on": "next"}, judge=judge), next=Fork({"on": "told"}, judge=judge))
    assert found == [
        "help.next: leads in a circle that nobody is shown",
        "help.told: leads in a circle that nobody is shown",
    ]


def test_a_word_that_is_not_translated_is_found() -> None:
    assert broken("help", told=Say("help.never_said")) == [
        "help.told: help.never_said is not said in en",
        "help.told: help.never_said is not said in sw",
    ]


def test_an_outcome_that_leads_nowhere_is_found() -> None:
    effect = Effect(nothing, DONE, ("done", "pending"))
    do = Do("talk.yes", run=effect, done="told", refused="told", down="told")
    assert "help.told: nothing may come out 'pending', and that leads nowhere" in broken(
        "help", told=Menu("help.told", (do,), pages=2)
    )


def test_an_effect_that_costs_money_without_a_yes_is_found() -> None:
    act = Act(Effect(nothing, DONE, risk="money"), {"done": "told", "refused": "told", "down": "told"})
    found = broken("help", told=Say("help.told", (Go("talk.yes", to="act"),), pages=2), act=act)
    assert found == ["help.act: nothing (money) runs without the customer's yes"]


def test_a_secret_that_does_not_go_straight_to_its_effect_is_found() -> None:
    def parse(*_given: Any) -> dict[str, Any]:
        return {}

    found = broken(
        "help", told=Ask("help.told", parse, to="more", secret=True, pages=2), more=Say("help.told", pages=2)
    )
    assert found == ["help.told: a secret must go straight to the effect that checks it"]


def test_a_screen_beyond_its_pages_is_found() -> None:
    tickets = next(flow for flow in FLOWS if flow.name == "tickets")
    long_list = replace(tickets.states["list"], pages=1)
    assert broken("tickets", list=long_list) == [
        "tickets.list (en): 3 pages, more than the 1 it may have",
        "tickets.list (sw): 3 pages, more than the 1 it may have",
    ]


def test_a_menu_of_more_than_seven_is_found() -> None:
    choices = tuple(
        Go(key, to="home")
        for key in (
            "home.balance",
            "home.bill",
            "home.pay",
            "home.fault",
            "home.rewards",
            "home.account",
            "home.more",
            "home.help",
        )
    )
    found = broken("help", told=Say("help.told", choices, pages=4))
    assert "help.told (en): 8 items, more than 7" in found


def test_a_field_that_nobody_fills_is_found() -> None:
    load = Load(numbered, Numbered())
    assert "balance.show (en): nobody gives it lines" in broken(
        "balance", show=Say("balance.show", load=load, choices=(Go("ahead.ask", to="ahead"),), pages=2)
    )


def test_a_name_that_is_both_a_state_and_a_flow_is_found() -> None:
    found = broken("help", pay=Say("help.told", pages=2))
    assert "help.pay: a flow has the same name, so that a target pay could mean either" in found


def test_two_flows_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two flows"):
        problems([*FLOWS, FLOWS[0]])


def test_a_guard_that_leads_on_to_nothing_is_found() -> None:
    flows = [replace(one, guards=("help",)) if one.name == "rewards" else one for one in FLOWS]
    assert "rewards: its guard help is no flow that leads on to what was wanted" in problems(flows)


def test_every_flow_holds_in_all_six_languages_on_the_smallest_screen() -> None:
    """In plain letters, as the example operator has it: Vietnamese with accents would need twice the pages."""
    assert check(book_of(example_operator()), text.LANGUAGES, lambda screen: len(pages(on_air(screen)))) == []


def test_frequent_tasks_are_within_three_turns() -> None:
    """From the first menu: balance and bill one answer, a push three, a fault three (tests/gateway/test_flows.py plays them)."""
    labels = [choice.label for choice in FLOWS[0].states["menu"].choices]
    assert labels[:5] == ["home.balance", "home.bill", "home.pay", "home.fault", "home.rewards"]


def test_a_pick_of_nothing_leads_somewhere() -> None:
    for flow in FLOWS:
        for state in flow.states.values():
            assert not isinstance(state, Pick) or state.none


def test_dialogs_read_no_clock_and_know_no_channel() -> None:
    for path in Path("dialogs").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in ("channels", "gateway", "scheduler", "time"), path


def test_every_load_and_effect_says_its_answer_in_its_type() -> None:
    for path in Path("dialogs/counter").glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
                assert not {"Any", "dict"} & {word.id for word in ast.walk(node.args) if isinstance(word, ast.Name)}
                assert node.returns is not None and "dict" not in ast.unparse(node.returns), (path, node.name)


def test_a_state_named_like_a_place_that_only_the_session_knows_is_found() -> None:
    assert "help.the_question: the name is that of a place that only the session knows" in broken(
        "help", the_question=Say("help.told")
    )


def test_an_answer_of_another_class_than_the_table_says_is_found() -> None:
    say = Say("help.told", load=Load(numbered, DONE), pages=2)
    assert broken("help", told=say) == ["help.told: numbered answers Numbered, not Answer"]


def test_what_is_kept_and_is_no_field_of_the_answer_is_found() -> None:
    say = Say("help.told", load=Load(numbered, Numbered()), keep=("account", "balance"), pages=2)
    assert broken("help", told=say) == ["help.told: nobody gives it balance to keep"]


def test_a_choice_that_hangs_on_nothing_is_found() -> None:
    say = Say("help.told", (Go("talk.yes", to="home", when="owing"),), load=Load(numbered, Numbered()), pages=2)
    assert broken("help", told=say) == ["help.told: nobody gives it owing, on which talk.yes hangs"]


def test_a_row_whose_text_names_what_it_has_not_is_found() -> None:
    class Nameless(ListAnswer, frozen=True):
        rows: tuple[ListRow, ...] = (ListRow(1),)

    async def listed(*_given: Any) -> Nameless:
        return Nameless()

    listed.__annotations__["return"] = Nameless
    pick = Pick("help.told", row="choose.row", load=Load(listed, Nameless()), keep_as="x", to="home", none="home")
    assert "help.told (sw): nobody gives it number, place" in broken("help", told=pick)


def test_a_field_that_is_named_in_one_language_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(text.catalogue("sw"), "help.told", "{support} {nobody}")
    text.override("sw", {})
    try:
        with pytest.raises(ValueError, match=r"help\.told \(sw\): nobody gives it nobody"):
            book_of(OPERATOR)
    finally:
        monkeypatch.undo()
        text.override("sw", {})


def test_what_the_counter_reads_of_a_talk_is_kept_by_a_flow() -> None:
    book = a_book()
    kept = {"said", "sent", "named", *NUMBER_SLOTS.values(), "typed_reference", "typed_place", *STICKY}
    kept |= {name for flow in book.flows.values() for name in kept_by(flow)}
    secret = {"pin", "code"}
    for path in Path("dialogs/counter").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = None
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "request.data":
                name = node.slice
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "request.data.get":
                name = node.args[0]
            assert name is None or ast.literal_eval(name) in kept | secret, (path, ast.unparse(node))
