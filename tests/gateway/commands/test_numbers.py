"""Amounts and readings in files and on the command line: as `--decimal` says; unsaid, what reads two ways is refused with its row and reason."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from core.approvals.tables import approval
from core.balances.tables import bucket
from core.collections.tables import own_limit
from core.metering.tables import reading
from core.payments.reconcile.tables import provider_line
from core.payments.tables import receipt
from tests.gateway.commands.test_cli import hodi, quiet

__all__ = ["quiet"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house of euros with one customer and a meter that is read by hand."""
    home = tmp_path / "operator"
    assert hodi("init", str(home))[0] == 0
    settings = home / "operator.yaml"
    settings.write_text(settings.read_text().replace("currency: KES", "currency: EUR"))
    for tariff in (home / "tariffs").iterdir():
        tariff.write_text(tariff.read_text().replace("currency: KES", "currency: EUR"))
    monkeypatch.setenv("HODI_OPERATOR", str(home))
    monkeypatch.setenv("HODI_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'hodi.db'}")
    assert hodi("db", "upgrade")[0] == 0
    (tmp_path / "customers.csv").write_text("number,name,opened_on\nA1,Anna,2026-01-01\n")
    (tmp_path / "meters.csv").write_text("serial,account,kind\nM1,A1,register\n")
    for kind in ("customers", "meters"):
        assert hodi("import", kind, str(tmp_path / f"{kind}.csv"))[0] == 0
    return tmp_path


def rows(table: Table) -> Sequence[Any]:
    from gateway.bootstrap import open_house

    async def read() -> Sequence[Any]:
        app = await open_house()
        try:
            async with app.db.reading() as conn:
                return (await conn.execute(select(table))).all()
        finally:
            await app.db.close()

    return asyncio.run(read())


AMOUNTS = {
    None: {
        "12.50": 12_50, "1,250.50": 1_250_50, "1250": 1_250_00, "1 250": 1_250_00, "EUR 7": 7_00, "12,50": None, "1,250": None, "1.250": None,
        "1.250,50": None, "1e3": None, "1_000": None, "1,,5": None, "KES 5": None, "": None,
    },
    "comma": {
        "12,50": 12_50, "1,25": 1_25, "1.250": 1_250_00, "1.250,50": 1_250_50, "€ 13,50": 13_50, "12.50": None, "1,250.50": None, "1e3": None,
        "1_000": None, "1,,5": None,
    },
    "point": {
        "12.50": 12_50, "1,250": 1_250_00, "1,250.50": 1_250_50, "12,50": None, "1.250,50": None, "1e3": None, "1_000": None, "1,,5": None,
    },
}  # fmt: skip
"""How the file writes -> what stands in it -> cents; None: refused."""


def taken(decimal: str | None) -> list[int]:
    return sorted(minor for minor in AMOUNTS[decimal].values() if minor is not None)


def refused(decimal: str | None) -> set[int]:
    return {row for row, minor in enumerate(AMOUNTS[decimal].values(), 2) if minor is None}


def said(decimal: str | None) -> list[str]:
    return ["--decimal", decimal] if decimal else []


@pytest.mark.parametrize("decimal", AMOUNTS)
def test_payments_of_a_file_are_taken_as_it_says_it_writes(folder: Path, decimal: str | None) -> None:
    file = folder / "payments.csv"
    lines = [f'T{at},A1,"{text}",2026-02-01' for at, text in enumerate(AMOUNTS[decimal])]
    file.write_text("\n".join(["txn,account,amount,date", *lines]))
    status, told = hodi("import", "payments", str(file), *said(decimal))
    assert sorted(row.amount_minor for row in rows(receipt)) == taken(decimal)
    assert (status, {int(row) for row in re.findall(r"row (\d+): ", told)}) == (1, refused(decimal))
    assert re.search(r"row \d+: 1(,250|2,50|2.50) ", told) is not None


@pytest.mark.parametrize("decimal", AMOUNTS)
def test_settlements_are_taken_as_they_say_they_write(folder: Path, decimal: str | None) -> None:
    file = folder / "report.csv"
    lines = [f'T{at},"{text}","{text}",2026-02-01' for at, text in enumerate(AMOUNTS[decimal])]
    file.write_text("\n".join(["txn,amount,fee,date", *lines]))
    status, told = hodi("import", "settlements", str(file), "--fill", "provider=stripe", *said(decimal))
    found = rows(provider_line)
    assert sorted(row.gross_minor for row in found) == sorted(row.fee_minor for row in found) == taken(decimal)
    assert (status, {int(row) for row in re.findall(r"row (\d+): ", told)}) == (1, refused(decimal))


def test_a_file_of_semicolons_is_one_of_commas_in_its_numbers(folder: Path) -> None:
    file = folder / "export.csv"
    file.write_text("txn;account;amount;date\nT1;A1;1.250,50;2026-02-01\n")
    assert hodi("import", "payments", str(file), "--decimal", "comma")[0] == 0
    file.write_text("txn;amount;fee;date\nT1;12,50;0,50;2026-02-01\n")
    assert hodi("import", "settlements", str(file), "--fill", "provider=stripe", "--decimal", "comma")[0] == 0
    assert [row.amount_minor for row in rows(receipt)] == [1_250_50]
    assert [(row.gross_minor, row.fee_minor) for row in rows(provider_line)] == [(12_50, 50)]


