"""What they have and what it costs: the plan, their numbers, the calculator (which is the code that bills), and what we may write."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.catalog import queries, quote_json, store
from core.context import App
from core.onboarding.model import NewMeter, Registered
from core.outbox.queue import outbox
from core.parties import contacts
from core.parties.tables import contact
from tests.gateway.talking import WANJIKU, Phone, a_customer, counter
from tests.gateway.test_flows import rows
from tests.gateway.test_reading import sms


@pytest.fixture
async def customer(app: App, tmp_path: Path) -> Registered:
    (tmp_path / "tariffs").mkdir()
    shutil.copy("examples/tariffs/kenya-domestic.yaml", tmp_path / "tariffs")
    async with app.db.writing() as conn:
        await store.load_folder(conn, app, tmp_path / "tariffs")
    return await a_customer(app, meter=NewMeter("7001"))


@pytest.fixture
async def phone(app: App, customer: Registered, tmp_path: Path) -> AsyncIterator[Phone]:
    async with counter(app, tmp_path) as client:
        yield Phone(client)


async def test_the_calculator_says_what_the_quote_says(app: App, phone: Phone) -> None:
    asked = {"period": {"from": "2026-03-01", "to": "2026-04-01"}, "usage": [{"meter": "energy", "quantity": "180"}]}
    async with app.db.reading() as conn:
        tariff = await queries.tariff_on(conn, "kplc-domestic-ordinary", app.today())
    total = quote_json.answered([tariff], asked)["total"].removesuffix(".00")
    await phone.dial(ahead="6")
    assert "Domestic ordinary: how many kWh in a month?" in await phone.answer("1")
    assert "such as 180" in await phone.answer("many")
    told = await phone.answer("180")
    assert f"180 kWh in a month cost KES {int(total):,}." in told
    await sms(phone, "PRICE 180 kWh")
    [reply] = await rows(app, outbox)
    assert reply.params["text"].startswith(f"180 kWh in a month cost KES {int(total):,}.\nEnergy: KES 3,704.40")


async def test_a_stranger_is_told_by_the_default_plan(app: App, customer: Registered, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as client:
        phone = Phone(client, "+254700000009")
        assert "how many kWh" in await phone.dial(ahead="5*2")
        assert "42 kWh in a month cost KES" in await phone.answer("42")


async def test_their_plan_and_their_numbers(phone: Phone) -> None:
    assert "Electricity: Domestic ordinary, since 10 Mar" in await phone.dial(ahead="6*4*1")
    assert "Account 1001\nMeter 7001" in await phone.answer("2")


async def test_offers_are_theirs_to_take_or_leave(app: App, phone: Phone) -> None:
    async def agreed() -> list[bool]:
        return [row.marketing for row in await rows(app, contact)]

    assert "You get notices of your account, no offers." in await phone.dial(ahead="6*4*7")
    assert await agreed() == [False]
    assert "our notices and our offers" in await phone.answer("1", "1")
    assert await agreed() == [True]
    await phone.dial("s2", ahead="6*4*7")
    assert "no offers" in await phone.answer("1", "1")
    assert await agreed() == [False]
    await phone.dial("s3", ahead="6*4*7")
    assert phone.screen.count("Stop messages") == 1


@pytest.mark.parametrize(
    ("text", "use"), [("PRICE 1,000", "1000"), ("PRICE 1 000 kWh", "1000"), ("price 180.5", "180.5")]
)
async def test_a_use_to_price_is_read_as_its_writer_writes(app: App, phone: Phone, text: str, use: str) -> None:
    await sms(phone, text)
    [reply] = await rows(app, outbox)
    assert reply.params["text"].startswith(f"{use} kWh in a month cost KES ")


@pytest.mark.parametrize("text", ["PRICE 1,50", "PRICE 1e3", "PRICE 1,,5"])
async def test_a_use_that_reads_two_ways_or_none_is_asked_for(app: App, phone: Phone, text: str) -> None:
    await sms(phone, text)
    await sms(phone, text.removeprefix("PRICE "), 2)
    first, again = [row.params["text"] for row in await rows(app, outbox)]
    assert "in a month cost" not in first + again
    assert "such as 180" in again or "such as 180" in first


@pytest.mark.parametrize(
    ("lang", "energy", "tax"),
    [
        ("en", "Energy: KES", "VAT: KES"), ("sw", "Umeme: KES", "VAT: KES"), ("fr", "Énergie : KES", "TVA : KES"),
        ("ha", "Wuta: KES", "VAT: KES"), ("vi", "Điện năng: KES", "Thuế GTGT: KES"), ("nl", "Energie: KES", "Btw: KES"),
    ],
)  # fmt: skip
async def test_the_lines_of_a_price_are_in_the_language_of_the_customer(
    lang: str, energy: str, tax: str, app: App, customer: Registered, phone: Phone
) -> None:
    async with app.db.writing() as conn:
        found = await contacts.find(conn, "sms", WANJIKU)
        assert found is not None
        await contacts.set_language(conn, found.id, lang)
    await sms(phone, "PRICE 180")
    [reply] = await rows(app, outbox)
    told = reply.params["text"].replace("\xa0", " ").replace("\u202f", " ")
    assert energy in told and tax in told, told
