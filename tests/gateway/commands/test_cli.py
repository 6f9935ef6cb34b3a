"""The `hodi` command as a script or a person uses it: what it prints, its exit status, and the sentence when it cannot be done."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from gateway.cli import app as commands
from tests.house.sources import ROOT

KENYA = ROOT / "examples" / "tariffs" / "kenya-domestic.yaml"
ASKED = '{"period": {"from": "2023-07-01", "to": "2023-08-01"}, "usage": [{"meter": "energy", "quantity": "42"}]}'


def hodi(*words: str, stdin: str | None = None) -> tuple[int, str]:
    """(exit status, standard output)."""
    result = CliRunner().invoke(commands, list(words), input=stdin)
    return result.exit_code, result.stdout


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What a command did to the logs of this process is undone."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def operator_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator just laid down, its database upgraded, named by the environment."""
    folder = tmp_path / "operator"
    assert hodi("init", str(folder))[0] == 0
    monkeypatch.setenv("HODI_OPERATOR", str(folder))
    monkeypatch.setenv("HODI_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'hodi.db'}")
    assert hodi("db", "upgrade")[0] == 0
    return folder


def test_a_quote_of_the_published_kenyan_tariff() -> None:
    """
    42 kWh, July 2023, no earlier months: the second band
    42 x 16.54 = 694.68, 42 x 4.00 = 168.00, 42 x 1.73 = 72.66, 42 x 0.23 = 9.66, 42 x 0.08 = 3.36, 42 x 0.015 = 0.63
    REP 5 % of 694.68 = 34.73, VAT 16 % of 862.68 = 138.03, to the shilling + 0.25
    """
    status, text = hodi("quote", "--tariff", str(KENYA), "--usage", "-", "--json", stdin=ASKED)
    answer = json.loads(text)
    assert (status, answer["currency"], answer["total"]) == (0, "KES", "1122.00")
    assert [(line["code"], line["amount"]) for line in answer["lines"]] == [
        ("consumption", "694.68"),
        ("fuel_cost", "168.00"),
        ("forex", "72.66"),
        ("inflation", "9.66"),
        ("epra", "3.36"),
        ("wra", "0.63"),
        ("rep", "34.73"),
        ("vat", "138.03"),
        ("rounding", "0.25"),
    ]


@pytest.mark.parametrize("quantity", ["-1", "NaN", "1e99", "twelve"])
def test_a_wrong_quantity_is_refused_and_never_priced(quantity: str) -> None:
    status, text = hodi("quote", "--tariff", str(KENYA), "--usage", "-", stdin=ASKED.replace("42", quantity))
    assert (status, text) == (1, "")


def test_a_bill_day_of_31_closes_on_the_last_day_of_short_months_and_comes_back() -> None:
    status, text = hodi("cycles", "--day", "31", "--from", "2026-01-31", "--to", "2026-04-30", "--json")
    assert status == 0
    assert json.loads(text) == [
        {"from": "2026-01-31", "to": "2026-02-28", "fraction": "1"},
        {"from": "2026-02-28", "to": "2026-03-31", "fraction": "1"},
        {"from": "2026-03-31", "to": "2026-04-30", "fraction": "1"},
    ]


def test_a_short_first_period_says_which_part_of_a_month_it_is() -> None:
    _, text = hodi("cycles", "--day", "1", "--from", "2026-02-20", "--to", "2026-03-01", "--json")
    assert json.loads(text) == [{"from": "2026-02-20", "to": "2026-03-01", "fraction": "9/28"}]


def test_init_lays_down_a_folder_once(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert hodi("init", str(folder), "--example", "water")[0] == 0
    assert (folder / "operator.yaml").is_file()
    assert [path.name for path in (folder / "tariffs").iterdir()] == ["water-per-person.yaml"]
    assert hodi("init", str(folder))[0] == 1


@pytest.mark.parametrize("example", ["electricity", "water", "mobile"])
def test_every_example_operator_can_be_read_and_its_tariff_found(example: str, tmp_path: Path) -> None:
    from core.catalog.compile import load_tariff
    from core.config.operator import read_operator

    hodi("init", str(tmp_path / example), "--example", example)
    operator = read_operator(tmp_path / example)
    [path] = (tmp_path / example / "tariffs").iterdir()
    tariff = load_tariff(path)
    assert (tariff.code, tariff.currency) == (operator.default_tariff, operator.currency)


def test_a_mistake_in_the_operators_file_is_told_with_its_line(operator_folder: Path) -> None:
    path = operator_folder / "operator.yaml"
    path.write_text(path.read_text().replace("currency: KES", "currency: SHILLING"))
    result = CliRunner().invoke(commands, ["db", "verify"])
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if text.startswith("currency"))
    assert result.exit_code == 1
    assert f"line {line}" in result.stderr


