"""The lists of offenders themselves: nothing joins, and what is mended leaves."""

from tests.house.held import LISTS, complaints, shrunk

LIST = '# a rule\n"core/a.py: writes b" = "issue 12"\n"core/b" = 7\n'


def test_a_new_offender_and_a_greater_number_are_complained_of() -> None:
    assert complaints(LIST, {"core/a.py: writes b": 1, "core/b": 7}) == []
    assert complaints(LIST, {"core/a.py: writes b": 1, "core/b": 8}) == ["core/b: 8, 7 were allowed"]
    assert complaints(LIST, {"core/a.py: writes b": 1, "core/b": 7, "core/c": 1}) == ["core/c: new, mend it"]


def test_what_is_mended_leaves_the_list() -> None:
    assert complaints(LIST, {"core/b": 5}) == [
        "core/b: 5 by now, write the smaller number on the list",
        "core/a.py: writes b: no offender any more, take it off the list",
    ]
    assert shrunk(LIST, {"core/b": 5, "core/c": 2}) == '# a rule\n"core/b" = 5\n'


def test_an_entry_says_why_it_stands() -> None:
    assert complaints('"core/a.py" = " "\n', ["core/a.py"]) == ["core/a.py: say why it stands"]


def test_every_list_belongs_to_a_rule() -> None:
    texts = [path.read_text("utf-8") for path in LISTS.parent.glob("test_*.py")]
    assert [
        path.stem for path in LISTS.glob("*.toml") if not any(f'held("{path.stem}"' in text for text in texts)
    ] == []
