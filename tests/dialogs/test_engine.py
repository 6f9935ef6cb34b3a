import dataclasses
from typing import Any

import msgspec
import pytest

from core.config.operator import Identity
from core.message import Screen
from dialogs.answers import Identified
from dialogs.book import FlowBook, bind
from dialogs.counter.caller import HereLine
from dialogs.engine import step
from dialogs.events import Answered, Dialled, Need, ScreenReady, Typed
from dialogs.intents import find
from dialogs.model import Effect, Flow, Fork, Go, Menu, QuickLoad
from dialogs.play import Conversation
from dialogs.session import StatePlace, fresh, pack, unpack
from tests.dialogs.fakes import STRANGER, TWO, Counter, a_book


def text_of(screen: Screen) -> str:
    return screen.text


async def talk(counter: Counter, *typed: str, book: FlowBook | None = None) -> tuple[Conversation, Screen]:
    conversation = Conversation(book or a_book(), counter)
    screen = await conversation.dial()
    for one in typed:
        screen = await conversation.type(one)
    return conversation, screen


def test_a_step_changes_nothing_it_was_given() -> None:
    session = fresh("en")
    before = pack(session)
    assert isinstance(step(a_book(), session, Dialled(("1", "2"))), Need)
    assert pack(session) == before


async def test_two_means_what_the_customer_saw_not_what_the_list_says_now() -> None:
    seen = {"rows": [{"value": "A", "until": "Feb", "total": 1}, {"value": "B", "until": "Jan", "total": 2}]}
    now = {"rows": [{"value": "C", "until": "Mar", "total": 3}, *seen["rows"]]}
    counter = Counter(last_bills=[seen, now], bill={"text": "the bill", "owes": False})
    conversation, screen = await talk(counter, "2")
    assert [option.label for option in screen.options][:2] == ["Feb: 1", "Jan: 2"]
    await conversation.type("2")
    assert conversation.session.data["invoice_id"] == "B"


async def test_a_flow_that_changed_since_leads_home_kindly() -> None:
    conversation, _ = await talk(Counter(), "6")
    conversation.session.place = replaced(conversation, version="another")
    screen = await conversation.type("2")
    assert screen.text.startswith("The menu has changed, so here we start again.\nMwangaza Power")


async def test_a_state_that_is_gone_leads_home_kindly() -> None:
    conversation, _ = await talk(Counter(), "6")
    conversation.session.place = replaced(conversation, state="renamed")
    assert "here we start again" in text_of(await conversation.type("1"))


def replaced(conversation: Conversation, **changes: str) -> StatePlace:
    assert conversation.session.place is not None
    return msgspec.structs.replace(conversation.session.place, **changes)


async def test_a_session_of_another_hodi_that_cannot_be_read_is_none() -> None:
    assert unpack(b"\x93\x01\x02\x03") is None
    assert unpack(b"") is None


async def test_a_session_survives_being_stored() -> None:
    conversation, _ = await talk(
        Counter(bill={"text": "x", "owes": True}, last_bills={"rows": [{"value": "A", "until": "", "total": 1}]}),
        "2",
        "1",
    )
    assert unpack(pack(conversation.session)) == conversation.session


async def test_a_pin_reaches_the_effect_that_checks_it_and_no_stored_session() -> None:
    counter = Counter(has_pin={"is": "yes"}, check_pin={"is": "wrong"})
    conversation, screen = await talk(counter, "1", book=a_book(identity=a_policy("pin")))
    assert screen.text == "Please enter your PIN."
    assert screen.secret
    screen = await conversation.type("4711")
    assert counter.heard[-1]["pin"] == "4711"
    assert screen.text == "That PIN is not right. Please try again."
    assert b"4711" not in pack(conversation.session)
    assert conversation.session.hush


def a_policy(ussd: str) -> Identity:
    return Identity.model_validate({"ussd": ussd})


async def test_the_pin_is_asked_once_in_a_conversation_and_then_what_was_wanted_is_shown() -> None:
    counter = Counter(
        has_pin={"is": "yes"},
        check_pin={"proven": True},
        balances={"account": "1", "lines": "nothing", "owes": False},
        last_bills={"rows": []},
    )
    conversation, screen = await talk(counter, "1", "4711", book=a_book(identity=a_policy("pin")))
    assert screen.text == "Account 1\nnothing"
    await conversation.type("0")
    assert (await conversation.type("2")).text == "There is no bill yet."
    assert counter.asked.count("check_pin") == 1


async def test_going_back_does_not_go_back_into_a_guard() -> None:
    counter = Counter(
        caller=TWO,
        accounts={"rows": [{"value": 1, "number": "1", "place": "a"}, {"value": 2, "number": "2", "place": "b"}]},
        balances={"account": "2", "lines": "nothing", "owes": False},
    )
    conversation, screen = await talk(counter, "1")
    assert screen.text == "Which account?"
    await conversation.type("2")
    assert (await conversation.type("0")).text.startswith("Mwangaza Power")