def test_from_a_csv_of_customers_to_verified_bills(operator_folder: Path, tmp_path: Path) -> None:
    customers = tmp_path / "customers.csv"
    customers.write_text(
        "customerID,name,phone,bill_day,opened_on\n"
        "A1,Amina Odhiambo,0700 000001,1,2026-01-01\n"
        "A2,Baraka Mwangi,not a phone,1,2026-01-01\n"
    )
    meters = tmp_path / "meters.csv"
    meters.write_text("serial,account,kind\nM1,A1,register\n")
    readings = tmp_path / "readings.csv"
    readings.write_text("meter,read_on,value\nM1,2026-01-01,100\nM1,2026-02-01,142\n")
    status, text = hodi(
        "import", "customers", str(customers), "--column", "number=customerID", "--fill", "segment=home"
    )
    assert (status, "1 accepted" in text, "1 rejected" in text) == (1, True, True)
    assert hodi("import", "meters", str(meters))[0] == 0
    assert hodi("import", "readings", str(readings))[0] == 0
    status, preview = hodi("bill", "--date", "2026-02-01", "--preview", "--json")
    assert [bill["total"] for bill in json.loads(preview)] == ["1122.00"]
    status, text = hodi("bill", "--date", "2026-02-01", "--json")
    assert (status, json.loads(text)["finalised"], json.loads(text)["total"]) == (0, 1, "1122.00")
    assert json.loads(hodi("bill", "--date", "2026-02-01", "--json")[1])["finalised"] == 0
    assert hodi("db", "verify")[0] == 0


def test_a_backup_is_restored_into_an_empty_database_only(
    operator_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hodi("db", "backup", str(tmp_path / "copy"))[0] == 0
    assert hodi("db", "backup", str(tmp_path / "copy"))[0] == 1
    assert hodi("db", "restore", str(tmp_path / "copy"))[0] == 1
    monkeypatch.setenv("HODI_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
    assert hodi("db", "restore", str(tmp_path / "copy"))[0] == 0
    assert hodi("db", "verify")[0] == 0


def test_a_key_is_shown_once_and_a_wrong_role_is_refused(operator_folder: Path) -> None:
    status, key = hodi("key", "create", "--role", "viewer")
    assert (status, len(key.strip()) > 20) == (0, True)
    assert hodi("key", "create", "--role", "king")[0] == 1


def test_serving_with_a_short_secret_is_refused(operator_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HODI_SECRET_KEY", "short")
    assert hodi("serve")[0] == 1


def test_the_dialogs_hold_and_their_drawings_are_fresh(tmp_path: Path) -> None:
    assert hodi("dialogs", "check")[0] == 0
    hodi("dialogs", "draw", str(tmp_path))
    for page in tmp_path.iterdir():
        assert page.read_text() == (ROOT / "docs" / "dialogs" / page.name).read_text(), "run `hodi dialogs draw`"


def test_the_dialogs_are_played_in_swahili_without_a_database() -> None:
    status, text = hodi("dialogs", "try", "--lang", "sw", stdin="1\n\n")
    assert status == 0
    assert "1. Salio" in text


def test_a_customer_of_the_database_dials_in_the_terminal(operator_folder: Path) -> None:
    status, text = hodi("dialogs", "try", "--phone", "+254711111111", stdin="\n")
    assert (status, "1. " in text) == (0, True)


def test_the_columns_of_a_file_and_what_a_customer_can_do_where_are_told() -> None:
    status, text = hodi("columns", "readings")
    assert (status, "| `read_on` |" in text) == (0, True)
    assert hodi("columns", "dreams")[0] == 1
    assert "| balance | yes |" in hodi("dialogs", "verbs")[1]


def test_the_check_of_a_tariff_says_which_word_is_missing_in_the_languages_of_the_operator(
    operator_folder: Path, tmp_path: Path
) -> None:
    """Kenya has every word; without its own, and without one of ours, the languages are named."""
    result = CliRunner().invoke(commands, ["tariff", "check", str(KENYA)])
    assert (result.exit_code, "no name" in result.output) == (0, False), result.output
    text = (
        KENYA.read_text("utf-8")
        .replace(", fr: Énergie", "")
        .replace("code: forex, name: {en: Foreign", "code: fx, name: {en: Foreign")
    )
    other = tmp_path / "other.yaml"
    other.write_text(text, "utf-8")
    result = CliRunner().invoke(commands, ["tariff", "check", str(other)])
    said = " ".join(result.output.split())
    assert "charge fx: no name in ha, fr, vi, nl." in said
    assert "charge consumption" not in said, "that word we have ourselves"
