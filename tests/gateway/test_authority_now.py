"""Authority now, not then: who lost the account reads and does nothing more, in the middle of a conversation, on every channel."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox import queue
from core.parties import unlink
from core.parties.tables import account, contact, contact_account
from core.payments.tables import payment_request
from dialogs.channel_matrix import CHANNELS
from tests.gateway.admin.seats import sit
from tests.gateway.conftest import World
from tests.gateway.test_every_verb_on_every_channel import link, town
from tests.gateway.test_flows import rows
from tests.gateway.ways import Dial, Way

TALKS = [channel for channel in CHANNELS if channel != "page"]
"""Her own pages ask for her phone again: `tests/gateway/pages/test_me.py`."""


async def _begun(she: Way) -> None:
    """Up to the last yes of a payment."""
    if she.stranger:
        await link(she)
    await she.go("pay", "Pay")
    await she.choose("Pay all by link")


async def _parted(she: Way, how: str) -> list[dict[str, object]]:
    """The link is taken away; what it was."""
    async with she.doors.app.db.writing() as conn:
        links = [dict(row) for row in (await conn.execute(select(contact_account))).mappings()]
        for one in links:
            if how == "parted":
                await unlink.part(conn, she.doors.app, int(one["contact_id"]), int(one["account_id"]))
        await conn.execute(delete(contact_account))
    return links


@pytest.mark.parametrize("channel", TALKS)
async def test_in_the_middle_of_a_conversation_the_next_word_reads_and_does_nothing(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path, channel: str
) -> None:
    clock.instant = datetime(2026, 3, 19, 9, tzinfo=UTC)
    app = App(clock, operator, sqlite_db, settings, follow)
    async with town(app, tmp_path, channel) as she:
        await _begun(she)
        assert "KES" in she.screen + str(she.options), she.screen
        before, key = (
            await rows(app, payment_request),
            next(key for label, key in she.options.items() if label.startswith("Yes")),
        )
        await _parted(she, "deleted")
        await she.press(key)
        assert "KES" not in she.screen and "We cannot find that any more" in she.screen, she.screen
        assert await rows(app, payment_request) == before


@pytest.mark.parametrize("channel", ["ussd", "sms", "whatsapp"])
async def test_a_link_that_went_and_came_back_does_not_bring_the_conversation_back(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path, channel: str
) -> None:
    """Another hand may have held the phone meanwhile: a PIN proven before it, and a question half answered, are over."""
    clock.instant = datetime(2026, 3, 19, 9, tzinfo=UTC)
    app = App(clock, operator, sqlite_db, settings, follow)
    async with town(app, tmp_path, channel) as she:
        await _begun(she)
        before, key = (
            await rows(app, payment_request),
            next(key for label, key in she.options.items() if label.startswith("Yes")),
        )
        links = await _parted(she, "parted")
        async with app.db.writing() as conn:
            await conn.execute(insert(contact_account).values(links))
        await she.press(key)
        assert "We cannot find that any more" in she.screen, she.screen
        assert await rows(app, payment_request) == before
        await _begun(she)
        assert "KES" in she.screen + str(she.options), "she begins anew, and may"


async def test_a_dropped_dial_is_not_continued_by_who_lost_the_account(
    app: App, clock: SetClock, tmp_path: Path
) -> None:
    clock.instant = datetime(2026, 3, 19, 9, tzinfo=UTC)
    async with town(app, tmp_path, "ussd") as she:
        assert isinstance(she, Dial)
        await _begun(she)
        await _parted(she, "parted")
        she.screen = await she.phone.dial("another")
        assert "KES" not in she.screen and "Continue" not in she.screen, she.screen


async def test_what_waits_to_leave_for_who_lost_the_account_does_not_leave(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> None:
    clock.instant = datetime(2026, 3, 19, 9, tzinfo=UTC)
    app = App(clock, operator, sqlite_db, settings, follow)
    async with town(app, tmp_path, "sms") as she:
        await she.type("BAL")
        [link_row] = [
            row for row in await rows(app, contact_account) if row.account_id == (await _account(app, "1001"))
        ]
        async with app.db.writing() as conn:
            for name in ("kept", "lost"):
                await queue.enqueue(
                    conn,
                    app,
                    key=name,
                    kind="reply",
                    template="reply.text",
                    params={"text": "You owe KES 100"},
                    channel="sms",
                    contact_id=link_row.contact_id,
                    account_id=link_row.account_id if name == "lost" else None,
                    priority=1,
                )
            await unlink.part(conn, app, link_row.contact_id, link_row.account_id)
        await she.doors.sent()
        states = {row.key: (row.state, row.reason) for row in await rows(app, queue.outbox)}
        assert states["lost"] == ("dropped", "nobody to send it to")
        assert states["kept"][0] != "dropped"


async def test_a_clerk_takes_a_phone_off_an_account_and_not_the_phone_of_record(world: World) -> None:
    app, hers = world.app, world.nakuru
    async with app.db.writing() as conn:
        row = {
            "contact_id": world.kisumu.contact_id,
            "account_id": hers.account_id,
            "linked_at": app.clock.now(),
            "how": "pin",
        }
        await conn.execute(insert(contact_account).values(row))
    clerk, path = await sit(world.client, app, "clerk", "nakuru"), f"/console/accounts/{hers.account_id}/links"
    assert await clerk.post(path, contact=str(hers.contact_id)) == 409
    assert await clerk.post(path, contact=str(world.kisumu.contact_id)) == 303
    assert await clerk.post(path, contact=str(world.kisumu.contact_id)) == 404
    async with app.db.reading() as conn:
        kept = await conn.scalar(select(contact.c.parted_at).where(contact.c.id == world.kisumu.contact_id))
    assert kept == app.clock.now(), "what it had open is over"


async def _account(app: App, number: str) -> int:
    async with app.db.reading() as conn:
        return int((await conn.execute(select(account.c.id).where(account.c.number == number))).scalar_one())
