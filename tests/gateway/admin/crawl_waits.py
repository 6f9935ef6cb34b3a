"""For the crawl: one of each thing that waits for a person (months, readings, outages, airtime, spellings), of a customer of a branch."""

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import cycle
from core.care import outages
from core.catalog import store as catalog
from core.context import App
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.metering.tables import meter, reading
from core.parties.tables import account, contact, contact_account, premise, service_plan
from core.rewards import store
from core.rewards.model import ASSET, EARNED
from core.rewards.tables import redemption
from tests.gateway.world import Customer

RENT = """
tariff: crawl
valid_from: 2020-01-01
currency: KES
name: {en: Rent}
charges: [{code: rent, type: fixed, price: "50.00", per: period}]
"""
MONTHS = ("month", "month2", "month3")
READINGS = ("reading", "reading2", "reading3", "reading4")


async def a_tariff(app: App, folder: Path) -> None:
    """What the months that wait are billed by."""
    (folder / "crawl.yaml").write_text(RENT)
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, folder)


async def waiting(conn: AsyncConnection, app: App, theirs: Customer, service_id: int) -> dict[str, Any]:
    """Texts by kind; `area` is no id."""
    row = (
        await conn.execute(select(account.c.number, account.c.branch_id).where(account.c.id == theirs.account_id))
    ).one()
    made: dict[str, Any] = {"area": f"Hill {row.number}"}
    await conn.execute(update(premise).where(premise.c.branch_id == row.branch_id).values(area=made["area"]))
    made |= await _months(conn, app, theirs.account_id, service_id)
    made |= await _readings(conn, app, row.number, service_id)
    made |= await _spellings(conn, app, theirs.account_id, row.number)
    made |= await _orders(conn, app, theirs.account_id)
    for name, supply in (("outage", "water"), ("outage2", "internet")):
        began = await outages.begin(conn, app, commodity=supply, area=made["area"], cause="a pole", actor="user:ann")
        made[name] = began.id
    return made


async def _months(conn: AsyncConnection, app: App, account_id: int, service_id: int) -> dict[str, int]:
    plan = {"id": app.ids.take(), "service_id": service_id, "tariff": "crawl", "from_date": date(2025, 1, 1)}
    await conn.execute(insert(service_plan).values(**plan))
    made = {}
    for name, at in zip(MONTHS, (9, 10, 11), strict=True):
        made[name] = app.ids.take()
        days = {"from_date": date(2025, at, 1), "to_date": date(2025, at + 1, 1)}
        await conn.execute(
            insert(cycle).values(id=made[name], account_id=account_id, state="parked", reason="no tariff", **days)
        )
    return made


async def _readings(conn: AsyncConnection, app: App, number: str, service_id: int) -> dict[str, int]:
    made = {}
    for name in READINGS:
        made[name], hung = app.ids.take(), app.ids.take()
        values = {"code": "hand", "unit": "m3", "kind": "register", "dials": 6, "multiplier_micro": 1_000_000}
        await conn.execute(
            insert(meter).values(
                id=hung, serial=f"{name}-{number}", service_id=service_id, installed_on=date(2026, 1, 1), **values
            )
        )
        held = {
            "register": "",
            "read_on": date(2026, 3, 1),
            "value_micro": 90_000_000,
            "source": "field",
            "revision": 0,
        }
        await conn.execute(
            insert(reading).values(
                id=made[name], meter_id=hung, state="held", reason="odd", received_at=app.clock.now(), **held
            )
        )
    return made


async def _spellings(conn: AsyncConnection, app: App, account_id: int, number: str) -> dict[str, int]:
    """Two pairs: a Mexican mobile as it is written today, and as it was."""
    made = {}
    for pair in ("", "2"):
        for name, before in (("side", "+52"), ("other_side", "+521")):
            phone = f"{before}55{pair or 1}000{number[-4:]}"
            made[name + pair] = app.ids.take()
            await conn.execute(
                insert(contact).values(
                    id=made[name + pair],
                    channel="phone",
                    channel_user=phone,
                    phone=phone,
                    language="en",
                    marketing=False,
                    created_at=app.clock.now(),
                )
            )
            linked = {"contact_id": made[name + pair], "account_id": account_id, "how": "code"}
            await conn.execute(insert(contact_account).values(linked_at=app.clock.now(), **linked))
    return made


async def _orders(conn: AsyncConnection, app: App, account_id: int) -> dict[str, int]:
    """Airtime for points, of which nobody knows whether it arrived."""
    earned = Posting(Book("points_issued"), Book("points", account_id), 500, ASSET, EARNED)
    await post(conn, app, key=f"earn:{account_id}", kind="points", booked_on=app.today(), postings=[earned])
    made = {}
    for name in ("order", "order2"):
        key = f"{name}:{account_id}"
        one = await store.reserve(
            conn, app, key=key, account_id=account_id, kind="airtime", points=100, amount=5_000, phone="+254712345678"
        )
        made[name] = one.id
    await conn.execute(update(redemption).where(redemption.c.id.in_(made.values())).values(state="unknown"))
    return made
