"""Loads a partition of a run: cycles of one closing day, their services and plans, by a few set queries; nothing per account.

What comes out is grouped so that rating sees arrays: all services of one tariff over the same days of the same whole period.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.periods import whole_period
from core.billing.tables import cycle
from core.db.in_list import in_list
from core.metering.tables import meter
from core.parties.tables import account, party, premise, service, service_off, service_plan
from core.rating.exact import Column


@dataclass(frozen=True, slots=True)
class Due:
    """One cycle that closes: the account and the days it is billed for."""

    cycle_id: int
    account_id: int
    from_date: date
    number: str
    name: str
    language: str
    bill_day: int
    persons: int | None
    currency: str
    decided: dict[str, Any] | None = None
    """What a person said of it: `estimate` has service -> meter -> micro-units, where its usage is not fit to be billed."""
    invoice_id: int | None = None
    """The bill it has already, where it is looked at once more."""


@dataclass(frozen=True, slots=True)
class Days:
    """What the services of a group share: tariff, the whole period, and the days of it they were there on this plan."""

    tariff: str
    whole_from: date
    whole_to: date
    from_: date
    to: date


@dataclass(slots=True)
class Group:
    """Services rated together; `account` indexes the partition's cycles."""

    account: list[int] = field(default_factory=list)
    service: list[int] = field(default_factory=list)
    persons: list[int] = field(default_factory=list)
    opening: list[bool] = field(default_factory=list)
    closing: list[bool] = field(default_factory=list)
    off: list[int] = field(default_factory=list)
    """Whole days on which each was shut and is not charged for."""

    def parts(self, size: int) -> Iterator["Group"]:
        """The group in parts of about so many services; those of one account stay together."""
        low = 0
        while low < len(self.service):
            high = low + max(size, 1)
            while high < len(self.service) and self.account[high] == self.account[high - 1]:
                high += 1
            here, low = slice(low, high), high
            yield Group(
                self.account[here],
                self.service[here],
                self.persons[here],
                self.opening[here],
                self.closing[here],
                self.off[here],
            )

    def columns(self) -> tuple[Column, Column]:
        """Indexes of accounts, and service ids."""
        return np.array(self.account, dtype=np.int64), np.array(self.service, dtype=np.int64)


@dataclass(slots=True)
class Partition:
    """Up to a partition's number of cycles that close on `to_date`, by account id."""

    to_date: date
    due: Sequence[Due]
    groups: dict[Days, Group] = field(default_factory=dict)
    facts: list[dict[str, Any]] = field(default_factory=list)
    parked: dict[int, str] = field(default_factory=dict)
    _known: dict[tuple[str, int, date, date, date], Group] = field(default_factory=dict)

    def group(self, tariff: str, due: Due, first: date, last: date) -> Group:
        """The group of a service on that tariff over those days (most of a partition shares one)."""
        key = (tariff, due.bill_day, due.from_date, first, last)
        match = self._known.get(key)
        if match is None:
            days = Days(tariff, *whole_period(due.bill_day, due.from_date), first, last)
            match = self._known[key] = self.groups.setdefault(days, Group())
        return match

    def park(self, index: int, reason: str) -> None:
        """Leave out the account at `index`; the first reason is kept."""
        self.parked.setdefault(index, reason)


async def load(conn: AsyncConnection, state: str, to_date: date, size: int, after: int = 0) -> Partition:
    """The next partition: cycles in `state` that close on `to_date`, of accounts above `after`."""
    due = (cycle.c.state == state) & (cycle.c.to_date == to_date)
    rows = (await conn.execute(_cycles().where(due, cycle.c.account_id > after).limit(size))).all()
    partition = Partition(to_date, [Due(*row) for row in rows])
    if rows:
        first, last = partition.due[0].account_id, partition.due[-1].account_id
        await _fill(conn, partition, due & cycle.c.account_id.between(first, last))
    return partition


async def load_one(conn: AsyncConnection, cycle_id: int) -> Partition:
    """One cycle, whatever its state."""
    mine = cycle.c.id == cycle_id
    *columns, to_date = (await conn.execute(_cycles(cycle.c.to_date).where(mine))).one()
    partition = Partition(to_date, [Due(*columns)])
    await _fill(conn, partition, mine)
    return partition


async def load_billed(
    conn: AsyncConnection, account_ids: Collection[int], invoice_ids: Collection[int], service_ids: Collection[int]
) -> list[Partition]:
    """The cycles of these bills with these services only, a partition for each closing day: to rate them once more."""
    mine = in_list(conn, cycle.c.account_id, account_ids) & in_list(conn, cycle.c.invoice_id, invoice_ids)
    rows = (await conn.execute(_cycles(cycle.c.invoice_id, cycle.c.to_date).where(mine))).all()
    of_day: dict[date, list[Due]] = defaultdict(list)
    for *columns, to_date in rows:
        of_day[to_date].append(Due(*columns))
    found = [Partition(to_date, due) for to_date, due in sorted(of_day.items())]
    for partition in found:
        here = mine & (cycle.c.to_date == partition.to_date)
        await _fill(conn, partition, here & in_list(conn, service.c.id, service_ids))
    return found


