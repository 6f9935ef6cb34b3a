"""A further service of an account on file: water beside electricity, on the same bill from the day it begins."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import grant
from core.billing.cycles import UNBILLED
from core.billing.tables import cycle
from core.context import Context
from core.db.in_list import in_list
from core.onboarding.fields import FieldError
from core.onboarding.model import NewCustomer
from core.parties import store
from core.parties.tables import account, premise, service, service_plan


@dataclass(slots=True)
class ExistingAccount:
    """An account on file: its services by what they supply, and the first day that no bill covers."""

    id: int
    number: str
    branch_id: int
    state: str
    opened_on: date
    unbilled_from: date | None
    services: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Further:
    """A service to be added."""

    account_id: int
    branch_id: int
    customer: NewCustomer
    began: date


async def served(conn: AsyncConnection, numbers: Collection[str]) -> dict[str, ExistingAccount]:
    """The accounts of these numbers with what they are served with."""
    waiting = (
        select(cycle.c.account_id, func.min(cycle.c.from_date).label("since"))
        .where(cycle.c.state.in_(("open", "parked")))
        .group_by(cycle.c.account_id)
        .subquery()
    )
    a = account.c
    rows = await conn.execute(
        select(a.id, a.number, a.branch_id, a.state, a.opened_on, waiting.c.since)
        .outerjoin(waiting, waiting.c.account_id == a.id)
        .where(in_list(conn, a.number, numbers))
    )
    match = {row.number: ExistingAccount(*row) for row in rows}
    s = service.c
    services = await conn.execute(
        select(
            a.number,
            s.commodity,
            s.started_on.label("opened_on"),
            s.payment_mode,
            premise.c.address,
            premise.c.area,
            service_plan.c.tariff,
        )
        .join_from(service, account, a.id == s.account_id)
        .outerjoin(premise, premise.c.id == s.premise_id)
        .outerjoin(service_plan, service_plan.c.service_id == s.id)
        .where(in_list(conn, a.number, numbers), s.state != "ended")
        .order_by(s.id)
    )
    for row in services.mappings():
        one = match[row["number"]].services.setdefault(row["commodity"], {**row, "tariffs": set()})
        one["tariffs"].add(row["tariff"])
    return match


def add(context: Context, on_file: ExistingAccount, customer: NewCustomer) -> Further:
    """Note the service; `Wrong` where its days are billed already, or the account has ended."""
    if on_file.state in UNBILLED:
        raise FieldError("import.account_closed", number=on_file.number, state=on_file.state.replace("_", " "))
    began = customer.opened_on or context.today()
    since = on_file.unbilled_from or on_file.opened_on
    if began < since:
        raise FieldError("import.service_billed", number=on_file.number, day=since)
    on_file.services[customer.commodity] = {
        "opened_on": began,
        "payment_mode": customer.payment_mode,
        "address": customer.address,
        "area": customer.area,
        "tariffs": {customer.tariff},
    }
    return Further(on_file.id, on_file.branch_id, customer, began)


async def save(conn: AsyncConnection, context: Context, more: Sequence[Further]) -> None:
    """Write them: place, service, plan, and what a welcome gives."""
    if not more:
        return
    take = context.ids.take
    ids = [(take(), take(), take()) for _ in more]
    pairs = list(zip(ids, more, strict=True))
    await store.add_premises(
        conn, [(place, one.customer.address, one.customer.area, one.branch_id) for (place, _, _), one in pairs]
    )
    await store.add_services(
        conn,
        [
            (service_id, one.account_id, place, one.customer.commodity, one.customer.payment_mode, "active", one.began)
            for (place, service_id, _), one in pairs
        ],
    )
    await store.add_plans(
        conn, [(plan, service_id, one.customer.tariff, one.began) for (_, service_id, plan), one in pairs]
    )
    for welcome in context.operator.balances.welcome:
        fit = [
            (one.account_id, service_id)
            for (_, service_id, _), one in pairs
            if welcome.commodity in (None, one.customer.commodity)
        ]
        await grant.welcome(conn, context, welcome, fit)
