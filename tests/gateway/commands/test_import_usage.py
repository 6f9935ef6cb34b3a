"""`hodi import usage` with files as others write them: by their own names, their own clock, their own units; what is doubtful is refused."""

import sqlite3
from pathlib import Path

import pytest

from tests.gateway.commands.banking import an_operator, taken
from tests.gateway.commands.test_cli import hodi, quiet

__all__ = ["quiet"]
HDF = ("--column", "meter=Meter Serial Number", "--column", "end=Read Date and End Time", "--column", "kw=Read Value",
       "--fill", "minutes=30", "--dates", "dd-mm-yyyy HH:MM")  # fmt: skip
HDF_HEAD = "MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time\r\n"
SOURCE = """
source: hdf
format: csv
csv:
  columns: {meter: Meter Serial Number, end: Read Date and End Time, kw: Read Value, register: Read Type}
  registers: {"Active Import Interval (kW)": E1, "Active Export Interval (kW)": B1}
  dates: dd-mm-yyyy HH:MM
  minutes: 30
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Dublin, with the half-hourly meter M1 since January."""
    home = an_operator(tmp_path, monkeypatch, country="IE", zone="Europe/Dublin")
    (home / "usage").mkdir()
    (home / "usage" / "hdf.yaml").write_text(SOURCE)
    a_meter(tmp_path)
    return tmp_path


def a_meter(folder: Path, *, opened: str = "2026-01-01", bill_day: int = 1, serial: str = "M1") -> None:
    (folder / "customers.csv").write_text(f"number,name,opened_on,bill_day\n100001,Anna,{opened},{bill_day}\n")
    (folder / "meters.csv").write_text(f"serial,account\n{serial},100001\n")
    for kind in ("customers", "meters"):
        taken(kind, folder / f"{kind}.csv")


def kept(folder: Path) -> list[tuple[object, ...]]:
    """(register, day, interval, micro-units) of what counts."""
    with sqlite3.connect(folder / "hodi.db") as db:
        return list(
            db.execute("SELECT register, day, at, quantity_micro FROM usage ORDER BY register, day, at, revision")
        )


def by_day(folder: Path, register: str = "") -> dict[str, tuple[int, int]]:
    """Day -> (intervals, micro-units)."""
    with sqlite3.connect(folder / "hodi.db") as db:
        rows = db.execute(
            "SELECT day, readings, quantity_micro FROM usage_day WHERE register = ? ORDER BY day", (register,)
        )
        return {day: (count, quantity) for day, count, quantity in rows}


