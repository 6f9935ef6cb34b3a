"""Whatever a customer can do, they can do on every channel, or `dialogs/channel_matrix.py` says why not. The guide publishes the same table.

For each channel one house is built and one customer walks through all verbs by that channel's real route. A verb has worked when what
it is for has happened: a row stands in the books, or the very figures stand before them.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from core.balances import grant
from core.care import media_files
from core.care.tables import dispute, media, talk, ticket
from core.catalog import store as catalog
from core.clock import SetClock
from core.collections.tables import arrangement
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.metering.store.readings import Read, record
from core.metering.tables import reading
from core.onboarding.model import NewMeter
from core.outbox.queue import outbox
from core.parties import identity
from core.parties.tables import account, contact, contact_account
from core.payments import mandates, receive
from core.payments.model import ReceiptIn
from core.payments.tables import attempt, payment_request, receipt
from core.rewards import earn
from core.rewards.model import PaidBill
from core.rewards.tables import redemption
from core.vending.tables import vend
from dialogs.channel_matrix import CHANNELS, REASONS, VERBS, table
from tests.bills.test_kenya import PREPAID
from tests.gateway.open_doors import open_doors
from tests.gateway.talking import WANJIKU, a_customer
from tests.gateway.test_flows import TOTAL, a_bill, rows
from tests.gateway.ways import WAYS, Way, with_pages

KWH = 1_000_000
METER = NewMeter("04123456784", kind="register", interval_minutes=None, installed_on=date(2025, 1, 1))
PICTURE = b"\xff\xd8\xff\xe0" + b"meter" * 9
Verb = Callable[[Way], Awaitable[None]]


async def last(they: Way, of: Any) -> Any:
    found = await rows(they.doors.app, of)
    assert found, f"no {of.name} was written; they read: {they.screen!r}"
    return found[-1]


async def me_now(they: Way) -> Any:
    """Their contact as it stands."""
    filed = {"whatsapp": "whatsapp", "telegram": "telegram", "webchat": "webchat", "email": "email"}
    async with they.doors.app.db.reading() as conn:
        query = select(contact).where(contact.c.channel == filed.get(they.channel, "phone"))
        return (await conn.execute(query.order_by(contact.c.created_at, contact.c.id))).first()


def says(they: Way, *words: str) -> None:
    told = " ".join(they.screen.split())
    for one in words:
        assert one in told, f"{one!r} is not in {told!r}"


async def balance(they: Way) -> None:
    await they.go("balance", "Balance")
    says(they, "Account 1001", "You owe KES 1,234.50")


async def bundles(they: Way) -> None:
    await they.go("balance", "Balance")
    says(they, "Data: 1 GB (as of 19 Mar")


async def bills(they: Way) -> None:
    await they.go("bill", "My bill")
    await they.choose("28 Feb: KES 1,234.50", "See the lines")
    assert "Fuel: KES 234.50" in they.options


async def pay_by_link(they: Way) -> None:
    await they.go("pay", "Pay")
    await they.choose("Pay all by link", "Yes")
    link = await last(they, payment_request)
    assert link.kind == "paylink"
    texts = [row.params["text"] for row in await rows(they.doors.app, outbox) if row.channel == "sms"]
    assert f"/p/{link.token}" in they.screen + str(texts)


async def pay_by_prompt(they: Way) -> None:
    await they.go("pay", "Pay")
    await they.choose("Pay all from this phone", "Yes")
    asked = await last(they, attempt)
    assert (asked.method, asked.amount_minor, asked.phone) == ("mobile_push", TOTAL, WANJIKU)
    async with they.doors.app.db.writing() as conn:
        await conn.execute(update(attempt).values(state="expired"))  # they did not answer it


async def paid(they: Way) -> None:
    await they.go("paid", "Pay", "I paid already")
    await they.choose("I have its number")
    await they.type("qwe 123 xyz")
    says(they, "We hold KES 100 of 19 Mar")
    await they.choose("Yes")
    says(they, "KES 100 is on your account now")
    [found] = await rows(they.doors.app, receipt)
    assert found.state == "placed"


async def debit(they: Way) -> None:
    app = they.doors.app
    await they.go("debit", "Pay", "Collect every bill")
    await they.choose("Yes")
    invited = await last(they, payment_request)
    texts = [row.params["text"] for row in await rows(app, outbox) if row.channel == "sms"]
    assert (invited.kind, f"/d/{invited.token}" in they.screen + str(texts)) == ("mandate", True)
    async with app.db.writing() as conn:
        reference = await mandates.create(conn, app, invited.account_id, masked="bank ****1234", actor="test")
        await mandates.activate(conn, app, reference, actor="test")
    await they.go("debit", "Pay", "Collect every bill")
    says(they, "collected from bank ****1234")
    await they.choose("End it", "Yes")
    async with app.db.reading() as conn:
        assert await mandates.active_for(conn, [invited.account_id]) == {}
    assert "forget" in {row.kind for row in await rows(they.doors.app, outbox)}, "its provider is told"


async def ahead(they: Way) -> None:
    await they.go("balance", "Balance")
    await they.choose("What next")
    says(they, "is overdue. On")
    assert "Pay in parts" in they.options


async def later(they: Way) -> None:
    await they.go("arrange", "Pay", "Pay later")
    await they.choose("2", "Yes")
    assert (await last(they, arrangement)).state == "running"


async def disputed(they: Way) -> None:
    await they.go("bill", "My bill")
    await they.choose("28 Feb", "See the lines", "Fuel", "It is too high", "Yes")
    assert (await last(they, dispute)).amount_minor == 234_50
    says(they, (await last(they, ticket)).reference)


async def price(they: Way) -> None:
    await they.go("price", "More", "What will I pay")
    await they.type("180")
    says(they, "180 kWh in a month cost KES 3,", "energy: KES")


async def plan(they: Way) -> None:
    await they.go("plan", "More", "My account", "My plan")
    says(they, "Electricity: ")


async def numbers(they: Way) -> None:
    await they.go("numbers", "More", "My account", "My numbers")
    says(they, "Account 1001", "Meter 04123456784")


async def read(they: Way) -> None:
    await they.go("reading", "More", "Meter reading")
    says(they, "Last: 1100 kWh")
    await they.type("1130")
    await they.choose("Yes")
    theirs = [row for row in await rows(they.doors.app, reading) if row.source == "customer"]
    assert [(row.value_micro, row.state) for row in theirs] == [(1130 * KWH, "accepted")]


async def photo(they: Way) -> None:
    await they.home()
    says_of = getattr(they, "picture", None)
    assert says_of, "no picture can be sent here"
    await says_of(PICTURE)
    says(they, "We have your picture")
    await they.choose("My meter")
    assert (await last(they, ticket)).kind == "meter_read"
    await they.doors.sent()
    kept = await last(they, media)
    assert (kept.state, kept.type) == ("kept", "image/jpeg")
    assert media_files.get(they.doors.app.settings.media_path, kept.sha256) == PICTURE


async def top_up(they: Way) -> None:
    await they.go("top_up", "More", "Buy units")
    await they.choose("For my meter")
    await they.type("500")
    await they.choose("Yes")
    bought = await last(they, vend)
    assert (bought.serial, bought.amount_minor, bought.phone) == (METER.serial, 500_00, WANJIKU)


async def points_kwh(they: Way) -> None:
    await they.go("rewards", "Points")
    await they.choose("Free", "2 kWh", "Yes")
    assert ((await last(they, redemption)).kind, (await last(they, redemption)).points) == ("kwh", 40)


async def points_airtime(they: Way) -> None:
    await they.go("rewards", "Points")
    await they.choose("Airtime", "KES 10", "Yes")
    assert ((await last(they, redemption)).kind, (await last(they, redemption)).points) == ("airtime", 10)


async def fault(they: Way) -> None:
    await they.go("fault", "Report a fault")
    await they.choose("No supply", "Yes")
    opened = await last(they, ticket)
    assert opened.kind == "no_supply"
    says(they, opened.reference)


async def tickets(they: Way) -> None:
    await they.go("tickets", "More", "My reports")
    first = next(row for row in await rows(they.doors.app, ticket) if row.kind == "no_supply")
    await they.choose(first.reference)
    says(they, "being worked on")


async def person(they: Way) -> None:
    await they.go("agent", "More", "Talk to a person")
    if they.channel in ("ussd", "sms", "kannel", "page"):
        await they.press("1")
        await they.choose("Yes")
        assert (await last(they, ticket)).kind == "call_back"
        return
    await they.type("my bill")
    assert ((await last(they, talk)).state, (await last(they, talk)).about) == ("waiting", "my bill")
    await they.type("00")
    assert (await last(they, talk)).state == "over"


async def language(they: Way) -> None:
    await they.go("language", "More", "My account", "Language")
    await they.choose("Kiswahili")
    assert (await me_now(they)).language == "sw"
    await they.go("language", "Zaidi", "Akaunti yangu", "Lugha")
    await they.choose("English")
    assert (await me_now(they)).language == "en"


async def offers(they: Way) -> None:
    await they.go("consent", "More", "My account", "Messages")
    wanted = not (await me_now(they)).marketing
    await they.choose("Offers too" if wanted else "No more offers", "Yes")
    assert (await me_now(they)).marketing == wanted


async def messages(they: Way) -> None:
    await they.go("stop", "More", "My account", "Messages", "Stop messages")
    assert (await me_now(they)).stopped_at
    await they.go("start", "More", "My account", "Messages", "Start messages")
    assert (await me_now(they)).stopped_at is None


async def pin(they: Way) -> None:
    await they.home()
    await they.choose("More", "My account", "Set or reset my PIN")
    await they.press("1")
    await they.type(await they.code())
    await they.type("2580")
    await they.type("2580")
    theirs = (await rows(they.doors.app, account))[0].party_id
    who = (await me_now(they)).id
    async with they.doors.app.db.writing() as conn:
        assert await identity.check_pin(conn, they.doors.app, theirs, "2580", who) == "ok"


async def link(they: Way) -> None:
    number = "1001" if they.stranger else "1002"
    await they.go("link", *([] if they.stranger else ["More", "My account"]), "Link an account")
    await they.type(number)
    await they.choose("Yes")
    await they.type(await they.code())
    says(they, "now linked")


async def unlink(they: Way) -> None:
    own = (await me_now(they)).id
    before = {row.account_id for row in await rows(they.doors.app, contact_account) if row.contact_id == own}
    await they.go("unlink", "More", "My account", "Unlink")
    if "Yes" not in they.options:
        await they.choose("1002")
    await they.choose("Yes")
    after = {row.account_id for row in await rows(they.doors.app, contact_account) if row.contact_id == own}
    assert len(before - after) == 1


TRIED: dict[str, Verb] = {
    "balance": balance, "ahead": ahead, "bundles": bundles, "bills": bills, "pay_by_link": pay_by_link, "pay_by_prompt": pay_by_prompt,
    "debit": debit, "price": price, "plan": plan, "numbers": numbers, "reading": read, "photo": photo,
    "top_up": top_up, "points_kwh": points_kwh, "points_airtime": points_airtime, "fault": fault, "tickets": tickets,
    "person": person, "offers": offers, "messages": messages, "pin": pin, "language": language, "later": later,
    "dispute": disputed, "paid": paid, "link": link, "unlink": unlink,
}  # fmt: skip
"""In an order in which none takes away what the next one needs; who is a stranger links first."""


@asynccontextmanager
async def town(app: App, folder: Path, channel: str) -> AsyncIterator[Way]:
    """Wanjiku's house: a prepaid meter that they may read, an overdue bill, data, points, and money that nobody claimed."""
    (folder / "t").mkdir()
    (folder / "t" / "prepaid.yaml").write_text(PREPAID)
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, folder / "t")
    theirs = await a_customer(
        app, payment_mode="prepaid", meter=METER, tariff="kplc-prepaid", opened_on=date(2025, 1, 1), bill_day=22
    )
    await a_customer(app, number="1002", phone="+254700000002", name="Achieng Otieno")
    await a_bill(app, theirs.account_id)
    now = app.clock.now()
    async with app.db.writing() as conn:
        values = ((1, 900), (2, 1000), (3, 1100))
        await record(conn, app, [Read(METER.serial, date(2026, month, 1), value * KWH) for month, value in values])
        given = grant.Grant(theirs.account_id, "GB", KWH, {"en": "Data", "sw": "Data"})
        await grant.grant(conn, app, given, key="data", why="test", actor="job:test")
        earned = PaidBill(1, 100_00 * 100, "KES", date(2026, 3, 1), date(2026, 3, 15))
        await earn.for_paid_bills(conn, app, theirs.account_id, [earned])
        lost = ReceiptIn("bank", "QWE123XYZ", "bank_transfer", 100_00, "KES", now, reference="NOBODY")
        await receive.apply(conn, app, lost)

    only = {"africastalking_api_key": SecretStr("")} if channel == "kannel" else {}
    async with open_doors(app, folder, with_pages, **only) as doors:
        yield WAYS[channel](doors, channel)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_every_verb_works_or_says_why_not(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path, channel: str
) -> None:
    clock.instant = datetime(2026, 3, 19, 9, tzinfo=UTC)
    app = App(clock, operator, sqlite_db, settings, follow)
    failed: dict[str, str] = {}
    async with town(app, tmp_path, channel) as they:
        order = sorted(TRIED, key=lambda verb: verb != "link") if they.stranger else list(TRIED)
        for verb in order:
            try:
                await TRIED[verb](they)
            except AssertionError as why:
                failed[verb] = str(why).splitlines()[0]
                await they.type("00")
    excused = {verb for verb, where in REASONS if where == channel}
    wrong = [f"{verb}: {why}" for verb, why in failed.items() if verb not in excused]
    assert not wrong, "\n".join(wrong)
    assert excused - failed.keys() == set(), "these work: they need no reason"


def test_the_guide_publishes_the_matrix() -> None:
    assert TRIED.keys() == VERBS.keys()
    assert {verb for verb, _ in REASONS} <= VERBS.keys()
    guide = Path("docs/guides/conversations.md").read_text("utf-8")
    published = re.search(r"<!-- verbs -->\n(.*?)<!-- /verbs -->", guide, re.DOTALL)
    assert published, "the table stands between <!-- verbs --> and <!-- /verbs -->"
    assert published[1] == table()
