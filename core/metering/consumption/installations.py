"""The meters of services in a period, and the days on which each was there to be measured."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_list import in_list
from core.metering.tables import meter
from core.parties.tables import service
from core.text import say

METERED = frozenset({"electricity", "water", "gas"})
"""Commodities that are not billed without a meter."""
EXPORT, EXPORT_CODE = "B", "_export"
"""Registers that begin so count what was fed in (NEM12: B1, B2 ...), and how a tariff's code of them ends."""


def named(registers: str | None) -> tuple[str, ...]:
    """The registers that a meter was imported with; none: it has one, whatever a file calls it."""
    return tuple((registers or "").split())


def code_of(code: str, registers: str | None, register: str) -> str:
    """What a tariff calls what a register of a meter counts: of `energy` with `day night` energy_day and energy_night."""
    if register in named(registers):
        return f"{code}_{register.lower()}"
    return f"{code}{EXPORT_CODE}" if register.startswith(EXPORT) else code


def register_of(registers: str | None, heard: list[str], register: str) -> str | None:
    """The register that a file means, by the name it is stored under; None where the meter has none such.

    A meter that was imported with registers has those. Another has one in each direction: its first name is the one that counts, a
    blank one and one more name may be said for the same (`heard`, which is added to), and a further name is another register.
    """
    if registers:
        return register if register in named(registers) else None
    same = [one for one in heard if one.startswith(EXPORT) == register.startswith(EXPORT)]
    if register in same or (same and not register):
        return same[0]
    if same not in ([], [""]) or "," in register:
        return None
    heard.append(register)
    return same[0] if same else register


def heard_of(text: str | None) -> list[str]:
    """The names that a meter's one register was heard under."""
    return [] if text is None else text.split(",")


def unknown_register(serial: str, registers: str | None, heard: list[str], register: str) -> str:
    """Why a reading of that register is not taken."""
    has = ", ".join(named(registers) or heard)
    return say("en", "reject.unknown_register", serial=serial, has=has or "-", register=register[:20] or "-")


def codes_of(code: str, registers: str | None) -> tuple[str, ...]:
    """All that a meter counts, as a tariff calls it."""
    return tuple(code_of(code, registers, one) for one in named(registers)) or (code,)


@dataclass(frozen=True, slots=True)
class MeasuringChannel:
    """A meter of the service at `index` of those asked for, and the days [begin, end) it counts for."""

    index: int
    service_id: int
    meter_id: int
    serial: str
    code: str
    kind: str
    minutes: int
    dials: int
    multiplier_micro: int
    hung: date
    """The first day on which it hung on this service's wall."""
    gone: date
    """The first day on which it did not, or the end of the period."""
    begin: date
    end: date
    registers: str | None = None

    def code_of(self, register: str) -> str:
        """What a tariff calls what this register counts."""
        return code_of(self.code, self.registers, register)

    def silent(self, heard: Collection[tuple[int, str | None]]) -> list[str]:
        """The registers of which nothing came: all it was imported with count. `heard`: (meter, register), and (meter, None) for any."""
        if not self.registers:
            return [] if (self.meter_id, None) in heard else [""]
        return [one for one in named(self.registers) if (self.meter_id, one) not in heard]


@dataclass(frozen=True, slots=True)
class Installation:
    """What hangs on the wall: the channels, and the services (by index) that should have a meter and have none."""

    channels: list[MeasuringChannel]
    bare: list[int]


async def wall(conn: AsyncConnection, service_ids: Sequence[int], from_: date, to: date) -> Installation:
    """The meters of these services in [from_, to); registers that hung there earlier come too, with no day of the period."""
    index = {service_id: at for at, service_id in enumerate(service_ids)}
    channels, bare = [], []
    for row in await conn.execute(_query(conn, service_ids, from_, to)):
        at = index[row.id]
        if row.meter_id is None:
            if row.commodity in METERED:
                bare.append(at)
            continue
        hung, gone = max(row.installed_on, row.started_on), min(to, row.removed_on or to, row.ended_on or to)
        begin = max(from_, hung)
        channels.append(
            MeasuringChannel(
                at,
                row.id,
                row.meter_id,
                row.serial,
                row.code,
                row.kind,
                row.interval_minutes or 0,
                row.dials,
                row.multiplier_micro,
                hung,
                gone,
                begin,
                max(begin, gone),
                row.registers,
            )
        )
    return Installation(channels, bare)


def _query(conn: AsyncConnection, service_ids: Sequence[int], from_: date, to: date) -> Select[Any]:
    m, s = meter.c, service.c
    lately = or_(m.removed_on.is_(None), m.removed_on > from_, m.kind == "register")
    there = and_(m.service_id == s.id, m.installed_on < to, lately, m.kind != "line")
    return (
        select(
            s.id,
            s.commodity,
            s.started_on,
            s.ended_on,
            m.id.label("meter_id"),
            m.serial,
            m.code,
            m.kind,
            m.interval_minutes,
            m.dials,
            m.multiplier_micro,
            m.installed_on,
            m.removed_on,
            m.registers,
        )
        .select_from(service.outerjoin(meter, there))
        .where(in_list(conn, s.id, service_ids))
        .order_by(s.id, m.id)
    )
