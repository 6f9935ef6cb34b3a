"""A person, please: a call back on a phone; in a chat the queue, a clerk, silence of the bot, and the way back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.webchat import WebChat
from core.care import hours, talks
from core.care.tables import talk, ticket
from core.clock import SetClock
from core.context import App
from core.message import Inbound, Notice
from core.outbox.queue import outbox
from core.summary.reader import open_quick
from gateway.conversation import replies
from gateway.conversation.sessions import EmbeddedStore
from gateway.conversation.turn import Turns
from scheduler.jobs import JOBS
from tests.gateway.talking import Phone, a_customer, counter
from tests.gateway.test_flows import rows


async def nobody(_notice: Notice) -> bool:
    return False


class Chat:
    """A visitor of the web chat, heard as any message is."""

    def __init__(self, turns: Turns, user: str = "visitor-1") -> None:
        self.turns, self.user, self.number, self.channel = turns, user, 0, WebChat(nobody)

    async def say(self, text: str) -> None:
        self.number += 1
        await self.hear(text, self.number)

    async def hear(self, text: str, number: int) -> None:
        inbound = Inbound("webchat", self.user, text, message_id=f"{self.user}-{number}")
        await replies.hear(self.turns, inbound, self.channel)

    async def told(self) -> list[str]:
        return [row.params.get("text", row.template) for row in await rows(self.turns.app, outbox)]


@pytest.fixture
async def chat(app: App, tmp_path: Path) -> AsyncIterator[Chat]:
    store, quick = EmbeddedStore(tmp_path / "sessions.db"), open_quick(app.db)
    yield Chat(Turns(app, store, quick))
    await quick.close()
    await store.close()


async def in_the_queue(chat: Chat) -> int:
    for text in ("hello", "AGENT", "My meter card 4111 1111 1111 1111", "My meter hums"):
        await chat.say(text)
    [row] = await rows(chat.turns.app, talk)
    assert (row.state, row.about) == ("waiting", "My meter hums")
    return int(row.id)


async def test_in_a_chat_they_wait_is_answered_and_comes_back_while_the_bot_is_silent(app: App, chat: Chat) -> None:
    talk_id = await in_the_queue(chat)
    assert "You are number 1 in the queue" in (await chat.told())[-1]
    async with app.db.writing() as conn:
        await talks.say(conn, app, talk_id, "user:asha", "Which colour is the light?")
    said = await chat.told()
    assert said[-2:] == ["agent.joined", "Which colour is the light?"]
    await chat.say("1")
    await chat.hear("1", chat.number)
    await chat.say("BAL")
    assert await chat.told() == said
    async with app.db.writing() as conn:
        await talks.give_back(conn, app, talk_id, "user:asha")
        await talks.give_back(conn, app, talk_id, "user:asha")
    assert (await chat.told())[len(said) :] == ["agent.back"]
    await chat.say("thanks")
    assert "Welcome to Mwangaza Power" in (await chat.told())[-1]


async def test_they_may_leave_the_queue_by_themselves(app: App, chat: Chat) -> None:
    await in_the_queue(chat)
    await chat.say("00")
    [row] = await rows(app, talk)
    assert (row.state, row.ended_by, row.open_key) == ("over", "customer", None)
    assert "Welcome to Mwangaza Power" in (await chat.told())[-1]


async def test_two_clerks_cannot_take_one_chat(app: App, chat: Chat) -> None:
    from core.errors import Refused

    talk_id = await in_the_queue(chat)
    async with app.db.writing() as conn:
        await talks.take(conn, app, talk_id, "user:asha")
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match=r"talk\.taken"):
            await talks.take(conn, app, talk_id, "user:juma")


async def test_what_nobody_takes_becomes_a_ticket_and_what_falls_silent_ends(
    app: App, chat: Chat, clock: SetClock
) -> None:
    await in_the_queue(chat)
    job = next(job for job in JOBS if job.name.startswith("talks"))
    assert not await job.run(app)
    clock.instant = clock.now() + timedelta(minutes=21)
    assert await job.run(app) == 1
    assert not await job.run(app)
    [opened] = await rows(app, ticket)
    assert (opened.kind, opened.description) == ("message", "My meter hums")
    assert (await chat.told())[-1] == "agent.nobody"


async def test_the_place_in_the_queue_is_told_by_who_asked_first(app: App, chat: Chat) -> None:
    await in_the_queue(chat)
    other = Chat(chat.turns, "visitor-2")
    for text in ("AGENT", "Something"):
        await other.say(text)
    assert "You are number 2" in (await other.told())[-1]


async def test_when_nobody_is_there_a_message_is_kept(app: App, chat: Chat, clock: SetClock) -> None:
    clock.instant = datetime(2026, 3, 14, 9, tzinfo=UTC)  # a Saturday
    for text in ("AGENT", "1", "My bill is odd"):
        await chat.say(text)
    said = await chat.told()
    assert "Nobody is here just now. We are back 16 Mar 08:00." in said[0]
    [opened] = await rows(app, ticket)
    assert (opened.description, opened.reference in said[-1]) == ("My bill is odd", True)
    assert not await rows(app, talk)


async def test_on_a_phone_a_call_is_promised_once(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial(ahead="6")
        assert "1. 10 Mar 14:00-16:00\n2. 10 Mar 16:00-17:00\n3. 11 Mar 08:00-10:00" in await phone.answer("3")
        assert "We call +254712345678 from 10 Mar 16:00." in await phone.answer("2")
        told = await phone.answer("1")
        assert await phone.again() == told
        [opened] = await rows(app, ticket)
        assert opened.reference in told
        assert opened.description == "Call on 2026-03-10 between 16:00 and 17:00"
        await phone.dial("s2", ahead="6*3*1")
        assert "promised already" in await phone.answer("1")
    assert len(await rows(app, ticket)) == 1


def test_the_doors_are_shut_at_night_on_sundays_and_on_holidays(operator: object) -> None:
    from core.config.operator import Operator

    assert isinstance(operator, Operator)
    noon = datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert hours.is_open(operator, noon)
    assert not hours.is_open(operator, noon.replace(hour=14))
    assert not hours.is_open(operator, noon.replace(day=15))
    assert not hours.is_open(operator, datetime(2026, 12, 25, 9, tzinfo=UTC))
    assert hours.opens_at(operator, datetime(2026, 12, 24, 15, tzinfo=UTC)) == datetime(2026, 12, 28, 5, tzinfo=UTC)
