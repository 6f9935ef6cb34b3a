"""A direct debit from the first word to the provider's yes, by chat and by dial; and money that is asked after by its number."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import update

from core.care.tables import ticket
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.payments import mandates
from core.payments.model import ReceiptIn
from core.payments.receive import apply
from core.payments.tables import allocation, mandate, payment_request, receipt
from gateway.app_keys import TURNS
from tests.gateway.open_doors import open_doors
from tests.gateway.payments_at_work import Work, at_work
from tests.gateway.talking import a_customer
from tests.gateway.test_flows import a_bill, rows
from tests.gateway.ways import Dial, WhatsApp, with_pages


@dataclass
class Town:
    work: Work
    account_id: int
    chat: WhatsApp
    dial: Dial


@pytest.fixture
async def town(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Town]:
    app = App(clock, operator, sqlite_db, settings, follow)
    made = await a_customer(app)
    await a_bill(app, made.account_id)
    async with at_work(app) as work, open_doors(work.app, tmp_path, with_pages) as doors:
        yield Town(work, made.account_id, WhatsApp(doors, "whatsapp"), Dial(doors, "ussd"))


async def invited(town: Town) -> str:
    """By dial; the address stands in an SMS."""
    await town.dial.go("debit", "Pay", "Collect every bill", "Yes")
    *_, sms = [row for row in await rows(town.work.app, outbox) if row.channel == "sms"]
    found = re.search(r"/d/[\w-]{22}$", sms.params["text"])
    assert found
    return found[0]


async def state(town: Town) -> list[str]:
    return [row.state for row in await rows(town.work.app, mandate)]


@pytest.mark.parametrize(("pressed", "becomes"), [("pay", "active"), ("decline", "failed")])
async def test_they_agree_on_the_providers_page_and_only_then_it_holds(town: Town, pressed: str, becomes: str) -> None:
    path, client = await invited(town), town.dial.doors.client
    seen = await (await client.get(path)).text()
    assert "May Mwangaza collect every bill when it is due?" in seen
    assert "1001" not in seen
    assert await state(town) == [], "a look begins nothing"
    sent = await client.post(path, allow_redirects=False)
    assert (sent.status, await state(town)) == (303, ["pending"])
    answer = await town.work.http.post(sent.headers["Location"], data={"decision": pressed}, allow_redirects=False)
    assert answer.status == 303
    await town.work.idle()
    assert await state(town) == [becomes]


async def test_a_link_that_was_used_or_ran_out_or_is_nobody_s_says_so(town: Town) -> None:
    path, client, app = await invited(town), town.dial.doors.client, town.work.app
    for wrong in ("/d/" + "x" * 22, "/d/x", "/p/" + path[3:]):
        assert (await client.get(wrong)).status == 404
    async with app.db.writing() as conn:
        reference = await mandates.create(conn, app, town.account_id, masked="bank ****1234", actor="test")
        await mandates.activate(conn, app, reference, actor="test")
    given = await client.post(path)
    assert (given.status, "bank ****1234" in await given.text()) == (200, True)
    async with app.db.writing() as conn:
        await mandates.cancel(conn, app, reference, actor="test")
        await conn.execute(update(payment_request).values(expires_at=app.clock.now()))
    assert (await client.get(path)).status == 410
    assert (await client.post(path)).status == 410
    assert await state(town) == ["cancelled"]


async def test_a_provider_without_a_page_leads_to_a_person(town: Town) -> None:
    app = town.work.app
    rules = app.operator.payments.model_copy(update={"mandates": "sepa"})
    turns = town.chat.doors.client.app[TURNS]
    turns.app = replace(app, operator=app.operator.model_copy(update={"payments": rules}))
    await town.chat.go("pay")
    assert "Collect every bill" not in town.chat.options
    await town.chat.go("debit")
    assert "no page for a direct debit" in town.chat.screen
    assert "Talk to a person" in town.chat.options


async def came(town: Town, txn: str, reference: str) -> None:
    app = town.work.app
    got = ReceiptIn("bank", txn, "bank_transfer", 100_00, "KES", app.clock.now(), reference=reference)
    async with app.db.writing() as conn:
        await apply(conn, app, got)


async def test_money_nobody_claimed_becomes_theirs_once_and_pays_their_bill(town: Town) -> None:
    await came(town, "QWE123XYZ", "NOBODY")
    assert "We hold KES 100 of 10 Mar 12:00" in await town.chat.type("PAID qwe123xyz")
    await town.chat.choose("Yes")
    assert "KES 100 is on your account now" in town.chat.screen
    await town.chat.type("I paid QWE123XYZ")
    assert "We have KES 100 of 10 Mar 12:00. It is on your account." in town.chat.screen
    assert [row.amount_minor for row in await rows(town.work.app, allocation)] == [100_00]
    await town.chat.go("paid")
    assert "KES 100, 10 Mar 12:00: arrived" in town.chat.screen


async def test_a_payment_we_cannot_see_is_looked_for_by_a_person_once(town: Town) -> None:
    for _ in range(2):
        await town.dial.go("paid", "Pay", "I paid already", "I have its number")
        assert "4 to 40 letters" in await town.dial.type("?")
        await town.dial.type("ABC 999")
        assert "We do not see ABC999 yet" in town.dial.screen
        await town.dial.choose("Yes")
    [opened] = await rows(town.work.app, ticket)
    assert (opened.kind, opened.description, opened.account_id) == ("payment", "ABC999", town.account_id)
    assert opened.reference in town.dial.screen


async def test_another_customers_payment_is_not_there_for_them(town: Town) -> None:
    await a_customer(town.work.app, number="1002", phone="+254700000002")
    await came(town, "HERS1", "1002")
    await town.chat.type("PAID HERS1")
    assert "We do not see HERS1 yet" in town.chat.screen
    assert [row.state for row in await rows(town.work.app, receipt)] == ["placed"]
