"""`hodi import payments` and `settlements`: whoever parted the columns and wrote the days, each payment counts once, and what contradicts
what is known is refused with both."""

import sqlite3
from pathlib import Path

import pytest

from tests.gateway.commands.banking import an_operator, taken, two_customers
from tests.gateway.commands.test_cli import hodi, quiet

__all__ = ["quiet"]
HEAD = "txn,account,amount,date\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    an_operator(tmp_path, monkeypatch)
    two_customers(tmp_path)
    return tmp_path


def file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "file.csv"
    path.write_bytes(text.encode(encoding))
    return path


def credited(folder: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "hodi.db") as db:
        query = (
            "SELECT a.number, r.amount_minor FROM receipt r LEFT JOIN account a ON a.id = r.account_id ORDER BY r.id"
        )
        return list(db.execute(query))


def refused(kind: str, path: Path, *more: str) -> str:
    status, told = hodi("import", kind, str(path), *more)
    assert status == 1, told
    return " ".join(told.split())


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_whatever_parts_the_columns_and_whatever_the_letters(folder: Path, sign: str, encoding: str) -> None:
    text = f"{HEAD.strip()},payer\nAG-4,100001,49.90,2026-11-03,MÜLLER\n".replace(",", sign)
    assert "1 payments of agent new" in taken("payments", file(folder, text, encoding))
    assert credited(folder) == [("100001", 4_990)]


@pytest.mark.parametrize(("said", "dates"), [
    ("02/11/2026", "dd/mm/yyyy"), ("02.11.2026", "dd.mm.yyyy"), ("11/02/2026", "mm/dd/yyyy"), ("46328", "excel"), ("2-11-26", "%d-%m-%y"),
    ("02/11/2026 13:30", "dd/mm/yyyy hh:mm"),
])  # fmt: skip
def test_a_day_is_read_as_the_file_writes_it_and_never_guessed(folder: Path, said: str, dates: str) -> None:
    path = file(folder, f"{HEAD}AG-5,100001,10.00,{said}\n")
    told = refused("payments", path)
    assert "0 payments of agent new" in told and ("--dates" in told or "is no day" in told)
    assert credited(folder) == []
    taken("payments", path, "--dates", dates)
    with sqlite3.connect(folder / "hodi.db") as db:
        [(at,)] = db.execute("SELECT received_at FROM receipt")
    assert str(at).startswith("2026-11-01 23:00"), "midnight in Berlin"


def test_an_agents_numbers_may_begin_anew_each_day(folder: Path) -> None:
    days = [f"{HEAD}1,100001,40.00,2026-11-03\n", f"{HEAD}1,100002,60.00,2026-11-04\n"]
    for text in (*days, *days, *reversed(days)):
        taken("payments", file(folder, text))
    assert credited(folder) == [("100001", 4_000), ("100002", 6_000)]
    assert "0 payments of agent new, 1 there already" in taken("payments", file(folder, days[1]))


@pytest.mark.parametrize(
    "again", ["1,100001,41.00,2026-11-03", "1,100002,40.00,2026-11-03", "1,100001,40.00,2026-11-04"]
)
@pytest.mark.parametrize("together", [False, True])
def test_a_known_number_with_other_content_is_refused_with_both(folder: Path, again: str, together: bool) -> None:
    first = f"{HEAD}1,100001,40.00,2026-11-03\n"
    if not together:
        taken("payments", file(folder, first))
    told = refused("payments", file(folder, f"{first if together else HEAD}{again}\n2,100002,5.00,2026-11-03\n"))
    assert "1 is there with other content: 40.00 EUR of 2026-11-03 for 100001" in told
    assert credited(folder) == [("100001", 4_000), ("100002", 500)]


def test_columns_are_named_and_filled_as_elsewhere(folder: Path) -> None:
    text = "Beleg;Kunde;Betrag\n7;100001;12.50\n"
    path = file(folder, text)
    options = (
        "--column",
        "txn=Beleg",
        "--column",
        "account=Kunde",
        "--column",
        "amount=Betrag",
        "--fill",
        "date=2026-11-03",
    )
    taken("payments", path, *options)
    assert credited(folder) == [("100001", 1_250)]
    assert hodi("import", "payments", str(path), *options, "--fill", "methdo=cash")[0] == 1
    assert hodi("import", "payments", str(path), *options, "--column", "payer=Zahler")[0] == 1


REPORT = "id;txn;amount;fee;date\nL1;T1;100.00;1.00;2026-11-03\n"


def test_a_line_of_a_report_that_says_something_else_now_is_refused_with_both(folder: Path) -> None:
    more = ("--fill", "provider=stripe")
    assert "1 lines of stripe new, 0 there already" in taken("settlements", file(folder, REPORT), *more)
    assert "0 lines of stripe new, 1 there already" in taken("settlements", file(folder, REPORT), *more)
    assert "0 lines of stripe new, 1 there already" in taken(
        "settlements", file(folder, REPORT), *more, "--fill", "payout=PO1"
    )
    told = refused("settlements", file(folder, REPORT.replace("100.00", "90.00")), *more)
    assert "0 there already" in told and "with other content" in told and "100.00" in told and "90.00" in told
    with sqlite3.connect(folder / "hodi.db") as db:
        assert list(db.execute("SELECT gross_minor, payout FROM provider_line")) == [(10_000, "PO1")]


def test_equal_lines_without_a_number_are_counted_and_fees_too(folder: Path) -> None:
    text = "txn,amount,date\nT1,10.00,2026-11-03\nT1,10.00,2026-11-03\n"
    more = ("--fill", "provider=stripe")
    assert "2 lines of stripe new" in taken("settlements", file(folder, text), *more)
    assert "0 lines of stripe new, 2 there already" in taken("settlements", file(folder, text), *more)
    head = "resources.type,resources.created_at,gross_amount,gocardless_fees,app_fees,net_amount,currency,payouts.id,payments.id\n"
    fee = "fee,2026-11-03T09:00:00Z,0,0,0,-2.00,EUR,PO1,\n"
    for new in (2, 0):
        assert f"{new} lines of gocardless new" in taken(
            "settlements", file(folder, head + fee + fee), "--fill", "provider=gocardless"
        )
    assert "0 lines of gocardless new" in taken(
        "settlements", file(folder, (head + fee + fee).replace(",", ";")), "--fill", "provider=gocardless"
    )