def written(folder: Path, text: str, name: str = "usage.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_whatever_parts_the_columns_and_whatever_the_letters(folder: Path, sign: str, encoding: str) -> None:
    text = "meter,start,kwh,Straße\nM1,2026-01-05T00:30,0.25,Grün\n".replace(",", sign)
    assert "1 accepted" in taken("usage", written(folder, text, encoding=encoding))
    assert kept(folder) == [("", "2026-01-05", 1, 250_000)]


def test_columns_of_other_names_and_one_value_for_all_rows(folder: Path) -> None:
    path = written(folder, "begin;Verbrauch\n2026-01-05T00:00;0.25\n")
    more = (
        "--column",
        "start=begin",
        "--column",
        "kwh=Verbrauch",
        "--fill",
        "meter=M1",
        "--fill",
        "register=E1",
        "--fill",
        "quality=E",
    )
    taken("usage", path, *more)
    assert kept(folder) == [("E1", "2026-01-05", 0, 250_000)]
    assert "1 accepted" in taken("usage", path, *more), "the very same file, the very same answer"
    status, _ = hodi("import", "usage", str(path), "--column", "start=begin", "--fill", "meter=M1")
    assert status == 1 and kept(folder) == [("E1", "2026-01-05", 0, 250_000)]


def test_a_spreadsheets_decimals_are_read_once_that_is_said(folder: Path) -> None:
    """Unsaid, what a comma means is nobody's guess; the rejects of that file are no verdict on the one that says it."""
    path = written(
        folder, "meter;start;kwh\nM1;2026-01-05T00:00;0,25\nM1;2026-01-05T00:30;1.000,5\nM1;2026-01-05T01:00;1,250\n"
    )
    assert hodi("import", "usage", str(path))[0] == 1 and kept(folder) == []
    taken("usage", path, "--decimal", "comma")
    values = [("", "2026-01-05", 0, 250_000), ("", "2026-01-05", 1, 1_000_500_000), ("", "2026-01-05", 2, 1_250_000)]
    assert kept(folder) == values
    bad = written(folder, "meter;start;kwh\nM1;2026-01-06T00:00;0.25\nM1;2026-01-06T00:30;1e3\n", "bad.csv")
    status, told = hodi("import", "usage", str(bad), "--decimal", "comma")
    assert status == 1 and "0 accepted, 0 there already, 2 rejected" in told and kept(folder) == values


def test_power_with_a_comma_is_read_by_its_source(folder: Path) -> None:
    source = SOURCE + "  decimal: comma\n"
    (folder / "operator" / "usage" / "hdf.yaml").write_text(source)
    rows = '1,M1,"0,5",Active Import Interval (kW),11-01-2026 00:00\r\n'
    taken("usage", written(folder, HDF_HEAD + rows), "--source", "hdf")
    assert kept(folder) == [("E1", "2026-01-10", 47, 250_000)]


def test_a_file_refused_by_a_wrong_mapping_is_read_by_the_right_one(folder: Path) -> None:
    path = written(folder, "ean,begin,kWh\nM1,05-01-2026 00:00,0.25\n")
    names = ("--column", "meter=ean", "--column", "start=begin")
    assert hodi("import", "usage", str(path), *names)[0] == 1
    assert "1 accepted" in taken("usage", path, *names, "--dates", "dd-mm-yyyy HH:MM")
    rejects = path.with_name("usage.rejects.csv")
    assert rejects.read_text().splitlines()[0] == "row,reason,ean,begin,kWh"
    assert "0 accepted, 1 there already" in taken("usage", rejects, *names, "--dates", "dd-mm-yyyy HH:MM")


def test_ends_in_kilowatts_with_days_of_their_own_are_read_once_that_is_said(folder: Path) -> None:
    rows = "1,M1,0.5,Active Import Interval (kW),11-01-2026 00:00\r\n1,M1,1.5,Active Import Interval (kW),10-01-2026 23:30\r\n"
    taken("usage", written(folder, HDF_HEAD + rows), *HDF)
    assert kept(folder) == [("", "2026-01-10", 46, 750_000), ("", "2026-01-10", 47, 250_000)]


def test_what_was_fed_in_is_not_taken_for_what_was_used(folder: Path) -> None:
    rows = "1,M1,0.5,Active Import Interval (kW),11-01-2026 00:00\r\n1,M1,0.2,Active Export Interval (kW),11-01-2026 00:00\r\n"
    status, told = hodi("import", "usage", str(written(folder, HDF_HEAD + rows)), *HDF)
    assert status == 1 and "1 accepted, 0 there already, 1 rejected" in told
    assert kept(folder) == [("", "2026-01-10", 47, 250_000)]


def test_a_source_says_it_once_for_all_and_knows_what_was_fed_in(folder: Path) -> None:
    rows = "1,M1,0.5,Active Import Interval (kW),11-01-2026 00:00\r\n1,M1,0.2,Active Export Interval (kW),11-01-2026 00:00\r\n"
    taken("usage", written(folder, HDF_HEAD + rows), "--source", "hdf")
    assert kept(folder) == [("B1", "2026-01-10", 47, 100_000), ("E1", "2026-01-10", 47, 250_000)]
    status, _ = hodi(
        "import", "usage", str(written(folder, HDF_HEAD + rows.replace("Import", "Other"), "b.csv")), "--source", "hdf"
    )
    assert status == 1 and "is no register that the mapping names" in (folder / "b.rejects.csv").read_text()


def test_what_was_rejected_is_read_again_by_the_same_mapping(folder: Path) -> None:
    rows = "1,M2,0.5,Active Import Interval (kW),11-01-2026 00:00\r\n"
    assert hodi("import", "usage", str(written(folder, HDF_HEAD + rows)), "--source", "hdf")[0] == 1
    assert hodi("import", "usage", str(written(folder, (HDF_HEAD + rows).replace(",", ";"), "b.csv")), *HDF)[0] == 1
    (folder / "meters.csv").write_text("serial\tinstalled_on\nM2\t01.01.2026\n")
    taken("meters", folder / "meters.csv", "--dates", "dd.mm.yyyy")
    assert hodi("usage", "recycle")[1] == "2 tried: 1 taken, 1 there already, 0 still rejected.\n"
    assert [row[1:] for row in kept(folder)] == [("2026-01-10", 47, 250_000)], (
        "with and without its register it is one interval"
    )


def test_a_reading_that_supersedes_another_is_told_apart_from_a_new_one(folder: Path) -> None:
    taken("usage", written(folder, "meter,start,kwh\nM1,2026-01-05T00:00,1\n"))
    assert "1 supersede what was there" in taken("usage", written(folder, "meter,start,kwh\nM1,2026-01-05T00:00,2\n"))


@pytest.mark.parametrize("sign", [";", "\t"])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_customers_too_come_in_any_letters(folder: Path, sign: str, encoding: str) -> None:
    text = "number,name,opened_on\n7,Jörg Müller,31.01.2026\n".replace(",", sign)
    taken("customers", written(folder, text, encoding=encoding), "--dates", "dd.mm.yyyy")
    with sqlite3.connect(folder / "hodi.db") as db:
        assert ("Jörg Müller",) in list(db.execute("SELECT name FROM party"))
    assert (
        hodi("import", "customers", str(written(folder, text, encoding=encoding)), "--fill", "comodity=water")[0] == 1
    )


@pytest.mark.parametrize(("head", "row", "options", "why"), [
    ("meter,end time,kwh", "M1,2026-01-05T00:30,1", ("--column", "start=end time"), "says that it is the end"),
    ("meter,end,kwh", "M1,2026-01-05T00:30,1", (), "nobody says how long"),
    ("meter,start time,kwh", "M1,2026-01-05T00:30,1", ("--column", "end=start time", "--fill", "minutes=30"), "says that it is the start"),
    ("meter,start,kw", "M1,2026-01-05T00:30,1", (), "nobody says how long"),
    ("meter,start,Value (kW)", "M1,2026-01-05T00:30,1", ("--column", "kwh=Value (kW)"), "which is power"),
    ("meter,start,value", "M1,2026-01-05T00:30,1", (), "there is no column kwh"),
    ("meter,start,kwh", "M1,2026-01-05T00:30,1", ("--column", "strat=start"), "is no column of usage"),
    ("meter,start,kwh", "M1,2026-01-05T00:30,1", ("--fill", "serial=M1"), "cannot be filled"),
    ("meter,start,kwh", "M1,2026-01-05T00:30,1", ("--column", "meter=serial no"), "there is no column serial no"),
    ("meter,start,kwh", "M1,2026-01-05T00:30,1", ("--dates", "yyyy"), "no way to write a day"),
    ("meter,start,kwh", "M1,05-01-2026 00:30,1", (), "is not a date or time"),
    ("meter,start,kwh", "M1,46027.0208333,1", (), "is not a date or time"),
    ("meter,start,kwh,type", "M1,2026-01-05T00:30,1,Active Interval (kW)", (), "is power"),
    ("meter,start,kwh,register", "M1,2026-01-05T00:30,1,Active Export", (), "is no register"),
])  # fmt: skip
def test_what_would_shift_or_double_a_month_is_refused_with_the_reason(
    folder: Path, head: str, row: str, options: tuple[str, ...], why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from typer.testing import CliRunner

    from gateway.cli import app

    done = CliRunner().invoke(app, ["import", "usage", str(written(folder, f"{head}\n{row}\n")), *options])
    assert done.exit_code == 1 and why in " ".join(done.output.split())
    assert kept(folder) == []


def test_a_spreadsheets_numbers_are_days_once_that_is_said(folder: Path) -> None:
    taken("usage", written(folder, "meter,start,kwh\nM1,46027.0208333333,1\nM1,46027,2\n"), "--dates", "excel")
    assert kept(folder) == [("", "2026-01-05", 0, 2_000_000), ("", "2026-01-05", 1, 1_000_000)]


def stamps(first: str, count: int, *, newest_first: bool) -> list[str]:
    """The end labels of so many half-hours of Dublin's clock."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    begin = datetime.fromisoformat(first)
    found = [(begin + timedelta(minutes=30 * at)).astimezone(ZoneInfo("Europe/Dublin")) for at in range(1, count + 1)]
    return [f"{at:%d-%m-%Y %H:%M}" for at in (reversed(found) if newest_first else found)]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(("first", "day", "count"), [
    ("2026-03-28T00:00+00:00", "2026-03-29", 46), ("2025-10-25T00:00+01:00", "2025-10-26", 50),
])  # fmt: skip
def test_days_of_23_and_25_hours_are_whole_whichever_way_the_file_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, day: str, count: int, newest_first: bool
) -> None:
    home = an_operator(tmp_path, monkeypatch, country="IE", zone="Europe/Dublin")
    (home / "usage").mkdir()
    (home / "usage" / "hdf.yaml").write_text(SOURCE)
    a_meter(tmp_path, opened="2025-01-01")
    ends = stamps(first, 48 + count + 48, newest_first=newest_first)
    rows = [
        f"1,M1,{at / 1000:.3f},Active {way} Interval (kW),{end}\r\n"
        for way in ("Import", "Export")
        for at, end in enumerate(reversed(ends) if newest_first else ends)
    ]
    if newest_first:
        half = len(rows) // 2
        rows = [*reversed(rows[:half]), *reversed(rows[half:])]
    taken("usage", written(tmp_path, HDF_HEAD + "".join(rows)), "--source", "hdf")
    for register in ("B1", "E1"):
        days = by_day(tmp_path, register)
        assert [days[on][0] for on in sorted(days)] == [48, count, 48]
        assert days[day] == (count, 500 * sum(range(48, 48 + count)))
    assert [row[3] for row in kept(tmp_path)] == [500 * at for at in range(96 + count)] * 2, "each at its own time"


TIMES = 'times:\n  - {code: peak, from: "15:00", to: "21:00"}\n  - {code: off}'
PRICE = '{peak: "1.00", off: "0.10"}'


@pytest.mark.parametrize(("zone", "market", "total"), [
    ("Australia/Sydney", 41, "32.00"), ("Australia/Brisbane", 41, "50.00"), ("Australia/Adelaide", 40, "50.00"),
    ("Australia/Perth", 41, "50.00"), ("Australia/Adelaide", 41, "32.00"),
])  # fmt: skip
def test_nem12_days_are_the_markets_and_its_peak_is_the_customers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str, market: int, total: str
) -> None:
    """10 kWh at one half-hour of five market days, the clocks going forward on the fourth.

    Sydney: 20:30 to 21:00 of the market is 20:30 on three days (10 x 1.00) and 21:30 on two (10 x 0.10): 32.00.
    Adelaide is half an hour behind the market, and half an hour ahead in summer.
    """
    an_operator(tmp_path, monkeypatch, country="AU", zone=zone, currency="AUD", times=TIMES, price=PRICE)
    a_meter(tmp_path, opened="2026-10-01", bill_day=6, serial="7000001")
    values = ",".join("10" if at == market else "0" for at in range(48))
    days = "".join(f"300,2026100{day},{values},A,,,20261009010000,\n" for day in range(1, 6))
    extra = f"300,20261006,{','.join(['0'] * 48)},A,,,20261009010000,\n" if zone == "Australia/Adelaide" else ""
    before = f"300,20260930,{','.join(['0'] * 48)},A,,,20261009010000,\n" if zone == "Australia/Adelaide" else ""
    text = f"100,NEM12,202610090900,MDPX,RETX\n200,NMI0000001,E1,E1,E1,,7000001,kWh,30,\n{before}{days}{extra}900\n"
    status, told = hodi("import", "usage", str(written(tmp_path, text, "nem12.csv")))
    if zone != "Australia/Adelaide":
        assert status == 0 and "240 accepted, 0 there already, 0 rejected" in told
    status, told = hodi("bill", "--date", "2026-10-06", "--preview", "--json")
    assert status == 0 and total in told, told
    assert hodi("db", "verify")[0] == 0
