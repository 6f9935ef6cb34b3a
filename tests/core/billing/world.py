"""A small world for the run's tests: customers with services on tariffs, and usage that is simply stated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.cycles import open_cycles
from core.billing.run.sources import Used, UsedRow
from core.catalog.compile import load_tariff
from core.context import App
from core.db.bulk import insert_many
from core.db.engine import insert
from core.metering.consumption.late import Arrivals, Changed
from core.metering.consumption.timed import Grain
from core.metering.tables import consumption
from core.metering.vee.lifted import Lifted
from core.parties.tables import account, branch, party, premise, service, service_plan
from core.rating.exact import Column
from core.rating.tariff import Tariff

ENERGY = """
tariff: energy
valid_from: 2020-01-01
currency: KES
name: {en: Domestic, sw: Nyumbani}
rounding: {line: "0.01", total: "1", mode: half_up}
charges:
  - {code: consumption, type: usage, meter: energy, unit: kWh, model: graduated, tiers: [{up_to: "30", price: "12.23"}, {price: "20.58"}]}
  - {code: fuel_cost, type: usage, meter: energy, unit: kWh, model: flat, price: "4.00"}
  - {code: vat, type: tax, percent: "16", of: [consumption, fuel_cost]}
"""

WATER = """
tariff: water
valid_from: 2020-01-01
currency: KES
name: {en: Water, sw: Maji}
rounding: {line: "0.01", mode: half_up}
charges:
  - {code: water, type: usage, meter: water, unit: m3, model: flat, price: "60.00", name: {en: Water, sw: Maji}}
  - {code: rent, type: fixed, price: "50.00", per: period, prorate: true}
"""

KWH = 1_000_000


@dataclass
class Fake:
    """Tariffs and usage as stated: `use[service]` per period whatever its days, `bad[service]` a reason to park."""

    tariff_texts: tuple[str, ...] = (ENERGY, WATER)
    use: dict[int, int] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)
    estimated: dict[int, int] = field(default_factory=dict)
    compiled: dict[str, list[Tariff]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for text in self.tariff_texts:
            tariff = load_tariff(text)
            self.compiled.setdefault(tariff.code, []).append(tariff)

    async def tariffs(self, conn: AsyncConnection, code: str, from_: date, to: date) -> Sequence[Tariff]:
        versions = sorted(self.compiled.get(code, []), key=lambda one: one.valid_from)
        started = [one for one in versions if one.valid_from < to]
        current = [one for one in started if one.valid_from <= from_][-1:]
        return current + [one for one in started if one.valid_from > from_]

    async def used(
        self,
        conn: AsyncConnection,
        app: App,
        service_ids: Sequence[int],
        from_: date,
        to: date,
        *,
        grain: Grain | None = None,
        lifted: Lifted | None = None,
    ) -> Used:
        column = np.array([self.use.get(one, 42 * KWH) for one in service_ids], dtype=np.int64)
        guess = np.array([self.estimated.get(one, 0) for one in service_ids], dtype=np.int64)
        parked = {
            at: self.bad[one] for at, one in enumerate(service_ids) if one in self.bad and one not in (lifted or ())
        }
        return Used({"energy": column, "water": column}, {"energy": guess, "water": guess * 0}, parked=parked)

    async def history(
        self, conn: AsyncConnection, service_ids: Sequence[int], meter_code: str, before: date, periods: int
    ) -> tuple[Column, Column]:
        nothing = np.zeros(len(service_ids), dtype=np.int64)
        return nothing, nothing

    async def record(self, conn: AsyncConnection, app: App, rows: Sequence[UsedRow]) -> None:
        columns = (
            "service_id",
            "meter_code",
            "from_date",
            "to_date",
            "revision",
            "quantity_micro",
            "estimated_micro",
            "missing",
            "method",
            "invoice_id",
            "id",
        )
        ids = app.ids.take_many(len(rows))
        await insert_many(
            conn,
            consumption,
            columns,
            [
                (
                    one.service_id,
                    one.meter_code,
                    one.from_date,
                    one.to_date,
                    0,
                    one.quantity_micro,
                    one.estimated_micro,
                    one.missing,
                    one.method,
                    one.invoice_id,
                    number,
                )
                for number, one in zip(ids, rows, strict=True)
            ],
        )

    async def arrivals(self, conn: AsyncConnection, app: App, since: date) -> Arrivals:
        return Arrivals(since, app.clock.now())

    async def late(
        self, conn: AsyncConnection, app: App, service_ids: Sequence[int], to: date, came: Arrivals
    ) -> Sequence[Changed]:
        return []


@dataclass(frozen=True)
class Customer:
    """An account to make: bill day, the day it opened, and its services' tariffs."""

    bill_day: int = 1
    opened_on: date = date(2026, 1, 1)
    tariffs: tuple[str | None, ...] = ("energy",)


async def settle(app: App, customers: Sequence[Customer], state: str = "active") -> list[tuple[int, list[int]]]:
    """Make the customers and open their first cycles; [(account id, service ids)]."""
    await app.db.reserve_ids(20 * len(customers) + 1_000)
    made: list[tuple[int, list[int]]] = []
    now = app.clock.now()
    rows: Mapping[str, list[dict[str, object]]] = {
        name: [] for name in ("party", "account", "premise", "service", "plan")
    }
    async with app.db.writing() as conn:
        branch_id = app.ids.take()
        await conn.execute(insert(conn, branch).values(id=branch_id, code=f"B{branch_id}", name="Main"))
        for at, one in enumerate(customers):
            party_id, account_id, premise_id = app.ids.take_many(3)
            services = app.ids.take_many(len(one.tariffs))
            rows["party"].append(
                {"id": party_id, "name": f"Amina {at}", "kind": "person", "language": "en", "created_at": now}
            )
            rows["account"].append(
                {
                    "id": account_id,
                    "number": f"{account_id}",
                    "party_id": party_id,
                    "branch_id": branch_id,
                    "segment": "residential",
                    "currency": "KES",
                    "bill_day": one.bill_day,
                    "state": state,
                    "opened_on": one.opened_on,
                    "created_at": now,
                }
            )
            rows["premise"].append(
                {"id": premise_id, "address": f"{at} Moi Avenue", "area": "CBD", "branch_id": branch_id}
            )
            for number, tariff in zip(services, one.tariffs, strict=True):
                rows["service"].append(
                    {
                        "id": number,
                        "account_id": account_id,
                        "premise_id": premise_id,
                        "commodity": tariff or "energy",
                        "payment_mode": "postpaid",
                        "state": "active",
                        "started_on": one.opened_on,
                    }
                )
                if tariff is not None:
                    plan = {"id": app.ids.take(), "service_id": number, "tariff": tariff, "from_date": one.opened_on}
                    rows["plan"].append(plan)
            made.append((account_id, services))
        for name, table in (
            ("party", party),
            ("account", account),
            ("premise", premise),
            ("service", service),
            ("plan", service_plan),
        ):
            if rows[name]:
                await conn.execute(insert(conn, table), rows[name])
        await open_cycles(conn, app, [account_id for account_id, _ in made])
    return made
