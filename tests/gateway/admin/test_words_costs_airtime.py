"""The words of notices, what messages cost, and airtime orders without an answer: at the console, within one's branch and role."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from core.context import App
from core.errors import BadInput
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.notices import own_texts
from core.notices.compose import compose
from core.notices.own_texts import load_folder, wording
from core.outbox.costs import message_cost
from core.outbox.queue import enqueue, outbox
from core.rewards import store
from core.rewards.model import ASSET, EARNED
from core.rewards.tables import redemption
from core.text import override, say
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World

NOTICES, COSTS, AIRTIME = "/console/notices", "/console/costs", "/console/airtime"
KEY = "notice.thanks.nothing"
MINE = "Asante! {amount} imefika. {operator}"


@pytest.fixture
async def own(app: App) -> AsyncIterator[App]:
    """A house whose own words are given back afterwards: the catalogues are one for the process."""
    yield app
    async with app.db.writing() as conn:
        await conn.execute(delete(wording))
        await own_texts.refresh(conn)


async def test_words_are_checked_kept_heard_by_the_next_message_and_given_back(own: App, world: World) -> None:
    browser = await signed_in(world.client, own)
    ours = say("sw", KEY, amount="1", operator="x", ussd="y")
    assert KEY in await browser.get(f"{NOTICES}?words=sw")
    said = {"lang": "sw", "key": KEY}
    assert "{amount} is missing" in await browser.post(NOTICES, **said, text="Asante!", do="check")
    assert "It is fine" in await browser.post(NOTICES, **said, text=MINE, do="check")
    assert say("sw", KEY, amount="1", operator="x", ussd="y") == ours, "to check keeps nothing"
    for wrong in ("Asante {name} {amount}", "Asante {amount", "Asante {amount} }"):
        text = await browser.post(NOTICES, 400, **said, text=wrong, do="keep")
        assert "It cannot be kept" in text and wrong in text, "what was typed stays"
    assert "your own" in await browser.post(NOTICES, **said, text=MINE, do="keep")
    async with own.db.reading() as conn:
        await compose(conn, own, [])
    assert say("sw", KEY, amount="KES 5", operator="M", ussd="y") == "Asante! KES 5 imefika. M"
    await browser.post(NOTICES, **said, text="", do="keep")
    assert say("sw", KEY, amount="1", operator="x", ussd="y") == ours
    await browser.post(NOTICES, 404, lang="sw", key="bill.title", text="x", do="keep")
    await browser.get(f"{NOTICES}?words=xx", 404)


async def test_a_branch_does_not_word_for_the_house(own: App, world: World) -> None:
    nakuru = await signed_in(world.client, own, "admin", "nakuru")
    await nakuru.post(NOTICES, 403, lang="sw", key=KEY, text=MINE, do="keep")
    clerk = await signed_in(world.client, own, "clerk")
    await clerk.get(NOTICES, 403)


def test_texts_of_the_folder_are_laid_over_ours(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    file = tmp_path / "texts" / "nl.yaml"
    ours = say("nl", KEY, amount="1", operator="x", ussd="y")
    try:
        file.write_text(f'{KEY}: "Bedankt voor {{amount}}, {{operator}}"\n')
        assert load_folder(tmp_path) == 1
        assert say("nl", KEY, amount="EUR 5", operator="M") == "Bedankt voor EUR 5, M"
    finally:
        own_texts._folder.clear()
        override("nl", {KEY: ""})
    assert say("nl", KEY, amount="1", operator="x", ussd="y") == ours
    for wrong, words in (
        (f'{KEY}: "{{name}}"\n', "a field {name}"),
        ("no.such: x\n", "no text of ours"),
        ("- x\n", "no list"),
    ):
        file.write_text(wrong)
        with pytest.raises(BadInput, match=words):
            load_folder(tmp_path)


async def spend(app: App, account_id: int, micro: int, channel: str = "sms") -> None:
    key = f"m:{account_id}:{channel}"
    async with app.db.writing() as conn:
        await enqueue(conn, app, key=key, kind="notice", template="notice.thanks", params={}, account_id=account_id)
        number = (await conn.execute(select(outbox.c.id).where(outbox.c.key == key))).scalar_one()
        await conn.execute(
            insert(message_cost).values(
                outbox_id=number, channel=channel, category="", currency="KES", amount_micro=micro, at=app.clock.now()
            )
        )


async def test_costs_are_summed_by_channel_between_two_days_and_by_branch(world: World) -> None:
    app = world.app
    await spend(app, world.nakuru.account_id, 800_000)
    await spend(app, world.kisumu.account_id, 400_000)
    await spend(app, world.kisumu.account_id, 50, "whatsapp")
    browser = await signed_in(world.client, app, "finance")
    text = await browser.get(COSTS)
    assert "KES 1.2000" in text and "KES 0.6000" in text and "WhatsApp" in text
    assert "No message of these days has a price" in await browser.get(f"{COSTS}?from=2026-01-01&to=2026-01-31")
    nakuru = await signed_in(world.client, app, "finance", "nakuru")
    text = await nakuru.get(f"{COSTS}?from={date(2026, 3, 10)}&to={date(2026, 3, 10)}")
    assert "KES 0.8000" in text and "KES 1.2000" not in text and "whatsapp" not in text
    clerk = await signed_in(world.client, app, "clerk")
    await clerk.get(COSTS, 403)


async def order(world: World) -> int:
    app = world.app
    async with app.db.writing() as conn:
        earned = Posting(Book("points_issued"), Book("points", world.nakuru.account_id), 500, ASSET, EARNED)
        await post(conn, app, key="earn", kind="points", booked_on=app.today(), postings=[earned])
        made = await store.reserve(
            conn,
            app,
            key="o",
            account_id=world.nakuru.account_id,
            kind="airtime",
            points=100,
            amount=5_000,
            phone="+254712345678",
        )
        await conn.execute(
            update(redemption).where(redemption.c.id == made.id).values(state="unknown", reason="no answer")
        )
    return made.id


async def state_of(app: App) -> str:
    async with app.db.reading() as conn:
        return str((await conn.execute(select(redemption.c.state))).scalar_one())


async def test_a_clerk_says_that_airtime_did_not_arrive_and_the_points_return(world: World) -> None:
    number = await order(world)
    browser = await signed_in(world.client, world.app, "clerk")
    text = await browser.get(AIRTIME)
    assert "Wanjiru Kamau" in text and "KES 50" in text and "no answer" in text
    admin = await signed_in(world.client, world.app)
    assert "1 airtime order has no answer" in await admin.get("/console/day")
    await admin.post(f"{AIRTIME}/{number}", 400, do="failed")
    await admin.post(f"{AIRTIME}/{number}", 400, do="maybe", sure="yes")
    assert "the points are back" in await admin.post(f"{AIRTIME}/{number}", do="failed", sure="yes")
    assert await state_of(world.app) == "reversed"
    await admin.post(f"{AIRTIME}/{number}", 404, do="arrived", sure="yes")


async def test_airtime_of_another_branch_and_on_its_way_cannot_be_decided(world: World) -> None:
    number = await order(world)
    kisumu = await signed_in(world.client, world.app, "clerk", "kisumu")
    assert "Wanjiru" not in await kisumu.get(AIRTIME)
    await kisumu.post(f"{AIRTIME}/{number}", 404, do="arrived", sure="yes")
    async with world.app.db.writing() as conn:
        await conn.execute(update(redemption).values(state="reserved"))
    admin = await signed_in(world.client, world.app)
    await admin.post(f"{AIRTIME}/{number}", 404, do="arrived", sure="yes")
    assert await state_of(world.app) == "reserved"
