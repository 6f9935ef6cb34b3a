"""A clerk takes a chat, sees what was said, answers, and gives it back to the bot; other branches see nothing of it."""

import pytest
from sqlalchemy import select

from core.care import interactions, talks
from core.care.tables import talk
from core.db.engine import Database
from core.outbox.queue import outbox
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


async def a_talk(world: World) -> int:
    customer = world.nakuru
    async with world.app.db.writing() as conn:
        await interactions.log(
            conn,
            world.app,
            channel="webchat",
            direction="in",
            kind="turn",
            text="<b>It hums</b>",
            contact_id=customer.contact_id,
        )
        made = await talks.ask(
            conn,
            world.app,
            contact_id=customer.contact_id,
            account_id=customer.account_id,
            channel="sms",
            about="My <i>meter</i>",
        )
    return made.id


async def test_a_clerk_answers_and_gives_the_chat_back(world: World) -> None:
    talk_id = await a_talk(world)
    browser = await signed_in(world.client, world.app, "clerk")
    assert "My &lt;i&gt;meter&lt;/i&gt;" in await browser.get("/console/talks")
    page = await browser.get(f"/console/talks/{talk_id}")
    assert "&lt;b&gt;It hums&lt;/b&gt;" in page
    page = await browser.post(f"/console/talks/{talk_id}", text="We come <today>")
    assert "We come &lt;today&gt;" in page
    assert "on its way" in page
    await browser.post(f"/console/talks/{talk_id}", do="back")
    async with world.app.db.reading() as conn:
        row = (await conn.execute(select(talk.c.state, talk.c.clerk, talk.c.ended_by))).one()
        told = list((await conn.execute(select(outbox.c.template).order_by(outbox.c.id))).scalars())
    assert tuple(row) == ("over", "user:clerk-none", "user:clerk-none")
    assert told == ["agent.joined", "reply.text", "agent.back"]
    await browser.post(f"/console/talks/{talk_id}", 409, text="too late")


async def test_a_talk_of_another_branch_is_not_there(world: World) -> None:
    talk_id = await a_talk(world)
    browser = await signed_in(world.client, world.app, "clerk", "kisumu")
    assert "meter" not in await browser.get("/console/talks")
    await browser.get(f"/console/talks/{talk_id}", 404)
    await browser.post(f"/console/talks/{talk_id}", 404, do="take")


async def test_whoever_may_not_answer_sees_no_chats(world: World) -> None:
    talk_id = await a_talk(world)
    browser = await signed_in(world.client, world.app, "viewer")
    await browser.get(f"/console/talks/{talk_id}", 403)