async def test_a_new_call_after_a_dropped_one_asks_for_the_pin_again() -> None:
    bills = {"rows": [{"value": "A", "until": "Feb", "total": 1}]}
    counter = Counter(
        has_pin={"is": "yes"}, check_pin={"proven": True}, last_bills=bills, bill={"text": "the bill", "owes": True}
    )
    conversation, _ = await talk(counter, "2", "4711", "1", book=a_book(identity=a_policy("pin")))
    assert (await conversation.dial()).text == "You were in the middle of something."
    assert (await conversation.type("1")).text == "Please enter your PIN."
    assert (await conversation.type("4711")).text == "the bill"


async def test_who_hung_up_after_hearing_a_balance_is_not_asked_to_continue() -> None:
    counter = Counter(balances={"account": "1", "lines": "nothing", "owes": False})
    conversation, _ = await talk(counter, "1")
    assert (await conversation.dial()).text.startswith("Mwangaza Power")


async def test_a_long_list_shows_six_rows_at_a_time_and_then_the_others() -> None:
    rows = [{"value": n, "number": str(n), "place": ""} for n in range(10)]
    conversation, screen = await talk(Counter(caller=TWO, accounts={"rows": rows}), "1")
    assert [option.key for option in screen.options] == ["1", "2", "3", "4", "5", "6", "9", "0", "00"]
    screen = await conversation.type("9")
    assert [option.label.strip() for option in screen.options][:4] == ["6", "7", "8", "9"]
    screen = await conversation.type("9")
    assert screen.options[0].label.strip() == "0", "and round again"


@pytest.mark.parametrize("typed", ["1.", "(1)", "#1", "balance", " Balance "])
async def test_an_option_may_be_written_loosely(typed: str) -> None:
    counter = Counter(balances={"account": "1", "lines": "nothing", "owes": False})
    _, screen = await talk(counter, typed)
    assert screen.text == "Account 1\nnothing"


@pytest.mark.parametrize("typed", ["1.5", "-1", "1e9", "٨", "½", "", "   ", "\x00", "9" * 399, "{amount}", "%s"])
async def test_strange_answers_are_asked_again(typed: str) -> None:
    _, screen = await talk(Counter(), typed)
    assert screen.text.startswith("Please choose from the list.\nMwangaza Power")


async def test_a_keyword_works_in_the_middle_of_anything() -> None:
    counter = Counter(points={"points": 5, "kwh": False, "airtime": False})
    _, screen = await talk(counter, "6", "POINTS")
    assert screen.text == "You have 5 points."


async def test_stop_is_taken_at_its_word_even_where_a_question_waits_but_a_word_of_a_name_is_not() -> None:
    counter = Counter(caller=STRANGER, stop={})
    conversation, _ = await talk(counter, "2")
    screen = await conversation.type("Bill")
    assert screen.text.startswith("Where would you like to be connected?")
    screen = await conversation.type("stop")
    assert screen.ends
    assert counter.asked[-1] == "stop"


async def test_an_effect_that_is_down_is_told_with_somebody_to_call() -> None:
    counter = Counter(caller=STRANGER, register_interest={"is": "down"})
    _, screen = await talk(counter, "2", "Amina", "Kisumu", "1")
    assert screen.text.startswith("We could not do that just now.")
    assert "+254800000000" in screen.text


async def test_a_load_that_is_refused_is_told_at_home() -> None:
    counter = Counter(balances={"is": "refused", "why": "We cannot find that any more."})
    _, screen = await talk(counter, "1")
    assert screen.text.startswith("We cannot find that any more.\nMwangaza Power")


async def test_a_turn_that_would_run_for_ever_is_stopped() -> None:
    def judge(_data: Any, _facts: Any) -> str:
        return "on"

    async def nobody(*_given: Any) -> Identified:
        return Identified()

    circle = Flow("home", "a", {"a": Fork({"on": "b"}, judge=judge), "b": Fork({"on": "a"}, judge=judge)})
    book = bind([circle], QuickLoad(nobody, Identified()), Effect(nobody, Identified()), a_book().words, find)
    with pytest.raises(RuntimeError, match="more than"):
        await Conversation(
            book, Counter(nobody={"is": "known", "who": {"contact_id": 1, "party_id": 1, "accounts": []}})
        ).dial()


async def test_the_menu_is_by_what_the_customer_has() -> None:
    _, screen = await talk(Counter(caller=STRANGER))
    assert [option.label for option in screen.options] == [
        "Link an account",
        "Become a customer",
        "Report a fault",
        "Language / Lugha",
        "More",
    ]
    _, screen = await talk(Counter(standing={"line": "", "several": True}))
    assert "Other account" in [option.label for option in screen.options]


def test_an_answer_to_nothing_leads_home() -> None:
    said = step(a_book(), fresh("en"), Typed("1"))
    assert isinstance(said, Need)
    said = step(a_book(), said.session, Answered(HereLine("")))
    assert isinstance(said, ScreenReady)
    assert said.session.place is not None
    assert said.session.place.flow == "home"


def test_the_tables_cannot_be_changed_while_they_run() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Menu("a", (Go("b", "c"),)).text = "d"
