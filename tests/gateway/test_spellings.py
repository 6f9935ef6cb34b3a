"""One subscriber, several spellings: known again by each, shown to a person where two are on file, and joined by nobody else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import web

from core.care.tables import interaction
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.parties import consent, contacts
from core.parties import queries as parties
from core.parties.tables import contact
from core.phone import subscriber
from gateway.admin import routes as ops
from tests.doubles.meta import webhook
from tests.gateway.admin.console import Browser, signed_in
from tests.gateway.open_doors import SECRET, Doors, open_doors
from tests.gateway.talking import HOOKS, Phone, a_customer
from tests.gateway.test_flows import rows

SPELLINGS = [
    ("+525512345678", "+5215512345678"), ("+541123456789", "+5491123456789"), ("+5511987654321", "+551187654321"),
    ("+2250707123456", "+22507123456"), ("+2250504123456", "+22504123456"), ("+2250101123456", "+22501123456"),
    ("+2250749123456", "+22549123456"), ("+2252720212223", "+22520212223"), ("+2252520012223", "+22520012223"),
    ("+2290197123456", "+22997123456"), ("+84362765432", "+841662765432"), ("+84792765432", "+841212765432"),
    ("+237677123456", "+23777123456"), ("+237222123456", "+23722123456"), ("+23057123456", "+2307123456"),
    ("+24166123456", "+24106123456"), ("+24177123456", "+2417123456"),
]  # fmt: skip


def with_console(web_app: web.Application) -> None:
    ops.setup(web_app)
    web_app.add_routes(ops.routes())


@pytest.fixture
async def doors(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Doors]:
    async with open_doors(App(clock, operator, sqlite_db, settings, follow), tmp_path, with_console) as opened:
        yield opened


async def sms(doors: Doors, sender: str, number: int = 1, text: str = "BAL") -> str:
    form = {"from": sender, "id": f"m{number}", "text": text, "to": "40400", "date": "2026-03-10 09:00:00"}
    assert (await doors.client.post(f"{HOOKS}/sms", data=form)).status == 200
    return str((await rows(doors.app, outbox))[-1].params["text"])


@pytest.mark.parametrize(("today", "before"), SPELLINGS)
@pytest.mark.parametrize("turned", [False, True])
async def test_who_is_on_file_under_one_spelling_is_known_by_the_other_on_every_channel(
    turned: bool, today: str, before: str, doors: Doors
) -> None:
    on_file, heard = (before, today) if turned else (today, before)
    await a_customer(doors.app, phone=on_file)
    assert (await sms(doors, heard)).startswith("Account 1001")
    query = urlencode({"from": heard[1:], "to": "20880", "id": "k1", "ts": "1772000000", "coding": "0"})
    await doors.client.post(f"/hooks/kannel/{SECRET}/sms?{query}", data=b"BAL")
    assert "You owe nothing" in await Phone(doors.client, heard).dial()
    told = {"id": "wamid.1", "from": heard[1:], "timestamp": "1772000000", "type": "text", "text": {"body": "BAL"}}
    await doors.whatsapp(webhook({"messages": [told]}))
    assert [row.params["text"][:12] for row in await rows(doors.app, outbox)] == ["Account 1001"] * 3
    assert sorted(row.channel for row in await rows(doors.app, contact)) == ["phone", "whatsapp"]
    assert [row.channel_user for row in await rows(doors.app, contact) if row.channel == "phone"] == [on_file]


@pytest.mark.parametrize(
    "phone", ["+254712345678", "+551132345678", "+5255123456", "+525112345678", "+2250707123456", "+84287654321", "+15551234567", "+2302012345"]
)  # fmt: skip
def test_a_number_with_one_spelling_stays_what_it_is(phone: str) -> None:
    assert subscriber(phone) == phone


async def test_a_stop_from_one_spelling_holds_for_the_other(doors: Doors) -> None:
    await a_customer(doors.app, phone="+525512345678")
    await sms(doors, "+5215512345678", text="STOP")
    async with doors.app.db.reading() as conn:
        found = await contacts.find(conn, "sms", "+525512345678")
    assert found is not None and found.stopped_at is not None
    assert (await doors.client.post(f"{HOOKS}/optout", data={"phoneNumber": "5215512345678"})).status == 200
    assert len(await rows(doors.app, contact)) == 1


async def test_who_wrote_before_they_were_a_customer_is_theirs_under_either_spelling(
    doors: Doors, clock: SetClock
) -> None:
    await sms(doors, "+5215512345678", text="hello")
    clock.forward(timedelta(hours=25))
    await a_customer(doors.app, phone="+525512345678")
    assert (await sms(doors, "+5215512345678", 2)).startswith("Account 1001")
    assert (await sms(doors, "+525512345678", 3)).startswith("Account 1001")
    assert len(await rows(doors.app, contact)) == 1


NATIONAL = [
    ("0712345678", "+254712345678"),
    ("712345678", "+254712345678"),
    ("254712345678", "+254712345678"),
    ("00254712345678", "+254712345678"),
]


@pytest.mark.parametrize(("said", "meant"), NATIONAL)
async def test_a_national_number_from_a_network_is_the_operators_countrys(said: str, meant: str, doors: Doors) -> None:
    await a_customer(doors.app, phone=meant)
    query = urlencode({"from": said, "to": "20880", "id": "k1", "ts": "1772000000", "coding": "0"})
    assert (await doors.client.post(f"/hooks/kannel/{SECRET}/sms?{query}", data=b"BAL")).status == 200
    assert (await sms(doors, said, 2)).startswith("Account 1001")
    assert [row.channel_user for row in await rows(doors.app, contact)] == [meant]
    assert (await doors.client.post(f"{HOOKS}/optout", data={"phoneNumber": said})).status == 200
    async with doors.app.db.reading() as conn:
        found = await contacts.find(conn, "sms", meant)
    assert found is not None and found.stopped_at is not None


@pytest.mark.parametrize("sender", ["MPESA", "40222", "Safaricom"])
async def test_a_name_or_a_short_code_is_a_machine_that_no_answer_reaches(sender: str, doors: Doors) -> None:
    form = {"from": sender, "id": "m1", "text": "You have 3 MB left", "to": "40400", "date": "2026-03-10 09:00:00"}
    assert (await doors.client.post(f"{HOOKS}/sms", data=form)).status == 200
    assert await rows(doors.app, outbox) == []
    assert [row.text for row in await rows(doors.app, interaction)] == ["[You have 3 MB left]"]


async def two_on_file(doors: Doors) -> Browser:
    await a_customer(doors.app, phone="+525512345678")
    await a_customer(doors.app, phone="+5215512345678", number="1002", name="Otieno Odhiambo")
    return await signed_in(doors.client, doors.app)


async def accounts(doors: Doors, user: str) -> list[str]:
    async with doors.app.db.reading() as conn:
        found = await contacts.find(conn, "sms", user)
        assert found is not None
        return [one.number for one in await parties.accounts_of(conn, found.id)]


async def test_two_on_file_keep_their_accounts_and_are_shown_until_somebody_says_that_they_are_one(
    doors: Doors,
) -> None:
    browser = await two_on_file(doors)
    assert (await accounts(doors, "+525512345678"), await accounts(doors, "+5215512345678")) == (["1001"], ["1002"])
    page = await browser.get("/console/spellings")
    assert all(one in page for one in ("1001", "1002", "Otieno Odhiambo", "+525512345678", "+5215512345678"))
    one, other = [row.id for row in sorted(await rows(doors.app, contact), key=lambda row: row.id)]
    async with doors.app.db.writing() as conn:
        await consent.stop(conn, doors.app, other, channel="sms", word="STOP")
    await browser.post(f"/console/spellings/{one}/{other}", 400, do="")
    assert "No number stands here" in await browser.post(f"/console/spellings/{one}/{other}", do=str(one))
    assert await accounts(doors, "+5215512345678") == await accounts(doors, "+525512345678") == ["1001", "1002"]
    async with doors.app.db.reading() as conn:
        found = await contacts.find(conn, "sms", "+5215512345678")
    assert found is not None and (found.id, found.stopped_at is not None) == (one, True)
    await browser.post(f"/console/spellings/{one}/{other}", 404, do="apart")


async def test_two_people_are_left_apart_and_not_asked_about_again(doors: Doors) -> None:
    browser = await two_on_file(doors)
    one, other = [row.id for row in sorted(await rows(doors.app, contact), key=lambda row: row.id)]
    assert "No number stands here" in await browser.post(f"/console/spellings/{one}/{other}", do="apart")
    assert (await accounts(doors, "+525512345678"), await accounts(doors, "+5215512345678")) == (["1001"], ["1002"])


async def test_a_pair_of_another_branch_is_not_there(doors: Doors) -> None:
    await a_customer(doors.app, phone="+525512345678", branch="nakuru")
    await a_customer(doors.app, phone="+5215512345678", number="1002", branch="kisumu")
    one, other = [row.id for row in sorted(await rows(doors.app, contact), key=lambda row: row.id)]
    browser = await signed_in(doors.client, doors.app, "clerk", "nakuru")
    assert "No number stands here" in await browser.get("/console/spellings")
    for do in ("apart", str(one), str(other)):
        await browser.post(f"/console/spellings/{one}/{other}", 404, do=do)
    await a_customer(doors.app, phone="+541123456789", number="1003", branch="nakuru")
    await a_customer(doors.app, phone="+5491123456789", number="1004", branch="nakuru")
    page = await browser.get("/console/spellings")
    assert "1003" in page and "1004" in page and "1002" not in page
