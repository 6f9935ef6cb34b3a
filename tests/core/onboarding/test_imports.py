"""An operator's files: taken in bulk, repeatable, every bad row with its number, its reason and a remedy."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.catalog import store
from core.context import App
from core.errors import BadInput
from core.metering.tables import meter, reading
from core.onboarding import imports, sheet
from core.onboarding.imports import run
from core.onboarding.model import Report
from core.onboarding.sheet import ColumnChoice
from core.parties import queries
from core.parties.tables import account, contact, service_plan
from tests.core.metering.conftest import SAMPLES, Write, write

__all__ = ["write"]
CUSTOMERS = (
    "number,name,phone,language,bill_day,opened_on,area,national_id\n"
    "1001,Amina Wanjiku,0712 345 678,sw,31,2025-01-31,Kawangware,N1\n"
    "1002,Juma Otieno,+254 722 000 111,,,,Karen,\n"
)


async def _import(app: App, kind: str, path: Path, **more: object) -> Report:
    return await run(app, kind, path, **more)


async def _count(app: App, table: object) -> int:
    async with app.db.reading() as conn:
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def test_customers_come_in_with_their_contacts_and_plans(app: App, write: Write) -> None:
    report = await _import(app, "customers", write(CUSTOMERS))
    assert (report.accepted, report.duplicates, report.rejected, report.reject_file) == (2, 0, [], None)
    async with app.db.reading() as conn:
        amina = await queries.account_by_number(conn, "1001")
        assert amina is not None
        assert (amina.name, amina.language, amina.bill_day, amina.opened_on) == (
            "Amina Wanjiku",
            "sw",
            31,
            date(2025, 1, 31),
        )
        assert (await queries.contacts_of(conn, [amina.id]))[amina.id][0].phone == "+254712345678"
        assert set((await conn.execute(select(service_plan.c.tariff))).scalars()) == {"kplc-domestic-ordinary"}


async def test_a_file_may_be_repeated(app: App, write: Write) -> None:
    await _import(app, "customers", write(CUSTOMERS))
    again = await _import(app, "customers", write(CUSTOMERS + "1003,Zawadi,,,,,,\n"))
    assert (again.accepted, again.duplicates, again.rejected) == (1, 2, [])
    assert await _count(app, account) == 3
    assert await _count(app, contact) == 2


async def test_a_row_that_contradicts_what_is_on_file_changes_nothing_and_says_so(app: App, write: Write) -> None:
    await _import(app, "customers", write(CUSTOMERS))
    report = await _import(app, "customers", write(CUSTOMERS.replace("31,2025", "15,2025")))
    [(row, reason)] = report.rejected
    assert row == 2
    assert "Account 1001 is on file with another bill_day" in reason


async def test_the_same_number_twice_in_a_file_is_one_account(app: App, write: Write) -> None:
    text = "number,name\n7,Amina\n7,Amina\n7,Juma\n"
    report = await _import(app, "customers", write(text))
    assert (report.accepted, report.duplicates) == (1, 1)
    assert [row for row, _ in report.rejected] == [4]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,,,,,,,", "The name is blank"),
        (",Amina,,,,,,", "The number is blank"),
        ("1,Amina,12,,,,,", "The phone '12' is not a phone number"),
        ("1,Amina,,fr,,,,", "The language 'fr' is none of: en, sw"),
        ("1,Amina,,,32,,,", "The bill_day '32' is not a whole number from 1 to 31"),
        ("1,Amina,,,,31.1.2025,,", "The opened_on '31.1.2025' is not a date"),
        (f"1,{'A' * 300},,,,,,", "The name is too long"),
        ("1,Am\x00ina,,,,,,", "cannot be seen"),
    ],
)
async def test_a_bad_row_names_its_column_and_a_remedy_and_costs_no_other(
    app: App, write: Write, line: str, reason: str
) -> None:
    head, good = CUSTOMERS.split("\n")[:2]
    report = await _import(app, "customers", write(f"{head}\n{line}\n{good}\n"))
    assert report.accepted == 1
    [(row, said)] = report.rejected
    assert row == 2
    assert reason in said


async def test_the_reject_file_can_be_corrected_and_imported_itself(app: App, write: Write) -> None:
    path = write(CUSTOMERS.replace("0712 345 678", "0712"))
    report = await _import(app, "customers", path)
    assert report.reject_file == path.with_name("file0.rejects.csv")
    text = report.reject_file.read_text("utf-8")
    assert text.splitlines()[1].startswith("2,The phone '0712'")
    report.reject_file.write_text(text.replace(",0712,", ",0712345678,"), "utf-8")
    again = await _import(app, "customers", report.reject_file)
    assert (again.accepted, again.rejected) == (1, [])


async def test_a_tariff_nobody_knows_is_rejected_once_there_are_some(app: App, write: Write) -> None:
    known = (
        "tariff: home\nvalid_from: 2025-01-01\ncurrency: KES\n"
        'charges: [{code: use, type: usage, meter: energy, unit: kWh, model: flat, price: "1"}]\n'
    )
    async with app.db.writing() as conn:
        await store.load(conn, app, store.check(known), by="test")
    report = await _import(app, "customers", write("number,name,tariff\n1,Amina,home\n2,Juma,hoem\n"))
    assert report.accepted == 1
    assert "'hoem' is not known" in report.rejected[0][1]


async def test_a_head_that_does_not_fit_says_how(app: App, write: Write) -> None:
    with pytest.raises(BadInput, match=r"no column 'name'. Is it 'nmae'\?"):
        await _import(app, "customers", write("number,nmae\n1,A\n"))
    with pytest.raises(BadInput, match="the column 'fone' is not known"):
        await _import(app, "customers", write("number,name,fone\n1,A,2\n"))
    with pytest.raises(BadInput, match=r"nothing that can be imported\. Choose one of: customers, meters"):
        await _import(app, "cats", write("x\n"))
    with pytest.raises(BadInput, match="no such file"):
        await _import(app, "customers", Path("nowhere.csv"))


async def test_semicolons_and_a_byte_order_mark_are_read_as_spreadsheets_save_them(app: App, write: Write) -> None:
    report = await _import(app, "customers", write("\ufeffNumber; Name\n1;Wanjiku, Amina\n"))
    assert report.accepted == 1


async def test_meters_are_hung_at_the_service_of_their_account(app: App, write: Write) -> None:
    await _import(app, "customers", write(CUSTOMERS))
    text = (
        "serial,account,kind,interval_minutes,multiplier,unit\n"
        "M1,1001,,15,,\nM2,1002,register,,0.5,\nM3,,,,,\nM4,9,,,,\nM5,1001,,7,,\nM6,1001,,,x,\nM7,1001,,,,cups\n"
    )
    report = await _import(app, "meters", write(text))
    assert report.accepted == 3
    assert [(row, reason.split(".")[0]) for row, reason in report.rejected] == [
        (5, "Account 9 is not known"),
        (6, "Intervals of 7 minutes do not fill a day"),
        (7, "The multiplier 'x' is not a number above 0"),
        (8, "The unit 'cups' is none of: kWh, kVArh, kVAh, m3, MB, s"),
    ]
    async with app.db.reading() as conn:
        rows = (await conn.execute(select(meter).order_by(meter.c.serial))).all()
        assert [(row.interval_minutes, row.multiplier_micro) for row in rows] == [
            (15, 1_000_000),
            (None, 500_000),
            (30, 1_000_000),
        ]
        assert rows[0].installed_on == date(2025, 1, 31), "from the first day of the service"
        assert rows[2].service_id is None, "in store"
    assert (await _import(app, "meters", write(text))).duplicates == 3
    moved = await _import(app, "meters", write("serial,account\nM1,1002\n"))
    assert "Meter M1 is on file at another service" in moved.rejected[0][1]


async def test_readings_are_judged_and_doubtful_ones_held(app: App, write: Write) -> None:
    await _import(app, "customers", write(CUSTOMERS))
    await _import(app, "meters", write("serial,account,kind\nM1,1001,register\n"))
    text = "meter,read_on,value\nM1,2025-02-01,100\nM1,2025-03-01,130.5\nM1,2025-04-01,90\nM1,2025-05-01,x\nM9,2025-05-01,1\n"
    report = await _import(app, "readings", write(text))
    assert (report.accepted, [row for row, _ in report.held], [row for row, _ in report.rejected]) == (3, [4], [5, 6])
    again = await _import(app, "readings", write(text))
    assert (again.accepted, again.duplicates) == (0, 3)
    assert await _count(app, reading) == 3


async def test_usage_of_either_kind_is_recognised_and_its_rejects_can_be_imported_later(app: App, write: Write) -> None:
    await _import(app, "customers", write(CUSTOMERS))
    path = write("meter,start,kWh\nM1,2025-02-01T00:00,1\nM1,2025-02-01T00:30,2\n")
    report = await _import(app, "usage", path)
    assert (report.accepted, [row for row, _ in report.rejected]) == (0, [2, 3])
    await _import(app, "meters", write("serial,account\nM1,1001\n"))
    assert report.reject_file is not None
    assert (await _import(app, "usage", report.reject_file)).accepted == 2
    day = "300,20250202," + ",".join(["1"] * 48) + ",A,,,20250203000000,"
    nem12 = await _import(app, "usage", write(f"100,NEM12,1,a,b\n200,N,E1,,E1,,M1,kWh,30,\n{day}\n900\n"))
    assert nem12.accepted == 48


async def test_chunks_that_were_taken_stay_when_a_later_one_is_killed(
    app: App, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "CHUNK", 1)

    def dying(_place: str) -> None:
        raise KeyboardInterrupt

    path = write(CUSTOMERS)
    with monkeypatch.context() as patched:
        patched.setattr(imports.failpoints, "point", dying)
        with pytest.raises(KeyboardInterrupt):
            await _import(app, "customers", path)
    report = await _import(app, "customers", path)
    assert (report.accepted, report.duplicates) == (1, 1)


async def test_progress_is_told_in_bytes(app: App, write: Write) -> None:
    told: list[tuple[int, int]] = []
    path = write(CUSTOMERS)
    await _import(app, "customers", path, progress=lambda done, size: told.append((done, size)))
    assert told[-1] == (path.stat().st_size, path.stat().st_size)


TELCO = (
    "customerID,gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,OnlineSecurity,"
    "OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,PaymentMethod,"
    "MonthlyCharges,TotalCharges,Churn\n"
    "1000-AAAAA,Female,0,Yes,No,1,No,No phone service,DSL,No,Yes,No,No,No,No,Month-to-month,Yes,Electronic check,29.8,29.8,No\n"
    "1001-BBBBB,Male,0,No,No,34,Yes,No,DSL,Yes,No,Yes,No,No,No,One year,No,Mailed check,56.9,1889.5,No\n"
    "1002-CCCCC,Male,1,No,No,0,Yes,Yes,Fiber optic,No,No,No,No,Yes,Yes,Two year,Yes,Bank transfer (automatic),90.2, ,No\n"
)
"""Made up, in the columns of the set that IBM publishes (a new customer has a blank in place of a total)."""
BY_THEIR_NAMES = ColumnChoice(
    names={"number": "customerID", "name": "customerID", "segment": "Contract"},
    fill={"commodity": "internet", "tariff": "fibre"},
)


async def _twice(app: App, path: Path, count: int) -> None:
    report = await _import(app, "customers", path, choice=BY_THEIR_NAMES)
    assert (report.accepted, report.rejected) == (count, [])
    again = await _import(app, "customers", path, choice=BY_THEIR_NAMES)
    assert (again.accepted, again.duplicates) == (0, count)


async def test_customers_of_a_telco_come_in_by_naming_their_columns(app: App, write: Write) -> None:
    await _twice(app, write(TELCO), 3)


@pytest.mark.soak
@pytest.mark.skipif(not SAMPLES.exists(), reason="the sample files are not here")
async def test_seven_thousand_customers_of_a_telco_come_in_by_naming_their_columns(app: App) -> None:
    await _twice(app, SAMPLES / "telco_customers_7043.csv", 7_043)
