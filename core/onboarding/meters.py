"""Meters from a file, each to the service of its account; a meter on file is left alone."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import numbers
from core.bulk import insert_many
from core.house import House
from core.metering.tables import meter
from core.metering.units import UNITS, Unreadable
from core.metering.units import read as amount
from core.onboarding.draft import meter_row
from core.onboarding.fields import Fields, Wrong
from core.onboarding.model import DUPLICATE, TAKEN, NewMeter, Outcome
from core.onboarding.register import METER_COLUMNS
from core.onboarding.sheet import Line
from core.parties.tables import account, service
from core.sets import among

IDS_A_ROW = 1
UNITS_OF_METERS = tuple(dict.fromkeys(unit for unit, _ in UNITS.values()))


class _Served(NamedTuple):
    """A service that a meter may hang at."""

    id: int
    commodity: str
    started_on: date


async def take(conn: AsyncConnection, house: House, lines: Sequence[Line]) -> list[Outcome]:
    """Hang the new meters of these rows; what became of each, in order."""
    known = await _known(conn, {line.values.get("serial", "") for line in lines})
    services = await _services(conn, {line.values.get("account", "") for line in lines})
    outcomes: list[Outcome] = []
    rows = []
    for line in lines:
        try:
            new, served = read(line), _served(Fields(line.values), services)
            service_id, began = (served.id, served.started_on) if served else (None, house.today())
            if new.serial not in known:
                known[new.serial] = service_id
                rows.append(meter_row(house.ids.take(), service_id, new, began))
                outcomes.append(TAKEN)
            elif known[new.serial] != service_id:
                raise Wrong("import.meter_elsewhere", serial=new.serial)
            else:
                outcomes.append(DUPLICATE)
        except Wrong as why:
            outcomes.append(Outcome("rejected", str(why)))
    await insert_many(conn, meter, METER_COLUMNS, rows)
    return outcomes


def read(line: Line) -> NewMeter:
    """The meter of a row; Wrong with the column and the remedy when there is none."""
    fields = Fields(line.values)
    kind = fields.one_of("kind", ("interval", "register", "line"), "interval")
    minutes = fields.whole("interval_minutes", 30 if kind == "interval" else None, 1, 1440)
    if minutes is not None and 1440 % minutes:
        raise Wrong("import.minutes", text=minutes)
    unit = "event" if kind == "line" else UNITS.get(fields.text("unit", "kWh").lower(), ("", 0))[0]
    if unit != fields.text("unit", "event" if kind == "line" else "kWh"):
        raise Wrong("import.one_of", column="unit", text=fields.text("unit")[:40], allowed=", ".join(UNITS_OF_METERS))
    multiplier = fields.text("multiplier", "1")
    try:
        times = amount(multiplier, line.notation)
        if times <= 0:
            raise Wrong("import.multiplier", text=multiplier[:40])
    except Unreadable:
        raise Wrong("import.multiplier", text=multiplier[:40]) from None
    return NewMeter(
        serial=fields.needed("serial"),
        code=fields.text("code", "line" if kind == "line" else "energy"),
        unit=unit,
        kind=kind,
        interval_minutes=minutes if kind == "interval" else None,
        dials=fields.whole("dials", 6, 3, 9) or 6,
        multiplier=numbers.show(times, numbers.MICRO_DECIMALS, "en"),
        installed_on=fields.day("installed_on"),
        removed_on=fields.day("removed_on"),
    )


async def _known(conn: AsyncConnection, serials: set[str]) -> dict[str, int | None]:
    """Serial -> service, of the meters on file."""
    rows = await conn.execute(select(meter.c.serial, meter.c.service_id).where(among(conn, meter.c.serial, serials)))
    return {row.serial: row.service_id for row in rows}


async def _services(conn: AsyncConnection, numbers: set[str]) -> dict[str, list[_Served]]:
    rows: Any = await conn.execute(
        select(account.c.number, service.c.id, service.c.commodity, service.c.started_on)
        .join_from(account, service)
        .where(among(conn, account.c.number, numbers), service.c.state != "ended")
        .order_by(service.c.id)
    )
    found: dict[str, list[_Served]] = {}
    for row in rows:
        found.setdefault(row.number, []).append(_Served(row.id, row.commodity, row.started_on))
    return found


def _served(fields: Fields, services: dict[str, list[_Served]]) -> _Served | None:
    """The service the meter is for; None where it stays in store."""
    number = fields.given("account")
    if number is None:
        return None
    wanted = fields.given("commodity")
    fitting = [one for one in services.get(number, []) if wanted in (None, one.commodity)]
    if number not in services:
        raise Wrong("import.no_account", number=number)
    if len(fitting) != 1:
        raise Wrong("import.which_service", number=number)
    return fitting[0]
