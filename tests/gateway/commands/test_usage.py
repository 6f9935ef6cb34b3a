"""`hodi import usage --source`, `hodi usage` and `hodi balance` as a person or a script uses them, on the mobile example."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.gateway.commands.test_cli import hodi, quiet

__all__ = ["quiet"]
CDR = "id,type,calling,called,start,duration,bytes\n1,MOC,07700900001,0711,20260310080000,61,\n2,MTC,x,x,x,x,\n3,MOC,07700900002,0711,20260310080000,5,\nTRAILER,3\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The mobile example with one customer and their line."""
    home = tmp_path / "operator"
    assert hodi("init", str(home), "--example", "mobile")[0] == 0
    monkeypatch.setenv("HODI_OPERATOR", str(home))
    monkeypatch.setenv("HODI_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'hodi.db'}")
    assert hodi("db", "upgrade")[0] == 0
    (tmp_path / "customers.csv").write_text("number,name,commodity,opened_on\n77,Ann,mobile,2026-01-01\n")
    (tmp_path / "meters.csv").write_text("serial,account,kind\n+447700900001,77,line\n")
    for kind in ("customers", "meters"):
        assert hodi("import", kind, str(tmp_path / f"{kind}.csv"))[0] == 0
    return tmp_path


def test_a_switchs_file_is_read_by_its_source_and_what_was_wrong_is_taken_again(folder: Path) -> None:
    path = folder / "CDR_7.csv"
    path.write_text(CDR)
    status, told = hodi("import", "usage", str(path), "--source", "switch")
    assert status == 1
    assert "1 accepted, 0 there already, 1 rejected, 1 not usage." in told
    assert "Nobody has the line +447700900002" in (folder / "CDR_7.rejects.csv").read_text()
    (folder / "more.csv").write_text("serial,account,kind,installed_on\n+447700900002,77,line,2026-01-01\n")
    assert hodi("import", "meters", str(folder / "more.csv"))[0] == 0
    assert hodi("usage", "recycle", "--source", "switch")[1] == "1 tried: 1 taken, 0 there already, 0 still rejected.\n"
    status, told = hodi("usage", "files", "--json")
    [file] = json.loads(told)["files"]
    assert (file["rows"], file["accepted"], file["recycled"], file["rejected"], file["filtered"]) == (3, 1, 1, 0, 1)
    assert (file["sequence"], file["declared"], file["problem"]) == (7, 3, None)
    assert "CDR_7.csv" in hodi("usage", "files")[1]
    assert hodi("db", "verify")[0] == 0


def test_a_folder_is_fetched_and_gaps_are_told(folder: Path) -> None:
    source = folder / "operator" / "usage" / "switch.yaml"
    source.write_text(source.read_text() + f"folder: {folder}\nquiet_seconds: 0\n")
    (folder / "CDR_7.csv").write_text(CDR)
    (folder / "CDR_9.csv").write_text(CDR)
    assert "switch: CDR_7.csv: 1 accepted, 1 rejected." in hodi("usage", "fetch")[1]
    assert json.loads(hodi("usage", "files", "--json")[1])["missing"] == ["switch: number 8 is missing"]
    assert hodi("usage", "fetch", "nobody")[0] == 1
    status, told = hodi("usage", "gaps", "--from", "2026-03-01", "--to", "2026-04-01")
    assert (status, told) == (0, "2026-03-29 has 23 hours.\n0 days are not whole.\n")
    assert json.loads(hodi("usage", "gaps", "--from", "2026-03-01", "--to", "2026-04-01", "--json")[1])["gaps"] == []


def test_a_clerk_gives_a_bundle_once_and_sees_what_is_there(folder: Path) -> None:
    for _ in range(2):
        assert hodi("balance", "grant", "77", "1.5", "GB", "--key", "k", "--name", "Sorry", "--use", "data")[0] == 0
    found = json.loads(hodi("balance", "show", "77", "--json")[1])
    assert [(one["name"], one["free"]) for one in found] == [
        ("Welcome data", "500 MB"),
        ("Welcome texts", "20"),
        ("Sorry", "1.5 GB"),
    ]
    assert "Welcome data" in hodi("balance", "show", "77")[1]
    for wrong in (("78", "1", "GB"), ("77", "x", "GB"), ("77", "1", "furlong"), ("77", "0.001", "GBP")):
        assert hodi("balance", "grant", *wrong, "--key", "w")[0] == 1


def test_what_fell_due_for_live_uses_and_was_not_there_is_shown(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "hodi.db")) as db:
        db.execute(
            "INSERT INTO live_period (id, service_id, from_date, closes_on, state, charged_minor, owed_minor) "
            "SELECT 1, id, '2026-03-01', '2026-04-01', 'closed', 250, 250 FROM service"
        )
        db.commit()
    assert "GBP 2.50 fell due for live uses and was not there." in hodi("balance", "show", "77")[1].replace("£", "GBP ")


def test_a_bundle_is_shared_with_another_account_and_every_movement_is_told(folder: Path) -> None:
    (folder / "more.csv").write_text("number,name,commodity,opened_on\n78,Ben,mobile,2026-01-01\n")
    assert hodi("import", "customers", str(folder / "more.csv"))[0] == 0
    assert hodi("balance", "grant", "77", "1.5", "GB", "--key", "k", "--name", "Family", "--use", "data")[0] == 0
    buckets = json.loads(hodi("balance", "show", "77", "--json")[1])
    family = next(one["id"] for one in buckets if one["name"] == "Family")
    assert "Family" not in hodi("balance", "show", "78")[1]
    for _ in range(2):
        assert hodi("balance", "share", family, "78")[0] == 0
    assert "Family" in hodi("balance", "show", "78")[1]
    told = hodi("balance", "movements", "77")[1]
    assert [words in told for words in ("Family", "1.5 GB", "gift", family)] == [True] * 4
    assert "Family" not in hodi("balance", "movements", "78")[1], "what moved on a bundle stands with whose it is"
    assert hodi("balance", "share", family, "no-such")[0] == 1
    assert hodi("balance", "share", "12", "78")[0] == 1