def test_a_providers_own_format_is_read_as_it_says_it_writes(folder: Path) -> None:
    file = folder / "mpesa.csv"
    head = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn\n"
    file.write_text(f'{head}R1,2026-02-01 10:00:00,Pay Bill,Completed,"1.200,50",\n')
    assert hodi("import", "settlements", str(file), "--fill", "provider=daraja")[0] == 1
    assert hodi("import", "settlements", str(file), "--fill", "provider=daraja", "--decimal", "comma")[0] == 0
    file.write_text(f'{head}R2,2026-02-01 10:00:00,Pay Bill,Completed,"1,200.50",\n')
    assert hodi("import", "settlements", str(file), "--fill", "provider=daraja")[0] == 0
    assert [row.gross_minor for row in rows(provider_line)] == [1_200_50, 1_200_50]


READINGS = {
    None: {"12345": 12_345_000_000, "12 346": 12_346_000_000, "12347.5": 12_347_500_000, "12,345": None, "1e3": None, "1_000": None, "-5": None},
    "comma": {"12.345": 12_345_000_000, "12.346,5": 12_346_500_000, "12347,5": 12_347_500_000, "1e3": None, "12.34": None},
    "point": {"12,345": 12_345_000_000, "12,346.5": 12_346_500_000, "1,5": None, "12,3456": None},
}  # fmt: skip


@pytest.mark.parametrize("decimal", READINGS)
def test_readings_of_a_file_are_taken_as_it_says_it_writes(folder: Path, decimal: str | None) -> None:
    file = folder / "readings.csv"
    lines = [f'M1,2026-02-{at:02},"{text}"' for at, text in enumerate(READINGS[decimal], 1)]
    file.write_text("\n".join(["meter,read_on,value", *lines]))
    assert hodi("import", "readings", str(file), *said(decimal))[0] == 1
    found = sorted(row.value_micro for row in rows(reading))
    assert found == sorted(micro for micro in READINGS[decimal].values() if micro is not None)


@pytest.mark.parametrize("typed", ["1,5", "1e3", "1_000"])
def test_a_multiplier_is_not_guessed(folder: Path, typed: str) -> None:
    file = folder / "more.csv"
    file.write_text(f'serial,account,kind,multiplier,beside\nM2,A1,register,"{typed}",yes\n')
    assert hodi("import", "meters", str(file))[0] == 1
    assert hodi("import", "meters", str(file), "--decimal", "comma")[0] == (0 if typed == "1,5" else 1)


FEW = [
    ("12,50", None, None),
    ("1,250", None, None),
    ("1e3", None, None),
    ("12,50", "comma", 12_50),
    ("12.50", None, 12_50),
]


@pytest.mark.parametrize(("typed", "decimal", "minor"), FEW)
def test_a_gift_is_what_the_command_says(folder: Path, typed: str, decimal: str | None, minor: int | None) -> None:
    status, _ = hodi("balance", "grant", "A1", typed, "EUR", "--key", "g1", *said(decimal))
    assert [row.amount for row in rows(bucket)] == ([] if minor is None else [minor])
    assert status == (1 if minor is None else 0)


@pytest.mark.parametrize("typed", ["1,5", "1e3", "1_000"])
def test_a_bundle_is_not_guessed(folder: Path, typed: str) -> None:
    assert hodi("balance", "grant", "A1", typed, "GB", "--key", "g1")[0] == 1
    assert rows(bucket) == []


def test_a_bundle_with_a_comma_is_taken_where_the_command_says_so(folder: Path) -> None:
    assert hodi("balance", "grant", "A1", "1,5", "GB", "--key", "g1", "--decimal", "comma")[0] == 0
    assert [row.amount for row in rows(bucket)] == [1_500_000_000]


@pytest.mark.parametrize(("typed", "decimal", "minor"), FEW)
def test_a_limit_is_what_the_command_says(folder: Path, typed: str, decimal: str | None, minor: int | None) -> None:
    """It waits for another person: what they will agree to is the amount as a machine writes it."""
    status, _ = hodi("collections", "limit", "A1", typed, "--reason", "a good payer", *said(decimal))
    waiting = [row.payload["limit"] for row in rows(approval)] + [row.limit_minor for row in rows(own_limit)]
    assert waiting in ([[]] if minor is None else [["12.50"], [minor]])
    assert status == (1 if minor is None else 0)


def test_a_word_that_is_no_mark_is_refused(folder: Path) -> None:
    file = folder / "payments.csv"
    file.write_text("txn,account,amount,date\nT1,A1,5,2026-02-01\n")
    assert hodi("import", "payments", str(file), "--decimal", "dot")[0] == 1
    assert hodi("import", "statement", str(file), "--decimal", "comma")[0] == 1
    assert hodi("import", "usage", str(file), "--decimal", "dot")[0] == 1
    assert rows(receipt) == []
