"""Control totals: what the readings file should hold, meter by meter and month by month, against what was taken in and billed."""

import csv
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from core.context import App
from core.metering.model import FileReport
from core.metering.tables import consumption, meter


@dataclass(frozen=True, slots=True)
class Control:
    """One meter-month of the control file; `month` is already shifted."""

    serial: str
    month: str
    readings: int
    quantity_micro: int
    missing: int


def read_controls(file: Path, shift_years: int) -> list[Control]:
    """The rows of a control totals file (customer_id, month, readings, kwh, expected_readings, missing)."""
    with file.open(newline="") as lines:
        return [_control(row, shift_years) for row in csv.DictReader(lines)]


def _control(row: dict[str, str], shift_years: int) -> Control:
    year, _, month = row["month"].partition("-")
    whole, _, part = row["kwh"].partition(".")
    micro = int(whole) * 1_000_000 + int(part.ljust(6, "0"))
    return Control(
        row["customer_id"], f"{int(year) + shift_years}-{month}", int(row["readings"]), micro, int(row["missing"])
    )


def differences(controls: list[Control], report: FileReport) -> list[str]:
    """Where what was taken in is not what the control file says; empty when all match."""
    found = []
    for one in controls:
        total = report.totals.get((one.serial, one.month))
        taken = (total.readings, total.quantity_micro) if total else (0, 0)
        if taken != (one.readings, one.quantity_micro):
            found.append(
                f"meter {one.serial}, {one.month}: {taken} taken in, {(one.readings, one.quantity_micro)} expected"
            )
    return found


@dataclass(frozen=True, slots=True)
class Billed:
    """How the meter-months were billed."""

    complete: int
    estimated: int
    parked: int
    wrong: list[str]


async def billed(app: App, controls: list[Control]) -> Billed:
    """Complete months must be billed as measured to the last digit; months with gaps be marked estimated, or parked."""
    columns = (
        meter.c.serial,
        consumption.c.from_date,
        consumption.c.quantity_micro,
        consumption.c.estimated_micro,
        consumption.c.missing,
    )
    query = select(*columns).join_from(consumption, meter, consumption.c.service_id == meter.c.service_id)
    async with app.db.reading() as conn:
        rows = {(row.serial, f"{row.from_date:%Y-%m}"): row for row in await conn.execute(query)}
    complete = estimated = parked = 0
    wrong = []
    for one in controls:
        row = rows.get((one.serial, one.month))
        if row is None:
            parked += 1
            if not one.missing:
                wrong.append(f"meter {one.serial}, {one.month}: complete, but not billed")
        elif one.missing:
            estimated += 1
            if not row.missing or row.quantity_micro - row.estimated_micro != one.quantity_micro:
                wrong.append(f"meter {one.serial}, {one.month}: has gaps, but is not marked so")
        else:
            complete += 1
            if (row.quantity_micro, row.estimated_micro) != (one.quantity_micro, 0):
                wrong.append(
                    f"meter {one.serial}, {one.month}: billed {row.quantity_micro}, measured {one.quantity_micro}"
                )
    return Billed(complete, estimated, parked, wrong)
