"""Codes to the phone of record: ten minutes, five tries, once; nothing in the database or the queue tells them."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels import limits, transliteration
from core.clock import SetClock
from core.config.operator import Identity
from core.context import App
from core.errors import Refused
from core.notices import compose
from core.onboarding.model import NewCustomer, Registered
from core.onboarding.register import register_customer
from core.outbox import queue
from core.parties import codes, contacts, link, queries, sim
from core.parties.model import Contact
from core.parties.tables import contact_account, link_code
from core.text import LANGUAGES, say

AMINA = "+254712345678"


@pytest.fixture
async def conn(app: App) -> AsyncIterator[AsyncConnection]:
    async with app.db.writing() as open_conn:
        yield open_conn


@pytest.fixture
async def amina(app: App, conn: AsyncConnection) -> Registered:
    return await register_customer(conn, app, NewCustomer("Amina", number="77", phone=AMINA, language="sw"))


@pytest.fixture
async def stranger(app: App, conn: AsyncConnection) -> Contact:
    return await contacts.find_or_make(conn, app, "telegram", "4711")


async def _sent(app: App, conn: AsyncConnection) -> str:
    """The code of the newest message, read as the customer's phone shows it."""
    rows = [row for row in await queue.claim(conn, app.clock.now(), "w", 100) if row.kind == "code"]
    [letter] = [made for made in await compose.compose(conn, app, rows[-1:]) if isinstance(made, compose.Message)]
    assert letter.notice.to == AMINA
    return next(word for word in letter.notice.text.split() if word.isdigit() and len(word) == codes.DIGITS)


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 10**codes.DIGITS:0{codes.DIGITS}}"


async def test_the_right_code_links_the_account(
    app: App, conn: AsyncConnection, amina: Registered, stranger: Contact
) -> None:
    assert await link.start(conn, app, stranger.id, " 77 ") == "+2547*****678"
    code = await _sent(app, conn)
    assert await link.finish(conn, app, stranger.id, f"{code[:3]} {code[3:]}") == amina.account_id
    assert [account.number for account in await queries.accounts_of(conn, stranger.id)] == ["77"]
    assert await link.unlink(conn, app, stranger.id, amina.account_id)
    assert not await link.unlink(conn, app, stranger.id, amina.account_id)


async def test_a_code_goes_to_the_phone_of_record_and_to_no_other_that_was_linked(
    app: App, conn: AsyncConnection
) -> None:
    earlier = await contacts.find_or_make(conn, app, "phone", "+254700000099", phone="+254700000099")
    amina = await register_customer(conn, app, NewCustomer("Amina", number="77", phone=AMINA))
    row = {"contact_id": earlier.id, "account_id": amina.account_id, "linked_at": app.clock.now(), "how": "code"}
    await conn.execute(insert(contact_account).values(row))
    assert await link.start(conn, app, earlier.id, "77") == "+2547*****678"
    await _sent(app, conn)


async def test_a_code_is_good_once(app: App, conn: AsyncConnection, amina: Registered, stranger: Contact) -> None:
    await link.start(conn, app, stranger.id, "77")
    code = await _sent(app, conn)
    await link.finish(conn, app, stranger.id, code)
    with pytest.raises(Refused, match=r"code\.none"):
        await link.finish(conn, app, stranger.id, code)


async def test_five_wrong_tries_end_a_code_even_for_the_right_one(
    app: App, conn: AsyncConnection, amina: Registered, stranger: Contact
) -> None:
    await link.start(conn, app, stranger.id, "77")
    code = await _sent(app, conn)
    for _ in range(codes.TRIES):
        assert await link.finish(conn, app, stranger.id, _other(code)) is None
    with pytest.raises(Refused, match=r"code\.none"):
        await link.finish(conn, app, stranger.id, code)
    assert await queries.accounts_of(conn, stranger.id) == []


async def test_a_code_runs_out_and_is_then_not_even_sent(
    app: App, conn: AsyncConnection, amina: Registered, stranger: Contact, clock: SetClock
) -> None:
    await link.start(conn, app, stranger.id, "77")
    rows = await queue.claim(conn, clock.now(), "w", 1)
    code = codes.words(app, rows[0].subject_id or 0, rows[0].params)
    assert code is not None
    clock.forward(codes.LIFE)
    with pytest.raises(Refused, match=r"code\.none"):
        await link.finish(conn, app, stranger.id, code["code"])
    [dropped] = await compose.compose(conn, app, rows)
    assert isinstance(dropped, compose.Dropped)