async def load_running(conn: AsyncConnection, account_ids: Collection[int], until: date) -> list[Partition]:
    """The open cycles of these accounts as if they closed on `until` (or when they did), a partition for each last day."""
    mine = in_list(conn, cycle.c.account_id, account_ids) & (cycle.c.state == "open") & (cycle.c.from_date < until)
    rows = (await conn.execute(_cycles(cycle.c.to_date).where(mine))).all()
    of_day: dict[date, list[Due]] = defaultdict(list)
    for *columns, to_date in rows:
        of_day[min(to_date, until)].append(Due(*columns))
    found = [Partition(to_date, due) for to_date, due in sorted(of_day.items())]
    for partition in found:
        here = cycle.c.to_date == partition.to_date if partition.to_date < until else cycle.c.to_date >= until
        await _fill(conn, partition, mine & here)
    return found


def _cycles(*more: Any) -> Select[Any]:
    return (
        select(
            cycle.c.id,
            cycle.c.account_id,
            cycle.c.from_date,
            account.c.number,
            party.c.name,
            party.c.language,
            account.c.bill_day,
            account.c.persons,
            account.c.currency,
            cycle.c.decided,
            *more,
        )
        .join_from(cycle, account, account.c.id == cycle.c.account_id)
        .join(party, party.c.id == account.c.party_id)
        .order_by(cycle.c.account_id)
    )


def _facts(due: Due) -> dict[str, Any]:
    return {"name": due.name, "number": due.number, "language": due.language, "services": {}, "estimated": {}}


async def _fill(conn: AsyncConnection, partition: Partition, chosen: ColumnElement[bool]) -> None:
    """Sort the services of the partition's accounts into groups, and put where they are on the facts."""
    to = partition.to_date
    partition.facts = [_facts(due) for due in partition.due]
    index = {due.account_id: at for at, due in enumerate(partition.due)}
    here = (cycle.c.account_id == service.c.account_id) & chosen
    on_plan = and_(
        service_plan.c.service_id == service.c.id,
        service_plan.c.from_date < to,
        or_(service_plan.c.to_date.is_(None), service_plan.c.to_date > cycle.c.from_date),
    )
    query = (
        select(
            service.c.account_id,
            service.c.id,
            service.c.commodity,
            service.c.started_on,
            service.c.ended_on,
            service_plan.c.tariff,
            service_plan.c.from_date.label("plan_from"),
            service_plan.c.to_date.label("plan_to"),
            premise.c.address,
        )
        .join_from(service, cycle, here)
        .outerjoin(service_plan, on_plan)
        .outerjoin(premise, premise.c.id == service.c.premise_id)
        .where(service.c.payment_mode == "postpaid", service.c.state != "ordered", service.c.started_on < to)
        .order_by(service.c.account_id, service.c.id, service_plan.c.from_date)
    )
    shut = await _shut(conn, here, to)
    for account_id, *served in (await conn.execute(query)).all():
        _sort_in(partition, index[account_id], ServiceSpan(*served), shut.get(served[0], ()))
    await _meters(conn, partition, index, here)


async def _shut(conn: AsyncConnection, here: Any, to: date) -> dict[int, list[tuple[date, date]]]:
    """Service -> the whole days [from, to) on which it was shut and is not charged for: neither the first nor the last of them."""
    off = service_off.c
    query = (
        select(off.service_id, off.off_on, off.back_on)
        .join_from(service_off, service, service.c.id == off.service_id)
        .join(cycle, here)
        .where(off.off_on < to, or_(off.back_on.is_(None), off.back_on > cycle.c.from_date))
    )
    match: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for service_id, off_on, back_on in await conn.execute(query):
        match[service_id].append((off_on + timedelta(days=1), back_on or to))
    return match


class ServiceSpan(NamedTuple):
    """A service of an account on one of its plans."""

    id: int
    commodity: str
    started_on: date
    ended_on: date | None
    tariff: str | None
    plan_from: date
    plan_to: date | None
    address: str | None


def _sort_in(partition: Partition, at: int, served: ServiceSpan, shut: Sequence[tuple[date, date]]) -> None:
    due, to = partition.due[at], partition.to_date
    number, commodity, started, ended, tariff, plan_from, plan_to, address = served
    first, last = max(due.from_date, started), to if ended is None else min(to, ended)
    if first >= last:
        return
    partition.facts[at]["services"][str(number)] = {"commodity": commodity, "address": address or "", "meters": []}
    if tariff is None:
        partition.park(at, f"service {number} ({commodity}) has no tariff: give it a plan from {first}")
        return
    first, last = max(first, plan_from), last if plan_to is None else min(last, plan_to)
    off = sum(max(0, (min(last, until) - max(first, since)).days) for since, until in shut)
    if off:
        here = partition.facts[at]["services"][str(number)]
        here["off"] = here.get("off", 0) + off
    if off >= (last - first).days:
        return
    group = partition.group(tariff, due, first, last)
    group.account.append(at)
    group.service.append(number)
    group.persons.append(due.persons or 0)
    group.opening.append(first == started)
    group.closing.append(last == ended)
    group.off.append(off)


async def _meters(conn: AsyncConnection, partition: Partition, index: dict[int, int], here: Any) -> None:
    query = (
        select(service.c.account_id, service.c.id, meter.c.serial)
        .join_from(service, cycle, here)
        .join(meter, meter.c.service_id == service.c.id)
        .where(meter.c.installed_on < partition.to_date)
        .where(or_(meter.c.removed_on.is_(None), meter.c.removed_on > cycle.c.from_date))
        .order_by(meter.c.id)
    )
    for account_id, service_id, serial in (await conn.execute(query)).all():
        place = partition.facts[index[account_id]]["services"].get(str(service_id))
        if place is not None:
            place["meters"].append(serial)
