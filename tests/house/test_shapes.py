"""Rules 2, 3 and 11, and the shape of the rooms: facts are taken, libraries have one folder, the formatter wins, nothing goes in a circle."""

import tomllib

from core.journeys.follow import FOLLOW
from tests.house.held import held
from tests.house.modules import house, parsed
from tests.house.shapes import (
    called_back,
    circles,
    dropped,
    fact_kinds,
    libraries,
    lonely_journeys,
    loose,
    skips,
    small,
)
from tests.house.sources import ROOT, sources


def test_every_kind_of_fact_has_a_row() -> None:
    assert fact_kinds(house()) == {kind.__name__ for kind in FOLLOW}


def test_nobody_is_handed_what_follows() -> None:
    assert held("called_back", called_back(house())) == []


def test_nobody_drops_a_fact() -> None:
    assert held("dropped_facts", dropped(house())) == []


def test_a_library_of_an_outside_system_is_imported_in_one_folder() -> None:
    assert held("libraries", libraries(house())) == []


def test_the_formatter_wins() -> None:
    assert held("fmt_skips", skips((*sources(), *sources("tests")))) == []


def test_core_has_no_loose_file_above_the_ground() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    floors = next(one["layers"] for one in contracts if one["name"] == "The floors of core")
    ground = {name.strip() for floor in floors[-2:] for name in floor.replace("|", ":").split(":")}
    assert loose(house(), ground) == []


def test_a_small_file_says_why_it_is_one() -> None:
    assert held("small_files", small(sources("core", "gateway", "channels", "dialogs", "scheduler"))) == []


def test_in_a_journey_two_rooms_meet() -> None:
    assert held("lonely_journeys", lonely_journeys(house())) == []


def test_no_module_imports_itself_by_another() -> None:
    assert held("circles", circles(house(), lazy=False)) == []
    assert held("lazy_circles", circles(house(), lazy=True)) == []


def test_planted_offenders_of_facts_are_found() -> None:
    text = (
        "class Paid(Fact): ...\nclass Answer:\n    facts: Facts\n"
        "async def receive(conn) -> Facts: ...\nasync def take(conn) -> tuple[int, Answer]: ...\n"
        "async def forgets(conn):\n    await receive(conn)\n    await take(conn)\n"
        "async def keeps(conn):\n    return await receive(conn)\n"
        "async def calls(conn, then): ...\n"
        "async def hands(conn, back: Callable[[AsyncConnection, int], Awaitable[None]]): ...\n"
    )
    files = parsed({"core/trade/verb.py": text})
    assert fact_kinds(files) == {"Paid"}
    assert called_back(files) == ["core/trade/verb.py: calls(then)", "core/trade/verb.py: hands(back)"]
    assert dropped(files) == [
        "core/trade/verb.py: forgets drops what receive tells",
        "core/trade/verb.py: forgets drops what take tells",
    ]


def test_a_planted_library_is_found() -> None:
    files = parsed({"core/trade/x.py": "import stripe.error"})
    assert libraries(files) == ["core/trade: stripe"]


def test_a_planted_skip_is_found_and_a_table_is_spared() -> None:
    mark = "# fmt" + ": skip"
    text = f"ROWS = [1,2]  {mark}\ndef pay():\n    return [1,2]  {mark}\n"
    assert skips([("core/a.py", text)]) == {"core/a.py": 1}


def test_planted_shapes_are_found() -> None:
    assert loose(["core/money.py", "core/waves.py", "core/a/b.py"], {"money"}) == ["core/waves.py"]
    assert small([("core/a/b.py", "x = 1\n"), ("core/a/c.py", "x = 1\n" * 20)]) == ["core/a/b.py"]
    files = {
        "core/journeys/alone.py": "from core.care import store\nfrom core.money import show",
        "core/journeys/both.py": "from core.care import store\nfrom core.ledger.post import post",
    }
    assert lonely_journeys(parsed(files)) == ["core/journeys/alone.py"]


def test_a_planted_circle_is_found_at_the_top_and_in_a_function() -> None:
    files = parsed({"core/a.py": "from core.b import x", "core/b.py": "def f():\n    from core.a import y"})
    assert circles(files, lazy=False) == []
    assert circles(files, lazy=True) == ["core.a <-> core.b"]
