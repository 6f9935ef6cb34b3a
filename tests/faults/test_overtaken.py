"""A word that overtook another: each of the orders that a shuffled week once got wrong, by itself (test_shuffled.py has them all at once)."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.costs import message_cost
from core.outbox.delivery_reports import catch_up
from core.outbox.queue import enqueue, outbox
from core.parties.contacts import find
from core.parties.tables import contact_account
from tests.conftest import NOON
from tests.doubles.meta import webhook
from tests.gateway.open_doors import Doors, open_doors
from tests.gateway.talking import a_customer
from tests.gateway.test_doors import tg, wa_text


@pytest.fixture
async def doors(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Doors]:
    notices = operator.notices.model_copy(update={"prices": {"whatsapp.utility": "0.55"}})
    app = App(clock, operator.model_copy(update={"notices": notices}), sqlite_db, settings, follow)
    async with open_doors(app, tmp_path) as opened:
        yield opened


async def test_an_older_message_does_not_link_a_number_that_its_chat_has_left(doors: Doors) -> None:
    await a_customer(doors.app)
    system = {"type": "user_changed_number", "wa_id": "254799999999", "body": "A changed"}
    await doors.whatsapp(webhook(wa_text("", "wamid.2", type="system", system=system)))
    await doors.whatsapp(webhook(wa_text("hi", "wamid.1")))
    async with doors.app.db.reading() as conn:
        chat = await find(conn, "whatsapp", "254712345678")
        assert chat is not None
        assert (chat.phone, chat.party_id) == (None, None)
        links = select(contact_account.c.account_id).where(contact_account.c.contact_id == chat.id)
        assert (await conn.execute(links)).first() is None


def member(number: int, status: str, seconds: int) -> bytes:
    me: dict[str, Any] = {"id": 110, "is_bot": True, "first_name": "M"}
    new = {"user": me, "status": status} | ({"until_date": 0} if status == "kicked" else {})
    change = {
        "chat": {"id": 1001, "type": "private", "first_name": "A"},
        "date": int(NOON.timestamp()) + seconds,
        "from": {"id": 1001, "is_bot": False, "first_name": "A"},
        "old_chat_member": {"user": me, "status": "member"},
        "new_chat_member": new,
    }
    return json.dumps({"update_id": number, "my_chat_member": change}).encode()


async def test_a_block_and_its_end_leave_no_consent_to_campaigns_in_either_order(doors: Doors, clock: SetClock) -> None:
    await doors.telegram(tg(1, text="START", date=int(NOON.timestamp())))
    clock.forward(timedelta(minutes=1))
    for raw in (member(3, "member", 20), member(2, "kicked", 10)):
        assert (await doors.telegram(raw)).status == 200
    async with doors.app.db.reading() as conn:
        found = await find(conn, "telegram", "1001")
    assert found is not None
    assert (found.stopped_at, found.marketing) == (None, False)


@pytest.mark.parametrize(("status", "rows"), [("delivered", 1), ("sent", 0)])
async def test_what_a_message_cost_is_kept_with_a_report_that_came_early(doors: Doors, status: str, rows: int) -> None:
    pricing = {"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"}
    said = {
        "id": "wamid.OUT1",
        "status": status,
        "timestamp": "1795300000",
        "recipient_id": "254712345678",
        "pricing": pricing,
    }
    await doors.whatsapp(webhook({"statuses": [said]}))
    async with doors.app.db.writing() as conn:
        await enqueue(
            conn, doors.app, key="k", kind="notice", template="reply.text", params={"text": "x"}, channel="whatsapp"
        )
        await conn.execute(update(outbox).values(state="sent", provider_ref="wamid.OUT1"))
        await catch_up(conn, doors.app, ["wamid.OUT1"])
        assert len((await conn.execute(select(message_cost))).all()) == rows
