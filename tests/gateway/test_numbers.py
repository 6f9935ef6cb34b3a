"""What customers type as an amount, a reading or a use, by the doors they type it at: read as they write, repeated as they read, bounded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.config.payments import Payments
from core.context import App
from core.db.engine import Database
from core.metering.store.readings import Read, record
from core.onboarding.model import NewMeter
from core.outbox.queue import outbox
from core.payments.tables import attempt
from tests.gateway.talking import Phone, a_customer, counter
from tests.gateway.test_flows import a_bill, rows
from tests.gateway.test_reading import sms

ALL = ("en", "sw", "fr", "nl", "vi", "ha")
METER = NewMeter("04123456789", kind="register", interval_minutes=None, dials=5, installed_on=date(2025, 1, 1))


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@asynccontextmanager
async def at_the_phone(
    app: App, folder: Path, lang: str, currency: str = "EUR", **told: Any
) -> AsyncIterator[tuple[App, Phone]]:
    """A customer of a house of this currency, who speaks this language and owes 2,034.00."""
    own = app.operator.model_copy(update={"currency": currency, "languages": ALL, "payments": Payments(**told)})
    other = replace(app, operator=own)
    made = await a_customer(other, language=lang, bill_day=12, opened_on=date(2025, 1, 1), meter=METER)
    async with other.db.writing() as conn:
        await record(conn, other, [Read(METER.serial, date(2026, 3, 1), 12_000_000_000)])
    await a_bill(other, made.account_id, total=2_034_00)
    async with counter(other, folder) as client:
        yield other, Phone(client)


@pytest.mark.parametrize(
    ("lang", "typed", "shown"),
    [
        ("fr", "12,50", "€ 12,50"), ("fr", "1 200,50", "€ 1 200,50"), ("nl", "12,50", "€ 12,50"), ("nl", "1.200,50", "€ 1.200,50"),
        ("nl", "€ 500,-", "€ 500"), ("en", "1,200.50", "€ 1,200.50"), ("en", "1 200.50", "€ 1,200.50"), ("sw", "EUR 500", "€ 500"),
        ("vi", "1.200,50 euro", "€ 1.200,50"), ("en", "٣٠٠", "€ 300"), ("en", "３００", "€ 300"),
    ],
)  # fmt: skip
async def test_an_amount_is_read_as_its_language_writes_it_and_repeated_so(
    app: App, tmp_path: Path, lang: str, typed: str, shown: str
) -> None:
    async with at_the_phone(app, tmp_path, lang) as (_, phone):
        await phone.dial(ahead="3*3")
        assert shown in await phone.answer(typed)
        assert shown in await phone.answer("1")
        await phone.answer("1")
        [asked] = await rows(app, attempt)
        figure = shown.removeprefix("€ ").replace(" ", "")
        wanted = figure.replace(",", "") if lang in ("en", "sw") else figure.replace(".", "").replace(",", ".")
        assert asked.amount_minor == round(float(wanted) * 100)


@pytest.mark.parametrize(
    ("lang", "typed", "hint"),
    [
        ("en", "12,50", "Please write it like € 1,200.50."), ("fr", "1.200", "€ 1 200,50"), ("fr", "12.50", "€ 1 200,50"), ("nl", "12.50", "€ 1.200,50"),
        ("en", "1e3", "Please write digits, such as 500."), ("en", "1_000", "such as 500"), ("en", "1,,5", "such as 500"),
        ("en", "Ksh 500", "such as 500"), ("en", "1.250", "like € 1,200.50"), ("en", "-5", "The least is"), ("en", "0.5", "The least is € 1."),
    ],
)  # fmt: skip
async def test_what_reads_two_ways_or_none_is_asked_again(
    app: App, tmp_path: Path, lang: str, typed: str, hint: str
) -> None:
    async with at_the_phone(app, tmp_path, lang) as (_, phone):
        asked = await phone.dial(ahead="3*3")
        again = await phone.answer(typed)
        assert hint in again
        assert again.splitlines()[-2:] == asked.splitlines()[-2:]
        assert await rows(app, attempt) == []


@pytest.mark.parametrize("typed", ["999999999", "9" * 30, "102035"])
async def test_an_amount_beyond_what_is_sensible_is_asked_again(app: App, tmp_path: Path, typed: str) -> None:
    async with at_the_phone(app, tmp_path, "en", "KES") as (_, phone):
        await phone.dial(ahead="3*3")
        assert "At most KES 102,034 at once." in await phone.answer(typed)
        assert "Pay KES 102,034:" in await phone.answer("102034")


async def test_the_providers_limit_and_the_operators_bound_an_amount_too(app: App, tmp_path: Path) -> None:
    async with at_the_phone(app, tmp_path, "en", "KES", mobile_push="daraja", ahead_at_most="900000") as (_, phone):
        await phone.dial(ahead="3*3")
        assert "At most KES 250,000 at once." in await phone.answer("250001")
        assert "Pay KES 250,000 from" in await phone.answer("250000", "1")
    async with counter(
        replace(app, operator=app.operator.model_copy(update={"payments": Payments(push_at_most="1500")})), tmp_path
    ) as client:
        phone = Phone(client, session="s9")
        await phone.dial(ahead="3*3")
        assert "At most KES 1,500 at once." in await phone.answer("1501")
        await phone.answer("0")
        assert "Pay KES 1,500 from" in await phone.answer("1")


async def test_too_much_in_one_message_is_asked_again_and_blocks_no_later_push(app: App, tmp_path: Path) -> None:
    async with at_the_phone(app, tmp_path, "en", "KES") as (own, phone):
        for at, text in enumerate(["PAY 999999999", "888888888", "500", "1", "1"]):
            await sms(phone, text, at)
        said = [row.params["text"] for row in await rows(own, outbox) if row.kind == "reply"]
        assert said[0].startswith("That is too much. At most KES 102,034 at once. How much would you like to pay?")
        assert said[1].startswith("At most KES 102,034 at once.")
        assert said[2].startswith("Pay KES 500:")
        [asked] = await rows(own, attempt)
        assert asked.amount_minor == 500_00


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PAY 1 500", "KES 1,500"), ("pay 1,500", "KES 1,500"), ("PAY Ksh 500", "KES 500"), ("lipa 500 bob", "KES 500"), ("Lipa 500/=", "KES 500"),
        ("PAY KES500", "KES 500"), ("I want to pay 500 bob", "KES 500"), ("nataka kulipa 500 leo", "KES 500"), ("pay ٣٠٠", "KES 300"),
    ],
)  # fmt: skip
async def test_an_amount_that_comes_along_is_taken(app: App, tmp_path: Path, text: str, shown: str) -> None:
    async with at_the_phone(app, tmp_path, "en", "KES") as (own, phone):
        await sms(phone, text)
        [reply] = await rows(own, outbox)
        assert reply.params["text"].startswith(f"Pay {shown}:\n")


@pytest.mark.parametrize(
    "text",
    [
        "pay account 100001", "I will pay on 5th", "I will pay on 5 December", "pay acc 100001", "can I pay in 2 weeks",
        "I want to pay with 0712345678", "pay 12,50", "PAY USD 500", "pay 500 500", "pay for 3 months", "pay 50% now", "pay 10/12", "pay at 10:30",
    ],
)  # fmt: skip
async def test_what_is_no_amount_leads_to_the_ways_to_pay_without_one(app: App, tmp_path: Path, text: str) -> None:
    async with at_the_phone(app, tmp_path, "en", "KES") as (own, phone):
        await sms(phone, text)
        [reply] = await rows(own, outbox)
        assert reply.params["text"].startswith("You owe KES 2,034.\n"), reply.params["text"]


async def test_the_code_of_a_payment_is_no_amount_and_is_looked_for(app: App, tmp_path: Path) -> None:
    async with at_the_phone(app, tmp_path, "en", "KES") as (own, phone):
        await sms(phone, "mpesa code QWE123XYZ")
        [reply] = await rows(own, outbox)
        assert reply.params["text"].startswith("We do not see QWE123XYZ yet"), reply.params["text"]


@pytest.mark.parametrize(
    ("lang", "typed", "shown"),
    [
        ("en", "12,345", "12345 kWh"), ("sw", "12,345", "12345 kWh"), ("en", "12 345", "12345 kWh"), ("en", "12.345", "12.345 kWh"), ("nl", "12.345", "12345 kWh"),
        ("nl", "12,345", "12,345 kWh"), ("fr", "12 345,5", "12345,5 kWh"), ("vi", "12.345,5", "12345,5 kWh"), ("en", "01234", "1234 kWh"), ("en", "12345kWh", "12345 kWh"), ("en", "12345.", "12345 kWh"),
    ],
)  # fmt: skip
async def test_a_reading_is_read_and_repeated_in_the_notation_of_its_reader(
    app: App, tmp_path: Path, lang: str, typed: str, shown: str
) -> None:
    async with at_the_phone(app, tmp_path, lang) as (own, phone):
        await phone.dial(ahead="6*1")
        assert shown in await phone.answer(typed)
        await sms(phone, f"READ {typed}")
        assert shown in (await rows(own, outbox))[-1].params["text"]


@pytest.mark.parametrize("typed", ["1e3", "12.345.6", "12,34", "1 2 3", "12345 m3", "-5", "1,2345"])
async def test_what_is_no_reading_is_asked_again(app: App, tmp_path: Path, typed: str) -> None:
    async with at_the_phone(app, tmp_path, "en") as (_, phone):
        await phone.dial(ahead="6*1")
        assert "at most 5" in await phone.answer(typed)
