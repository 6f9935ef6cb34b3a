"""The four notices: true at the moment they leave, in the reader's words, and one SMS each in every language."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import limits, transliteration
from core import money
from core.clock import SetClock
from core.config.operator import Notices
from core.context import App
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.tables import open_item
from core.notices import compose as notices
from core.notices.compose import Composed, Dropped, HeldNotice, Message, Poison
from core.notices.quiet_hours import held_until
from core.outbox.queue import OutboxRow
from core.payments.tables import attempt, collection, mandate
from core.text import LANGUAGES, days, fields, pattern
from tests.people import Customer, a_bill, a_branch, a_customer, a_mandate, a_receipt, an_attempt

DUE = date(2026, 3, 24)


def a_row(template: str, customer: Customer, subject_id: int | None = None, **params: Any) -> OutboxRow:
    return OutboxRow(
        subject_id or 1,
        f"k{subject_id}",
        "notice",
        template,
        None,
        None,
        customer.account_id,
        subject_id,
        params,
        1,
        True,
    )


async def compose(conn: AsyncConnection, app: App, *rows: OutboxRow) -> list[Composed]:
    return await notices.compose(conn, app, rows)


async def text_of(conn: AsyncConnection, app: App, row: OutboxRow) -> str:
    [one] = await compose(conn, app, row)
    assert isinstance(one, Message), one
    return one.notice.text


async def reason_of(conn: AsyncConnection, app: App, row: OutboxRow) -> str:
    [one] = await compose(conn, app, row)
    assert isinstance(one, Dropped), one
    return one.reason


async def test_a_bill_is_ready_to_be_paid(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        row = a_row("notice.ready.pay", customer, await a_bill(conn, app, customer, disputed=20_050))
        assert await text_of(conn, app, row) == (
            "Your Mwangaza bill is ready: http://127.0.0.1:8080/b/AbCdEfGhIjKlMnOpQrStUv Please pay KES 1,000 by "
            "24th March, there or on *384*100#. Thank you!"
        )


async def test_a_bill_is_ready_and_will_be_collected(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app, language="sw")
        bill = await a_bill(conn, app, customer)
        await a_mandate(conn, app, customer, bill, date(2026, 3, 25))
        said = await text_of(conn, app, a_row("notice.ready.pay", customer, bill))
    assert "Tutakata KES 1,200.50 tarehe 25 Machi au punde baadaye." in said


async def test_a_mandate_that_ended_meanwhile_asks_her_to_pay(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bill = await a_bill(conn, app, customer)
        await a_mandate(conn, app, customer, bill, date(2026, 3, 25), state="cancelled")
        assert "Please pay" in await text_of(conn, app, a_row("notice.ready.mandate", customer, bill))


async def test_a_bill_paid_before_the_notice_left_is_not_asked_for(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bill = await a_bill(conn, app, customer, open_minor=0)
        assert await reason_of(conn, app, a_row("notice.ready.pay", customer, bill)) == "paid meanwhile"
        assert "Your credit has paid all of it" in await text_of(
            conn, app, a_row("notice.ready.covered", customer, bill)
        )


async def test_a_reminder_is_only_for_what_is_still_open_and_still_due_that_day(app: App, clock: SetClock) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bill = await a_bill(conn, app, customer)
        row = a_row("notice.reminder", customer, bill, due=DUE.isoformat())
        assert "please pay KES 1,200.50 by 24th March" in await text_of(conn, app, row)
        moved = replace(row, params={"due": "2026-03-20"})
        assert await reason_of(conn, app, moved) == "the due day moved"
        await conn.execute(update(open_item).values(open_minor=50_000))
        assert "KES 500 by" in await text_of(conn, app, row)
        clock.forward(timedelta(days=20))
        assert await reason_of(conn, app, row) == "the day is past"
        await conn.execute(update(open_item).values(open_minor=0))
        clock.forward(timedelta(days=-20))
        assert await reason_of(conn, app, row) == "paid meanwhile"


async def test_a_reminder_with_a_mandate_says_when_we_collect_and_not_once_the_bank_has_it(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bill = await a_bill(conn, app, customer)
        await a_mandate(conn, app, customer, bill, date(2026, 3, 25))
        row = a_row("notice.reminder", customer, bill, due=DUE.isoformat())
        assert "on or just after 25th March we will collect KES 1,200.50" in await text_of(conn, app, row)
        await conn.execute(update(collection).values(state="asked"))
        assert await reason_of(conn, app, row) == "with the bank already"
        await conn.execute(update(mandate).values(state="cancelled"))
        assert "please pay" in await text_of(conn, app, row)


async def test_thanks_say_what_came_and_what_is_still_open(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        row = a_row("notice.thanks", customer, await a_receipt(conn, app, customer, 50_000))
        said = "Thank you! Mwangaza has received KES 500. "
        assert await text_of(conn, app, row) == said + "Nothing is left to pay. Have a good day!"
        await a_bill(conn, app, customer, open_minor=70_050)
        assert "KES 700.50 is still open" in await text_of(conn, app, row)


async def test_thanks_tell_of_credit(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        row = a_row("notice.thanks", customer, await a_receipt(conn, app, customer, 50_000))
        paid = Posting(receivable(customer.account_id), Book("cash:sandbox"), 12_000, "KES", "test")
        await post(conn, app, key="r", kind="receipt", booked_on=DUE, postings=[paid])
        assert "KES 120 waits for your next bill" in await text_of(conn, app, row)


async def test_a_reversed_payment_is_not_thanked_for(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        row = a_row("notice.thanks", customer, await a_receipt(conn, app, customer, 50_000, state="reversed"))
        assert await reason_of(conn, app, row) == "the payment was reversed"


async def test_only_a_chat_gets_the_smile(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app, channel="telegram")
        row = a_row("notice.thanks", customer, await a_receipt(conn, app, customer, 50_000))
        assert (await text_of(conn, app, row)).endswith("Have a good day! 🙂")


async def test_a_failed_payment_asks_for_what_is_open_not_for_what_failed(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bill = await a_bill(conn, app, customer, open_minor=40_000)
        attempt_id = await an_attempt(conn, app, customer, bill)
        row = a_row("notice.failed", customer, attempt_id)
        assert await text_of(conn, app, row) == (
            "Sorry, your payment to Mwangaza did not go through. KES 400 is open. You can pay it here: "
            f"http://127.0.0.1:8080/p/{attempt_id:022} or on *384*100#"
        )
        await conn.execute(update(open_item).values(open_minor=0))
        assert await reason_of(conn, app, row) == "paid meanwhile"


async def test_who_tried_again_is_not_told_of_the_first_failure(app: App, clock: SetClock) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bill = await a_bill(conn, app, customer)
        row = a_row("notice.failed", customer, await an_attempt(conn, app, customer, bill))
        clock.forward(timedelta(minutes=1))
        await an_attempt(conn, app, customer, bill, state="awaiting_customer")
        assert await reason_of(conn, app, row) == "she has tried again"


async def test_a_failure_that_was_none_is_not_told(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        row = a_row("notice.failed", customer, await an_attempt(conn, app, customer, None))
        await conn.execute(update(attempt).values(state="succeeded"))
        assert await reason_of(conn, app, row) == "it went through after all"


async def test_a_subject_that_is_gone_and_a_broken_template_harm_only_themselves(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bill = await a_bill(conn, app, customer)
        rows = [
            a_row("notice.ready.pay", customer, 99),
            a_row("no.such.key", customer),
            a_row("notice.ready.pay", customer, bill),
        ]
        gone, broken, good = await compose(conn, app, *rows)
    assert isinstance(gone, Dropped) and gone.reason == "not there any more"
    assert isinstance(broken, Poison) and isinstance(good, Message)


async def test_the_phone_on_file_comes_before_a_chat_unless_the_row_names_one(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        chat = await a_customer(conn, app, 2, channel="telegram")
        from core.parties.tables import contact_account

        await conn.execute(
            insert(contact_account).values(
                contact_id=chat.contact_id,
                account_id=customer.account_id,
                linked_at=app.clock.now() - timedelta(days=900),
                how="code",
            )
        )
        row = a_row("notice.thanks", customer, await a_receipt(conn, app, customer, 50_000))
        named = replace(row, id=2, channel="telegram")
        chosen = [one.notice for one in await compose(conn, app, row, named) if isinstance(one, Message)]
    assert [(notice.channel, notice.to) for notice in chosen] == [("sms", customer.phone), ("telegram", "u2")]


async def test_what_can_wait_waits_for_the_morning_and_thanks_for_a_push_do_not(app: App, clock: SetClock) -> None:
    clock.instant = datetime(2026, 3, 10, 19, 0, tzinfo=UTC)
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        bill = await a_bill(conn, app, customer)
        push = await a_receipt(conn, app, customer, 50_000)
        debit = await a_receipt(conn, app, customer, 50_000, method="direct_debit")
        rows = [
            a_row("notice.ready.pay", customer, bill),
            a_row("notice.thanks", customer, push),
            a_row("notice.thanks", customer, debit),
        ]
        ready, pushed, debited = await compose(conn, app, *rows)
    morning = datetime(2026, 3, 11, 5, 0, tzinfo=UTC)
    assert isinstance(ready, HeldNotice) and ready.until == morning
    assert isinstance(pushed, Message)
    assert isinstance(debited, HeldNotice) and debited.until == morning


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-03-28 20:00", "2026-03-29 08:00"),  # Amsterdam's clocks go forward that night
        ("2026-10-25 02:30", "2026-10-25 08:00"),
        ("2026-03-29 07:59", "2026-03-29 08:00"),
        ("2026-03-29 08:00", None),
        ("2026-03-29 19:59", None),
    ],
)
def test_quiet_hours_end_by_the_wall_clock_whatever_the_clocks_do(local: str, until: str | None) -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Amsterdam")
    held = held_until(datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC), zone, Notices())
    assert (held.astimezone(zone).strftime("%Y-%m-%d %H:%M") if held else None) == until


ORDINALS = [
    "1st",
    "2nd",
    "3rd",
    "4th",
    "5th",
    "6th",
    "7th",
    "8th",
    "9th",
    "10th",
    "11th",
    "12th",
    "13th",
    "14th",
    "15th",
    "16th",
    "17th",
    "18th",
    "19th",
    "20th",
    "21st",
    "22nd",
    "23rd",
    "24th",
    "25th",
    "26th",
    "27th",
    "28th",
    "29th",
    "30th",
    "31st",
]


def test_all_31_days_are_said_right() -> None:
    assert [days.spoken("en", date(2026, 1, day)) for day in range(1, 32)] == [f"{word} January" for word in ORDINALS]
    assert [days.spoken("sw", date(2026, 8, day)) for day in range(1, 32)] == [
        f"tarehe {day} Agosti" for day in range(1, 32)
    ]


NOTICES = [
    "ready.mandate", "ready.pay", "ready.covered", "reminder.mandate", "reminder.pay", "thanks.nothing", "thanks.open",
    "thanks.credit", "failed",
]  # fmt: skip


def as_sent(lang: str, text: str) -> str:
    """Vietnamese fits one SMS without its accents only: `notices.plain_letters`."""
    return transliteration.transliterate(text) if lang == "vi" else text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_is_one_sms_with_a_long_name_amount_day_and_link(name: str, lang: str) -> None:
    amount = money.show(999_999_999, "KES", lang)
    day = max((days.spoken(lang, date(2024, month, 28)) for month in range(1, 13)), key=len)
    worst = {
        "operator": "M" * 11,
        "amount": amount,
        "open": amount,
        "credit": amount,
        "total": amount,
        "date": day,
        "link": "h" * 40,
        "ussd": "*384*1000#",
    }
    said = pattern(lang, f"notice.{name}")
    assert fields(said) <= worst.keys()
    encoding, units = limits.units(as_sent(lang, said.format(**worst)))
    assert (encoding, units <= 160) == ("gsm7", True), units
