"""Callbacks shuffled, doubled and up to seven days late leave the house as those that came once and in order (reliability R5).

HODI_SEED repeats a week, HODI_CALLS sets how much happens in it in `make soak`.
"""

import os
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.care.tables import interaction
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.costs import message_cost
from core.outbox.queue import outbox
from core.parties.tables import account, contact, contact_account, sim_change
from tests.conftest import NOON
from tests.databases import Sqlite
from tests.faults.calls import SEED, brought, in_order, shuffled
from tests.faults.week import Week, phone
from tests.gateway.open_doors import open_doors
from tests.gateway.talking import a_customer

MANY = int(os.environ.get("HODI_CALLS", "20000"))
OVER = NOON + timedelta(days=15)


async def left_behind(app: App) -> dict[str, Any]:
    """Everything that lasts of a week, by names that do not depend on the order in which rows were made."""
    async with app.db.reading() as conn:
        out = (
            await conn.execute(select(outbox.c.id, outbox.c.key, outbox.c.kind, outbox.c.state, outbox.c.reason))
        ).all()
        keys = {row.id: row.key for row in out}
        people = (await conn.execute(select(contact))).all()
        names = {row.id: (row.channel, row.channel_user) for row in people}
        links = await conn.execute(
            select(contact_account.c.contact_id, account.c.number, contact_account.c.how).join(
                account, account.c.id == contact_account.c.account_id
            )
        )
        said = await conn.execute(select(interaction.c.channel, interaction.c.direction, interaction.c.text))
        spent = await conn.execute(
            select(
                message_cost.c.outbox_id, message_cost.c.channel, message_cost.c.category, message_cost.c.amount_micro
            )
        )
        moved = await conn.execute(select(sim_change.c.phone, sim_change.c.kind, sim_change.c.changed_at))
        return {
            "sent": sorted((row.key, row.state, row.reason) for row in out if row.kind == "notice"),
            "replies": sorted(row.key for row in out if row.kind == "reply"),
            "people": sorted(
                (*names[row.id], row.phone or "", row.party_id is not None, row.stopped_at is not None, row.marketing)
                for row in people
            ),
            "links": sorted((*names[row.contact_id], row.number, row.how) for row in links),
            "said": Counter(tuple(row) for row in said),
            "spent": sorted((keys[row.outbox_id], *row[1:]) for row in spent),
            "moved": sorted(tuple(row) for row in moved),
        }


@pytest.mark.parametrize("count", [60, pytest.param(MANY, marks=pytest.mark.soak)])
async def test_a_week_of_messages_and_reports_ends_the_same_in_any_order(
    sqlite_server: Sqlite, operator: Operator, settings: Settings, tmp_path: Path, count: int
) -> None:
    notices = operator.notices.model_copy(update={"prices": {"whatsapp.utility": "0.55", "sms": "0.80"}})
    operator, ends, calls = operator.model_copy(update={"notices": notices}), [], 0
    for order in ("in order", "shuffled"):
        db = Database(await sqlite_server.fresh(tmp_path))
        app = App(SetClock(NOON), operator, db, settings, follow)
        for who in range(0, 40, 2):
            await a_customer(app, number=str(7_000 + who), phone=phone(who), name=f"Customer {who}")
        folder = tmp_path / order
        folder.mkdir()
        async with open_doors(app, folder) as doors:
            week = Week(doors, random.Random(SEED), NOON)
            told = week.happens(count)
            told = in_order(told) if order == "in order" else shuffled(told, random.Random(SEED + 1))
            await brought(told, app.clock, OVER)
            ends.append(await left_behind(doors.app))
            calls = len(told)
        await db.close()
    right, after = ends
    for name, expected in right.items():
        assert after[name] == expected, f"seed {SEED}: {name} of {calls} calls"
    assert set(right["replies"]) == week.heard
    assert all(state in ("delivered", "failed") for _, state, _ in right["sent"])