async def test_a_code_is_only_for_who_asked_what_it_was_asked_for_and_the_newest(
    app: App, conn: AsyncConnection, amina: Registered, stranger: Contact
) -> None:
    other = await contacts.find_or_make(conn, app, "telegram", "4712")
    await link.start(conn, app, stranger.id, "77")
    first = await _sent(app, conn)
    with pytest.raises(Refused, match=r"code\.none"):
        await link.finish(conn, app, other.id, first)
    with pytest.raises(Refused, match=r"code\.none"):
        await link.finish(conn, app, stranger.id, first, purpose="pin")
    await link.start(conn, app, stranger.id, "77")
    second = await _sent(app, conn)
    if first != second:
        assert await link.finish(conn, app, stranger.id, first) is None
    assert await link.finish(conn, app, stranger.id, second) == amina.account_id


async def test_neither_the_table_nor_the_queue_holds_the_code(
    app: App, conn: AsyncConnection, amina: Registered, stranger: Contact
) -> None:
    await link.start(conn, app, stranger.id, "77")
    rows = await queue.claim(conn, app.clock.now(), "w", 1)
    words = codes.words(app, rows[0].subject_id or 0, rows[0].params)
    assert words is not None
    kept = (await conn.execute(select(link_code))).mappings().all()
    assert words["code"] not in json.dumps([rows[0].params, [dict(row) for row in kept]], default=str)
    [letter] = await compose.compose(conn, app, rows)
    assert isinstance(letter, compose.Message)
    assert words["code"] in letter.notice.text
    assert words["code"] not in letter.log


async def test_a_code_for_a_pin_links_nothing(
    app: App, conn: AsyncConnection, amina: Registered, stranger: Contact
) -> None:
    await link.start(conn, app, stranger.id, "77", purpose="pin")
    assert await link.finish(conn, app, stranger.id, await _sent(app, conn), purpose="pin") == amina.account_id
    assert await queries.accounts_of(conn, stranger.id) == []


async def test_codes_cannot_be_asked_for_without_end(
    app: App, conn: AsyncConnection, amina: Registered, stranger: Contact, clock: SetClock
) -> None:
    for _ in range(codes.MOST_ASKED):
        await link.start(conn, app, stranger.id, "77")
    with pytest.raises(Refused, match=r"code\.too_many"):
        await link.start(conn, app, stranger.id, "77")
    clock.forward(codes.WINDOW + timedelta(seconds=1))
    await link.start(conn, app, stranger.id, "77")


async def test_the_phone_of_record_is_not_troubled_without_end_by_many_askers(
    app: App, conn: AsyncConnection, amina: Registered
) -> None:
    for number in range(codes.MOST_SENT):
        asker = await contacts.find_or_make(conn, app, "telegram", str(number))
        await link.start(conn, app, asker.id, "77")
    asker = await contacts.find_or_make(conn, app, "telegram", "one more")
    with pytest.raises(Refused, match=r"code\.too_many"):
        await link.start(conn, app, asker.id, "77")


async def test_an_unknown_account_and_one_without_a_phone_are_refused(
    app: App, conn: AsyncConnection, stranger: Contact
) -> None:
    await register_customer(conn, app, NewCustomer("Juma", number="78"))
    with pytest.raises(Refused, match=r"link\.unknown"):
        await link.start(conn, app, stranger.id, "79")
    with pytest.raises(Refused, match=r"link\.no_phone"):
        await link.start(conn, app, stranger.id, "78")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("purpose", ["link", "pin", "page"])
def test_a_code_fits_one_segment(lang: str, purpose: str) -> None:
    text = say(lang, f"code.{purpose}", operator="Elevenchars", code="123456", minutes=10)
    assert limits.units(transliteration.transliterate(text) if lang == "vi" else text) <= ("gsm7", 160)


async def test_no_code_to_link_or_for_a_pin_goes_to_a_number_whose_sim_was_changed(
    app: App, clock: SetClock, conn: AsyncConnection, amina: Registered, stranger: Contact
) -> None:
    await sim.asked(conn, app, "R1", AMINA)
    await sim.answered(conn, app, "R1", True, None)
    with pytest.raises(Refused) as refused:
        await link.start(conn, app, stranger.id, "77")
    assert refused.value.code == "code.sim_changed"
    record = await contacts.find(conn, "sms", AMINA)
    assert record is not None
    with pytest.raises(Refused):
        await codes.send(conn, app, purpose="pin", asker=codes.as_contact(record.id), to_contact_id=record.id)
    assert [row for row in await queue.claim(conn, app.clock.now(), "w", 9) if row.kind == "code"] == []
    clock.forward(timedelta(hours=sim.COOLING_HOURS))
    assert await link.start(conn, app, stranger.id, "77")


async def test_where_the_operator_wants_it_the_network_is_asked_with_every_code(
    app: App, conn: AsyncConnection, amina: Registered, stranger: Contact
) -> None:
    assert amina.account_id
    await link.start(conn, app, stranger.id, "77")
    asks = replace(app, operator=app.operator.model_copy(update={"identity": Identity(sim_check=True)}))
    await link.start(conn, asks, stranger.id, "77")
    rows = await queue.claim(conn, app.clock.now(), "w", 9)
    assert sorted(row.kind for row in rows) == ["code", "code", "sim"]
