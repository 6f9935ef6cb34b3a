"""Her own pages: behind a one-time code, hers alone, in her language; the same numbers and the same verbs as the dialogs."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select, update

from core.clock import SetClock
from core.config.operator import Operator
from core.db.engine import Database
from core.metering.tables import consumption, meter
from core.outbox.queue import outbox
from core.parties import codes, link
from core.parties.tables import contact, contact_account, service
from core.payments import mandates
from core.payments.tables import mandate, payment_request
from gateway.app_keys import APP
from gateway.pages import me
from tests.gateway.conftest import Serve, World, ops_app

PHONE = "+254710000017"
PAGES = ("", "/bills", "/use", "/payments", "/reports", "/points", "/settings")


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.fixture
async def world(world: World, aiohttp_client: Serve) -> World:
    web_app = ops_app(world.app)
    web_app.add_routes(me.routes())
    me.setup(web_app)
    return replace(world, client=await aiohttp_client(web_app))


async def text_of(world: World, path: str, status: int = 200, **form: Any) -> str:
    asked = world.client.post(path, data=form) if form else world.client.get(path)
    answer = await asked
    text = await answer.text()
    assert answer.status == status, text[:400]
    return text


async def code(world: World) -> str:
    async with world.app.db.reading() as conn:
        row = (await conn.execute(select(outbox).where(outbox.c.kind == "code").order_by(outbox.c.id.desc()))).first()
    assert row is not None
    said = codes.words(world.app, row.subject_id, row.params)
    assert said is not None
    return str(said["code"])


async def come_in(world: World, phone: str = PHONE) -> str:
    await text_of(world, "/me/enter", phone=phone)
    return await text_of(world, "/me/enter", code=await code(world))


async def test_nobody_comes_in_without_the_code(world: World) -> None:
    for path in PAGES:
        assert "Your phone number" in await text_of(world, f"/me{path}")
    await text_of(world, "/me/enter", phone=PHONE)
    for _ in range(2):
        assert "That code is not right" in await text_of(world, "/me/enter", 400, code="000000")
    assert "You owe KES 1,000" in await text_of(world, "/me/enter", code=await code(world))


async def test_a_stranger_hears_the_same_words_as_a_customer(world: World) -> None:
    known = await text_of(world, "/me/enter", phone=PHONE)
    assert known == await text_of(world, "/me/enter", phone="+254799999999")
    assert "That code is not right" in await text_of(world, "/me/enter", 400, code="123456")
    async with world.app.db.reading() as conn:
        sent = (await conn.execute(select(outbox.c.contact_id).where(outbox.c.kind == "code"))).all()
    assert [row.contact_id for row in sent] == [world.nakuru.contact_id]
    assert "not a phone number" in await text_of(world, "/me/enter", 400, phone="seven")


async def test_a_cookie_that_was_altered_or_is_another_s_opens_nothing(world: World) -> None:
    await come_in(world)
    jar = world.client.session.cookie_jar
    mine = next(one for one in jar if one.key == "hodi_me")
    assert str(world.nakuru.contact_id) not in mine.value
    forged = ("A" if mine.value[0] != "A" else "B") + mine.value[1:]
    jar.clear()
    answer = await world.client.get("/me", cookies={"hodi_me": forged}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/me/enter")


async def test_every_page_says_what_is_hers_and_no_other_account_opens(world: World) -> None:
    await come_in(world)
    assert "INV-10000017" in await text_of(world, "/me/bills")
    assert "KES 285.55" in await text_of(world, "/me/payments")
    assert "T10000017" in await text_of(world, "/me/reports")
    assert "You have 0 points" in await text_of(world, "/me/points")
    assert "Nothing was measured yet" in await text_of(world, "/me/use")
    for path in PAGES:
        await text_of(world, f"/me{path}?account={world.kisumu.account_id}", 404)
        page = await text_of(world, f"/me{path}")
        assert "<script" not in page
        assert "10000025" not in page


async def test_thirteen_months_of_use_are_drawn_and_told(world: World) -> None:
    from datetime import date

    app, take = world.app, world.app.ids.take
    async with app.db.writing() as conn:
        service_id = await conn.scalar(select(service.c.id).where(service.c.account_id == world.nakuru.account_id))
        await conn.execute(
            insert(meter).values(
                id=take(),
                serial="M1",
                service_id=service_id,
                code="energy",
                unit="kWh",
                kind="interval",
                dials=6,
                multiplier_micro=1_000_000,
                interval_minutes=30,
                installed_on=date(2024, 1, 1),
            )
        )
        for month in range(14):
            begin, end = (date(2025 + at // 12, at % 12 + 1, 1) for at in (month, month + 1))
            await conn.execute(
                insert(consumption).values(
                    id=take(),
                    service_id=service_id,
                    meter_code="energy",
                    from_date=begin,
                    to_date=end,
                    revision=0,
                    quantity_micro=(month + 1) * 10_000_000,
                    estimated_micro=0,
                    missing=0,
                    method="measured",
                )
            )
    await come_in(world)
    page = await text_of(world, "/me/use")
    assert page.count('class="bar"') == 13
    assert "<title>Feb 2026: 140 kWh</title>" in page
    assert page.count("<tr>") == 13


async def test_what_she_sets_is_what_the_dialogs_know(world: World) -> None:
    await come_in(world)
    page = await text_of(world, "/me/settings")
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    page = await text_of(world, "/me/settings", csrf=found[1], language="sw", messages="go")
    assert "Imehifadhiwa." in page
    async with world.app.db.reading() as conn:
        row = (await conn.execute(select(contact).where(contact.c.id == world.nakuru.contact_id))).one()
    assert (row.language, row.marketing, row.stopped_at) == ("sw", False, None)
    await text_of(world, "/me/settings", 403, csrf="0" * 64, language="en", messages="stop")


async def test_pay_leads_to_one_paylink_a_day(world: World) -> None:
    await come_in(world)
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', await text_of(world, "/me"))
    assert found is not None
    where = set()
    for _ in range(2):
        answer = await world.client.post("/me/pay", data={"csrf": found[1]}, allow_redirects=False)
        where.add((answer.status, answer.headers["Location"]))
    async with world.app.db.reading() as conn:
        [token] = (await conn.execute(select(payment_request.c.token))).scalars()
    assert where == {(303, f"/p/{token}")}


async def test_whoever_lost_her_accounts_is_out(world: World) -> None:
    await come_in(world)
    async with world.app.db.writing() as conn:
        await conn.execute(
            update(contact_account)
            .values(contact_id=world.kisumu.contact_id)
            .where(contact_account.c.contact_id == world.nakuru.contact_id)
        )
    assert "Your phone number" in await text_of(world, "/me")


async def test_who_lost_one_of_several_accounts_signs_in_again(world: World, clock: SetClock) -> None:
    app, mine = world.app, world.nakuru
    async with app.db.writing() as conn:
        row = {
            "contact_id": mine.contact_id,
            "account_id": world.kisumu.account_id,
            "linked_at": clock.now(),
            "how": "code",
        }
        await conn.execute(insert(contact_account).values(row))
    await come_in(world)
    assert "10000025" in await text_of(world, f"/me?account={world.kisumu.account_id}")
    clock.forward(timedelta(seconds=1))
    async with app.db.writing() as conn:
        assert await link.unlink(conn, app, mine.contact_id, world.kisumu.account_id)
        await conn.execute(insert(contact_account).values(row))  # and linked again: the page that was open stays shut
    for path in PAGES:
        assert "Your phone number" in await text_of(world, f"/me{path}")
    assert "You owe" in await come_in(world)


async def test_a_direct_debit_is_offered_only_where_the_provider_has_a_page_for_it(world: World) -> None:
    await come_in(world)
    app = world.app

    def by(provider: str) -> Operator:
        payments = app.operator.payments.model_copy(update={"mandates": provider})
        return app.operator.model_copy(update={"payments": payments})

    world.client.app._state[APP] = replace(app, operator=by("sepa"))
    assert "/me/mandate" not in await text_of(world, "/me/payments")
    bank = app.settings.model_copy(
        update={"gocardless_access_token": SecretStr("x"), "gocardless_base_url": "http://127.0.0.1:1"}
    )
    world.client.app._state[APP] = replace(app, settings=bank, operator=by("gocardless"))
    page = await text_of(world, "/me/payments")
    assert "/me/mandate" in page
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    await text_of(world, "/me/mandate", 403, csrf="forged")
    assert "try again" in await text_of(world, "/me/mandate", 503, csrf=csrf[1])


async def test_she_sees_the_card_on_file_and_removes_it_and_another_account_s_she_cannot(world: World) -> None:
    app = world.app
    async with app.db.writing() as conn:
        for town in (world.nakuru, world.kisumu):
            reference = await mandates.create(
                conn,
                app,
                town.account_id,
                masked="visa ****4081",
                actor="x",
                provider="paystack",
                provider_ref=f"AUTH_{town.account_id}",
            )
            await mandates.activate(conn, app, reference, actor="x")
        await conn.execute(update(mandate).values(expires_on=date(2030, 12, 31)))
    await come_in(world)
    page = await text_of(world, "/me/payments")
    assert "collected from visa ****4081." in page
    assert "until 31 Dec 2030" in page
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    await text_of(world, "/me/mandate/end", 403, csrf="forged")
    await text_of(world, f"/me/mandate/end?account={world.kisumu.account_id}", 404, csrf=csrf[1])
    for _ in range(2):
        assert "4081" not in await text_of(world, "/me/mandate/end", csrf=csrf[1])
    async with app.db.reading() as conn:
        rows = await conn.execute(select(mandate.c.account_id, mandate.c.state, mandate.c.provider_ref))
        found = {row.account_id: (row.state, row.provider_ref) for row in rows}
    assert found[world.nakuru.account_id] == ("cancelled", f"AUTH_{world.nakuru.account_id}"), (
        "the provider is told, and then it is gone"
    )
    assert found[world.kisumu.account_id] == ("active", f"AUTH_{world.kisumu.account_id}")
