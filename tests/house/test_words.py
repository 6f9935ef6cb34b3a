"""Rules 7, 8 and 12: the field's names, nouns for locals, states that are no bare texts, reasons by key, and nobody is *she*."""

from tests.house.held import held
from tests.house.modules import house, parsed
from tests.house.prose import bare_states, given_up, no_nouns, sentences, she
from tests.house.sources import prose


def test_names_that_were_given_up_are_gone() -> None:
    assert held("given_up", given_up(house())) == []


def test_a_local_is_a_noun() -> None:
    assert held("no_nouns", no_nouns(house())) == []


def test_a_state_is_compared_with_a_member() -> None:
    assert held("bare_states", bare_states(house())) == []


def test_no_rule_speaks_english() -> None:
    assert held("sentences", sentences(house())) == []


def test_people_are_people() -> None:
    assert held("she", she(prose())) == []


def test_a_name_of_old_is_found() -> None:
    files = parsed({"core/a/x.py": "from core.db.in_list import among as m", "core/a/heard.py": "class Standing: ..."})
    assert given_up(files) == {"core/a/heard.py: its name": 1, "core/a: Standing": 1, "core/a: among": 1}


def test_a_verb_as_a_local_is_found_wherever_it_is_given() -> None:
    text = "one = 1\ndef pay(rows):\n    found = rows\n    for one, told in rows: ...\n    answer = [one for one in rows]\n"
    assert no_nouns(parsed({"core/a/x.py": text})) == {"core/a": 3}


def test_a_bare_state_is_found() -> None:
    text = 'a.state == "paid"\nrow.kind in ("x", "y")\nt.c.status.in_(["new"])\na.state == State.PAID\na.name == "x"\n'
    assert bare_states(parsed({"core/a/x.py": text})) == {"core/a": 3}


def test_an_english_reason_is_found_in_core_alone() -> None:
    text = 'Refused("no such account")\nOutcome(1, reason=f"shut on {day}")\nRefused("account.unknown")\nx(reason="late")\n'
    assert sentences(parsed({"core/a/x.py": text, "gateway/a/x.py": text})) == {"core/a/x.py": 2}


def test_she_is_found_as_a_word() -> None:
    assert she([("core/a.py", "# She pays; the sheet is hers"), ("docs/b.md", "there, they, Sheila")]) == {"core": 2}
