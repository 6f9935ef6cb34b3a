"""What waits, on the command line: parked months, held readings, outages, airtime, words of notices and what messages cost."""

import json
from pathlib import Path

import pytest

from tests.gateway.commands.test_cli import hodi, operator_folder, quiet

__all__ = ["operator_folder", "quiet"]
KEY = "notice.thanks.nothing"


@pytest.fixture
def village(operator_folder: Path) -> Path:
    """Account 1 with a meter read by hand, of which January 2025 is read and February lacks."""
    home = operator_folder.parent
    (home / "customers.csv").write_text("number,name,opened_on,area\n1,Amina,2025-01-01,Kibera\n")
    (home / "meters.csv").write_text("serial,account,kind\nM,1,register\n")
    (home / "readings.csv").write_text("meter,read_on,value\nM,2025-01-01,0\nM,2025-02-01,42\n")
    for kind in ("customers", "meters", "readings"):
        status, told = hodi("import", kind, str(home / f"{kind}.csv"))
        assert status == 0, told
    assert hodi("bill", "--date", "2025-02-01")[0] == 0
    return home


def test_a_parked_month_from_the_preview_to_the_bill(village: Path) -> None:
    status, told = hodi("bill", "--date", "2025-03-01", "--preview")
    assert status == 0
    assert "parked 1, 2025-02-01 to 2025-02-28 (both included)" in told and "no readings of meter M" in told
    [waits] = json.loads(hodi("bill", "--date", "2025-03-01", "--preview", "--json")[1])
    assert (waits["account"], waits["lines"], waits["total"]) == ("1", [], None)
    assert "no readings of meter M" in waits["parked"]
    told = hodi("bill", "--date", "2025-03-01")[1]
    assert "about KES 1,013" in told
    [listed] = json.loads(hodi("parked", "list", "--json")[1])
    assert (listed["account"], listed["from"], listed["about"]) == ("1", "2025-02-01", "1013.41")
    assert "1 months wait" in hodi("parked", "list")[1]
    assert hodi("db", "verify")[0] == 0, "money that nobody asks for is told, and is no fault of the books"
    assert hodi("parked", "again", "1")[0] == 1
    assert hodi("parked", "estimate", "1", "--reason", "no access", "--use", "water=3")[0] == 1
    assert hodi("parked", "estimate", "1", "--reason", "no access", "--use", "energy=40")[0] == 0
    assert json.loads(hodi("bill", "--date", "2025-03-01", "--json")[1])["finalised"] == 1
    assert json.loads(hodi("parked", "list", "--json")[1]) == []


def test_what_came_meanwhile_is_billed_by_the_next_run(village: Path) -> None:
    assert json.loads(hodi("bill", "--date", "2025-03-01", "--json")[1])["finalised"] == 0
    (village / "more.csv").write_text("meter,read_on,value\nM,2025-03-01,80\n")
    assert hodi("import", "readings", str(village / "more.csv"))[0] == 0
    for made in (1, 0):
        assert json.loads(hodi("bill", "--date", "2025-03-01", "--json")[1])["finalised"] == made


def test_to_skip_asks_another_person(village: Path) -> None:
    hodi("bill", "--date", "2025-03-01")
    assert hodi("parked", "skip", "2", "--reason", "x")[0] == 1
    assert hodi("parked", "skip", "1", "--reason", " ")[0] == 1
    assert "Another person has to agree" in hodi("parked", "skip", "1", "--reason", "empty house")[1]
    assert hodi("parked", "skip", "1", "--reason", "again")[0] == 1


def test_held_readings_by_command(village: Path) -> None:
    (village / "more.csv").write_text("meter,read_on,value\nM,2025-03-01,30\n")
    hodi("import", "readings", str(village / "more.csv"))
    [waits] = json.loads(hodi("readings", "held", "--json")[1])
    assert (waits["meter"], waits["value"], waits["state"]) == ("M", "30", "held")
    number = waits["id"]
    assert hodi("readings", "accept", number)[0] == 1, "a whole turn of the dials has to be meant"
    assert hodi("readings", "replace", number, "x", "--reason", "photo")[0] == 1
    assert hodi("readings", "order", number)[0] == 0
    assert hodi("readings", "replace", number, "80", "--reason", "photo")[0] == 0
    assert "0 readings wait" in hodi("readings", "held")[1]
    assert hodi("readings", "accept", number, "--sure")[0] == 1
    assert json.loads(hodi("bill", "--date", "2025-03-01", "--json")[1])["finalised"] == 1


def test_an_outage_by_command(village: Path) -> None:
    assert hodi("outage", "begin", "electricity", "Kibra", "a fallen pole")[0] == 1
    assert hodi("outage", "begin", "love", "Kibera", "a fallen pole")[0] == 1
    assert hodi("outage", "begin", "electricity", "Kibera", "a fallen pole", "--until", "2020-01-01")[0] == 1
    assert hodi("outage", "begin", "electricity", "kibera", "a fallen pole")[0] == 0
    [found] = json.loads(hodi("outage", "list", "--json")[1])
    assert (found["cause"], found["until"]) == ("a fallen pole", None)
    assert hodi("outage", "expect", found["id"], "--until", "2099-01-01T10:00")[0] == 0
    assert "0 tickets solved" in hodi("outage", "end", found["id"])[1]
    assert hodi("outage", "expect", found["id"])[0] == 1
    assert "0 outages" in hodi("outage", "list")[1]


def test_words_are_checked_and_kept_by_command(village: Path) -> None:
    assert hodi("notices", "check", "sw", KEY, "Asante!")[0] == 1
    assert hodi("notices", "check", "sw", KEY, "Asante! {amount} imefika. {operator}")[0] == 0
    assert hodi("notices", "keep", "sw", KEY, "Asante {name}")[0] == 1
    assert hodi("notices", "keep", "sw", KEY, "Asante! {amount} imefika. {operator}")[0] == 0
    rows = {one["key"]: one for one in json.loads(hodi("notices", "list", "sw", "--json")[1])}
    assert rows[KEY]["own"] and rows[KEY]["text"].startswith("Asante! {amount} imefika")
    assert hodi("notices", "keep", "sw", KEY, "")[0] == 0
    assert not {one["key"]: one for one in json.loads(hodi("notices", "list", "sw", "--json")[1])}[KEY]["own"]


def test_costs_and_airtime_where_there_are_none(village: Path) -> None:
    assert "nothing" in hodi("costs")[1] and json.loads(hodi("costs", "--json")[1]) == []
    assert "0 orders without an answer" in hodi("airtime", "list")[1]
    for verb in ("arrived", "failed"):
        assert hodi("airtime", verb, "1")[0] == 1
