"""Whatever a customer can do, she can do on every channel, or `dialogs/channel_matrix.py` says why not. The guide publishes the same table.

For each channel one house is built and one customer walks through all verbs by that channel's real route. A verb has worked when what
it is for has happened: a row stands in the books, or the very figures stand before her.
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


async def last(she: Way, of: Any) -> Any:
    found = await rows(she.doors.app, of)
    assert found, f"no {of.name} was written; she reads: {she.screen!r}"
    return found[-1]


async def me_now(she: Way) -> Any:
    """Her contact as it stands."""
    filed = {"whatsapp": "whatsapp", "telegram": "telegram", "webchat": "webchat", "email": "email"}
    async with she.doors.app.db.reading() as conn:
        query = select(contact).where(contact.c.channel == filed.get(she.channel, "phone"))
        return (await conn.execute(query.order_by(contact.c.created_at, contact.c.id))).first()


def says(she: Way, *words: str) -> None:
    told = " ".join(she.screen.split())
    for one in words:
        assert one in told, f"{one!r} is not in {told!r}"


async def balance(she: Way) -> None:
    await she.go("balance", "Balance")
    says(she, "Account 1001", "You owe KES 1,234.50")


async def bundles(she: Way) -> None:
    await she.go("balance", "Balance")
    says(she, "Data: 1 GB (as of 19 Mar")


async def bills(she: Way) -> None:
    await she.go("bill", "My bill")
    await she.choose("28 Feb: KES 1,234.50", "See the lines")
    assert "Fuel: KES 234.50" in she.options


async def pay_by_link(she: Way) -> None:
    await she.go("pay", "Pay")
    await she.choose("Pay all by link", "Yes")
    link = await last(she, payment_request)
    assert link.kind == "paylink"
    texts = [row.params["text"] for row in await rows(she.doors.app, outbox) if row.channel == "sms"]
    assert f"/p/{link.token}" in she.screen + str(texts)


async def pay_by_prompt(she: Way) -> None:
    await she.go("pay", "Pay")
    await she.choose("Pay all from this phone", "Yes")
    asked = await last(she, attempt)
    assert (asked.method, asked.amount_minor, asked.phone) == ("mobile_push", TOTAL, WANJIKU)
    async with she.doors.app.db.writing() as conn:
        await conn.execute(update(attempt).values(state="expired"))  # she did not answer it


async def paid(she: Way) -> None:
    await she.go("paid", "Pay", "I paid already")
    await she.choose("I have its number")
    await she.type("qwe 123 xyz")
    says(she, "We hold KES 100 of 19 Mar")
    await she.choose("Yes")
    says(she, "KES 100 is on your account now")
    [found] = await rows(she.doors.app, receipt)
    assert found.state == "placed"


async def debit(she: Way) -> None:
    app = she.doors.app
    await she.go("debit", "Pay", "Collect every bill")
    await she.choose("Yes")
    invited = await last(she, payment_request)
    texts = [row.params["text"] for row in await rows(app, outbox) if row.channel == "sms"]
    assert (invited.kind, f"/d/{invited.token}" in she.screen + str(texts)) == ("mandate", True)
    async with app.db.writing() as conn:
        reference = await mandates.create(conn, app, invited.account_id, masked="bank ****1234", actor="test")
        await mandates.activate(conn, app, reference, actor="test")
    await she.go("debit", "Pay", "Collect every bill")
    says(she, "collected from bank ****1234")
    await she.choose("End it", "Yes")
    async with app.db.reading() as conn:
        assert await mandates.active_for(conn, [invited.account_id]) == {}
    assert "forget" in {row.kind for row in await rows(she.doors.app, outbox)}, "its provider is told"


async def ahead(she: Way) -> None:
    await she.go("balance", "Balance")
    await she.choose("What next")
    says(she, "is overdue. On")
    assert "Pay in parts" in she.options


async def later(she: Way) -> None:
    await she.go("arrange", "Pay", "Pay later")
    await she.choose("2", "Yes")
    assert (await last(she, arrangement)).state == "running"


async def disputed(she: Way) -> None:
    await she.go("bill", "My bill")
    await she.choose("28 Feb", "See the lines", "Fuel", "It is too high", "Yes")
    assert (await last(she, dispute)).amount_minor == 234_50
    says(she, (await last(she, ticket)).reference)


async def price(she: Way) -> None:
    await she.go("price", "More", "What will I pay")
    await she.type("180")
    says(she, "180 kWh in a month cost KES 3,", "energy: KES")


async def plan(she: Way) -> None:
    await she.go("plan", "More", "My account", "My plan")
    says(she, "Electricity: ")


async def numbers(she: Way) -> None:
    await she.go("numbers", "More", "My account", "My numbers")
    says(she, "Account 1001", "Meter 04123456784")


async def read(she: Way) -> None:
    await she.go("reading", "More", "Meter reading")
    says(she, "Last: 1100 kWh")
    await she.type("1130")
    await she.choose("Yes")
    hers = [row for row in await rows(she.doors.app, reading) if row.source == "customer"]
    assert [(row.value_micro, row.state) for row in hers] == [(1130 * KWH, "accepted")]


async def photo(she: Way) -> None:
    await she.home()
    says_of = getattr(she, "picture", None)
    assert says_of, "no picture can be sent here"
    await says_of(PICTURE)
    says(she, "We have your picture")
    await she.choose("My meter")
    assert (await last(she, ticket)).kind == "meter_read"
    await she.doors.sent()
    kept = await last(she, media)
    assert (kept.state, kept.type) == ("kept", "image/jpeg")
    assert media_files.get(she.doors.app.settings.media_path, kept.sha256) == PICTURE


async def top_up(she: Way) -> None:
    await she.go("top_up", "More", "Buy units")
    await she.choose("For my meter")
    await she.type("500")
    await she.choose("Yes")
    bought = await last(she, vend)
    assert (bought.serial, bought.amount_minor, bought.phone) == (METER.serial, 500_00, WANJIKU)


async def points_kwh(she: Way) -> None:
    await she.go("rewards", "Points")
    await she.choose("Free", "2 kWh", "Yes")
    assert ((await last(she, redemption)).kind, (await last(she, redemption)).points) == ("kwh", 40)


async def points_airtime(she: Way) -> None:
    await she.go("rewards", "Points")
    await she.choose("Airtime", "KES 10", "Yes")
    assert ((await last(she, redemption)).kind, (await last(she, redemption)).points) == ("airtime", 10)


async def fault(she: Way) -> None:
    await she.go("fault", "Report a fault")
    await she.choose("No supply", "Yes")
    opened = await last(she, ticket)
    assert opened.kind == "no_supply"
    says(she, opened.reference)


async def tickets(she: Way) -> None:
    await she.go("tickets", "More", "My reports")
    first = next(row for row in await rows(she.doors.app, ticket) if row.kind == "no_supply")
    await she.choose(first.reference)
    says(she, "being worked on")


async def person(she: Way) -> None:
    await she.go("agent", "More", "Talk to a person")
    if she.channel in ("ussd", "sms", "kannel", "page"):
        await she.press("1")
        await she.choose("Yes")
        assert (await last(she, ticket)).kind == "call_back"
        return
    await she.type("my bill")
    assert ((await last(she, talk)).state, (await last(she, talk)).about) == ("waiting", "my bill")
    await she.type("00")
    assert (await last(she, talk)).state == "over"


async def language(she: Way) -> None:
    await she.go("language", "More", "My account", "Language")
    await she.choose("Kiswahili")
    assert (await me_now(she)).language == "sw"
    await she.go("language", "Zaidi", "Akaunti yangu", "Lugha")
    await she.choose("English")
    assert (await me_now(she)).language == "en"


async def offers(she: Way) -> None:
    await she.go("consent", "More", "My account", "Messages")
    wanted = not (await me_now(she)).marketing
    await she.choose("Offers too" if wanted else "No more offers", "Yes")
    assert (await me_now(she)).marketing == wanted


async def messages(she: Way) -> None:
    await she.go("stop", "More", "My account", "Messages", "Stop messages")
    assert (await me_now(she)).stopped_at
    await she.go("start", "More", "My account", "Messages", "Start messages")
    assert (await me_now(she)).stopped_at is None


async def pin(she: Way) -> None:
    await she.home()
    await she.choose("More", "My account", "Set or reset my PIN")
    await she.press("1")
    await she.type(await she.code())
    await she.type("2580")
    await she.type("2580")
    hers = (await rows(she.doors.app, account))[0].party_id
    who = (await me_now(she)).id
    async with she.doors.app.db.writing() as conn:
        assert await identity.check_pin(conn, she.doors.app, hers, "2580", who) == "ok"


async def link(she: Way) -> None:
    number = "1001" if she.stranger else "1002"
    await she.go("link", *([] if she.stranger else ["More", "My account"]), "Link an account")
    await she.type(number)
    await she.choose("Yes")
    await she.type(await she.code())
    says(she, "now linked")


async def unlink(she: Way) -> None:
    own = (await me_now(she)).id
    before = {row.account_id for row in await rows(she.doors.app, contact_account) if row.contact_id == own}
    await she.go("unlink", "More", "My account", "Unlink")
    if "Yes" not in she.options:
        await she.choose("1002")
    await she.choose("Yes")
    after = {row.account_id for row in await rows(she.doors.app, contact_account) if row.contact_id == own}
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
    """Wanjiku's house: a prepaid meter that she may read, an overdue bill, data, points, and money that nobody claimed."""
    (folder / "t").mkdir()
    (folder / "t" / "prepaid.yaml").write_text(PREPAID)
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, folder / "t")
    hers = await a_customer(
        app, payment_mode="prepaid", meter=METER, tariff="kplc-prepaid", opened_on=date(2025, 1, 1), bill_day=22
    )
    await a_customer(app, number="1002", phone="+254700000002", name="Achieng Otieno")
    await a_bill(app, hers.account_id)
    now = app.clock.now()
    async with app.db.writing() as conn:
        values = ((1, 900), (2, 1000), (3, 1100))
        await record(conn, app, [Read(METER.serial, date(2026, month, 1), value * KWH) for month, value in values])
        given = grant.Grant(hers.account_id, "GB", KWH, {"en": "Data", "sw": "Data"})
        await grant.grant(conn, app, given, key="data", why="test", actor="job:test")
        earned = PaidBill(1, 100_00 * 100, "KES", date(2026, 3, 1), date(2026, 3, 15))
        await earn.for_paid_bills(conn, app, hers.account_id, [earned])
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
    async with town(app, tmp_path, channel) as she:
        order = sorted(TRIED, key=lambda verb: verb != "link") if she.stranger else list(TRIED)
        for verb in order:
            try:
                await TRIED[verb](she)
            except AssertionError as why:
                failed[verb] = str(why).splitlines()[0]
                await she.type("00")
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
