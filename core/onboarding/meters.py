"""Meters from a file, each to the service of its account; a row of one on file takes it down, or changes nothing and says so.

Two meters of one code never count for a service unless the file says that both do: a new one takes the place of the old (`replaces`), or
hangs `beside` it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import numbers
from core.context import Context
from core.db.in_list import in_list
from core.metering.consumption.installations import heard_of, named
from core.metering.store import meters
from core.metering.tables import meter, reading, usage_day
from core.metering.units import UNITS, Unreadable, micro
from core.metering.units import read as amount
from core.onboarding.draft import meter_row
from core.onboarding.fields import FieldError, RowFields
from core.onboarding.model import DUPLICATE, TAKEN, NewMeter, RowOutcome
from core.onboarding.sheet import SheetRow
from core.parties.tables import account, service

IDS_A_ROW = 1
UNITS_OF_METERS = tuple(dict.fromkeys(unit for unit, _ in UNITS.values()))
_REGISTER = re.compile(r"[A-Za-z0-9_]{1,12}")
COMPARED = ("code", "unit", "kind", "interval_minutes", "dials", "installed_on")
"""What a row of a meter on file is held against, where it says it."""


class _Served(NamedTuple):
    """A service that a meter may hang at."""

    id: int
    commodity: str
    started_on: date


@dataclass(slots=True)
class _Hung:
    """A meter on file, or of an earlier row; its ends as they stand now."""

    id: int
    serial: str
    service_id: int | None
    code: str
    unit: str
    kind: str
    interval_minutes: int | None
    dials: int
    multiplier_micro: int
    installed_on: date
    removed_on: date | None
    registers: str | None
    heard: str | None = None
    changed: bool = False


@dataclass(slots=True)
class _Wall:
    """What is known while rows are taken one after the other."""

    today: date
    meters: dict[str, _Hung] = field(default_factory=dict)
    last: dict[int, date] = field(default_factory=dict)
    """The last day that a meter counted, by what came in."""

    def beside(self, new: NewMeter, service_id: int, installed_on: date) -> _Hung | None:
        """A meter of the same code that counts for the service on the same days."""
        until = new.removed_on or date.max
        return next(
            (
                one
                for one in self.meters.values()
                if one.service_id == service_id
                and one.code == new.code
                and one.kind != "line"
                and one.serial != new.serial
                and one.installed_on < until
                and (one.removed_on or date.max) > installed_on
            ),
            None,
        )


async def take(conn: AsyncConnection, context: Context, lines: Sequence[SheetRow]) -> list[RowOutcome]:
    """Hang the new meters of these rows and take down those that are gone; what became of each, in order. Removals come first."""
    services = await _services(conn, {line.values.get("account", "") for line in lines})
    wall = await _wall(conn, context, lines, {one.id for match in services.values() for one in match})
    outcomes: dict[int, RowOutcome] = {}
    rows: list[tuple[Any, ...]] = []
    first = [at for at, line in enumerate(lines) if line.values.get("serial", "") in wall.meters]
    known = set(first)
    for at in [*first, *(at for at in range(len(lines)) if at not in known)]:
        try:
            outcomes[at] = _one(context, wall, lines[at], services, rows)
        except FieldError as why:
            outcomes[at] = RowOutcome("rejected", str(why))
    await meters.add(conn, rows)
    ends = [(one.removed_on, one.registers, one.id) for one in wall.meters.values() if one.changed]
    await meters.change(conn, ends)
    return [outcomes[at] for at in range(len(lines))]


def _one(
    context: Context, wall: _Wall, line: SheetRow, services: dict[str, list[_Served]], rows: list[tuple[Any, ...]]
) -> RowOutcome:
    new, served = read(line), _served(RowFields(line.values), services)
    on_file = wall.meters.get(new.serial)
    if on_file is not None:
        return _again(wall, line, new, served, on_file)
    service_id, began = (served.id, served.started_on) if served else (None, context.today())
    installed_on = new.installed_on or began
    if new.removed_on is not None and new.removed_on < installed_on:
        raise FieldError("import.meter_ends", serial=new.serial)
    old = _replaced(wall, RowFields(line.values).given("replaces"), service_id, installed_on)
    if (
        served is not None
        and new.kind != "line"
        and RowFields(line.values).one_of("beside", ("yes", "no"), "no") == "no"
    ):
        other = wall.beside(new, served.id, installed_on)
        if other is not None and other is not old:
            raise FieldError("import.meter_beside", serial=other.serial, code=new.code)
    if old is not None:
        old.removed_on, old.changed = installed_on, True
    row = meter_row(context.ids.take(), service_id, new, began)
    rows.append(row)
    wall.meters[new.serial] = _Hung(
        row[0],
        new.serial,
        service_id,
        new.code,
        new.unit,
        new.kind,
        new.interval_minutes,
        new.dials,
        micro(new.multiplier),
        installed_on,
        new.removed_on,
        new.registers,
    )
    return TAKEN


def _replaced(wall: _Wall, serial: str | None, service_id: int | None, on: date) -> _Hung | None:
    """The meter that is taken down for the new one."""
    if serial is None:
        return None
    old = wall.meters.get(serial)
    if old is None or service_id is None or old.service_id != service_id:
        raise FieldError("import.replaces_none", serial=serial)
    if old.removed_on is not None and old.removed_on != on:
        raise FieldError("import.removed_already", serial=serial, day=old.removed_on)
    _may_end(wall, old, on)
    return old


def _again(wall: _Wall, line: SheetRow, new: NewMeter, served: _Served | None, old: _Hung) -> RowOutcome:
    """A row of a meter on file: it is taken down, it gets its registers, or it says what is known."""
    given = {name for name, text in line.values.items() if text}
    if "account" in given and old.service_id != (served.id if served else None):
        raise FieldError("import.meter_elsewhere", serial=new.serial)
    if "account" not in given and old.service_id is not None and "removed_on" not in given:
        raise FieldError("import.meter_elsewhere", serial=new.serial)
    differs = [name for name in COMPARED if name in given and getattr(new, name) != getattr(old, name)]
    if "multiplier" in given and micro(new.multiplier) != old.multiplier_micro:
        differs.append("multiplier")
    if differs:
        raise FieldError("import.meter_differs", serial=new.serial, columns=", ".join(differs))
    done = DUPLICATE
    if "removed_on" in given and new.removed_on != old.removed_on:
        if old.removed_on is not None:
            raise FieldError("import.removed_already", serial=new.serial, day=old.removed_on)
        _may_end(wall, old, new.removed_on or wall.today)
        old.removed_on, old.changed, done = new.removed_on, True, TAKEN
    if "registers" in given and new.registers != old.registers:
        if not set(named(old.registers) or heard_of(old.heard)) <= set(named(new.registers)):
            raise FieldError("import.registers", serial=new.serial, has=old.registers or old.heard or "-")
        old.registers, old.changed, done = new.registers, True, TAKEN
    return done


def _may_end(wall: _Wall, old: _Hung, on: date) -> None:
    """A meter cannot be gone before it came, nor before it was last read; nor may it go tomorrow."""
    if on < old.installed_on or on > wall.today:
        raise FieldError("import.meter_ends", serial=old.serial)
    last = wall.last.get(old.id)
    if last is not None and last > on:
        raise FieldError("import.read_later", serial=old.serial, day=last)


def read(line: SheetRow) -> NewMeter:
    """The meter of a row; Wrong with the column and the remedy when there is none."""
    fields = RowFields(line.values)
    kind = fields.one_of("kind", ("interval", "register", "line"), "interval")
    minutes = fields.whole("interval_minutes", 30 if kind == "interval" else None, 1, 1440)
    if minutes is not None and 1440 % minutes:
        raise FieldError("import.minutes", text=minutes)
    unit = "event" if kind == "line" else UNITS.get(fields.text("unit", "kWh").lower(), ("", 0))[0]
    if unit != fields.text("unit", "event" if kind == "line" else "kWh"):
        raise FieldError(
            "import.one_of", column="unit", text=fields.text("unit")[:40], allowed=", ".join(UNITS_OF_METERS)
        )
    multiplier = fields.text("multiplier", "1")
    try:
        times = amount(multiplier, line.notation)
        if times <= 0:
            raise FieldError("import.multiplier", text=multiplier[:40])
    except Unreadable:
        raise FieldError("import.multiplier", text=multiplier[:40]) from None
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
        registers=_registers(fields, kind),
    )


def _registers(fields: RowFields, kind: str) -> str | None:
    """The names of its registers, with a blank between them."""
    names = fields.text("registers").replace(",", " ").replace(";", " ").split()
    if not names:
        return None
    if (
        kind == "line"
        or not all(_REGISTER.fullmatch(one) for one in names)
        or len({one.lower() for one in names}) < len(names)
    ):
        raise FieldError("import.registers_text", text=" ".join(names)[:40])
    return " ".join(names)


async def _wall(conn: AsyncConnection, context: Context, lines: Sequence[SheetRow], service_ids: set[int]) -> _Wall:
    """The meters that these rows name, and those that hang where they go."""
    names = {line.values.get(column, "") for line in lines for column in ("serial", "replaces")}
    columns = [meter.c[name] for name in (*_Hung.__dataclass_fields__,) if name != "changed"]
    rows = await conn.execute(
        select(*columns).where(in_list(conn, meter.c.serial, names) | in_list(conn, meter.c.service_id, service_ids))
    )
    match = {row.serial: _Hung(*row) for row in rows}
    ending = {line.values.get("replaces", "") for line in lines}
    ending |= {line.values.get("serial", "") for line in lines if line.values.get("removed_on")}
    wall = _Wall(context.today(), match)
    ids = [one.id for serial, one in match.items() if serial in ending]
    if ids:
        wall.last = await _last(conn, ids)
    return wall


async def _last(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, date]:
    """The last day up to which each of these meters has counted."""
    r, d = reading.c, usage_day.c
    reads = select(r.meter_id, func.max(r.read_on)).where(in_list(conn, r.meter_id, ids), r.state == "accepted")
    days = select(d.meter_id, func.max(d.day)).where(in_list(conn, d.meter_id, ids))
    match: dict[int, date] = {}
    for query in (reads.group_by(r.meter_id), days.group_by(d.meter_id)):
        for meter_id, day in await conn.execute(query):
            match[meter_id] = max(match.get(meter_id, day), day)
    return match


async def _services(conn: AsyncConnection, numbers: set[str]) -> dict[str, list[_Served]]:
    rows: Any = await conn.execute(
        select(account.c.number, service.c.id, service.c.commodity, service.c.started_on)
        .join_from(account, service)
        .where(in_list(conn, account.c.number, numbers), service.c.state != "ended")
        .order_by(service.c.id)
    )
    match: dict[str, list[_Served]] = {}
    for row in rows:
        match.setdefault(row.number, []).append(_Served(row.id, row.commodity, row.started_on))
    return match


def _served(fields: RowFields, services: dict[str, list[_Served]]) -> _Served | None:
    """The service the meter is for; None where it stays in store."""
    number = fields.given("account")
    if number is None:
        return None
    wanted = fields.given("commodity")
    fitting = [one for one in services.get(number, []) if wanted in (None, one.commodity)]
    if number not in services:
        raise FieldError("import.no_account", number=number)
    if len(fitting) != 1:
        raise FieldError("import.which_service", number=number)
    return fitting[0]
