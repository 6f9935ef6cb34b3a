"""The dispatcher: each row once, in the reader's language, and every answer of a provider led to its state."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from channels.contract import ByMessage
from core.care.tables import interaction
from core.clock import SetClock
from core.context import App
from core.message import Notice, Sent
from core.outbox import queue
from core.outbox.queue import OutboxRow, Outcome
from scheduler.dispatch import Dispatcher
from tests.people import a_branch, a_customer


class Provider(ByMessage):
    """A channel that says what the test told it to, and remembers what it was given."""

    def __init__(self, state: Any = "done") -> None:
        self.state, self.notices, self.most, self.used = state, list[Notice](), 0, asyncio.Event()

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        self.most = max(self.most, len(notices))
        if isinstance(self.state, Exception) and any(notice.key.startswith("poison") for notice in notices):
            raise self.state
        self.notices += notices
        self.used.set()
        state = "done" if isinstance(self.state, Exception) else self.state
        return [Sent(notice.key, state, f"ref-{notice.key}", None if state == "done" else "why") for notice in notices]

    @property
    def keys(self) -> list[str]:
        return [notice.key for notice in self.notices]


async def _replies(app: App, *keys: str, text: str = "Hello", **more: Any) -> int:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        for key in keys:
            await queue.enqueue(
                conn,
                app,
                key=key,
                **(
                    {
                        "kind": "reply",
                        "template": "reply.text",
                        "params": {"text": text},
                        "contact_id": customer.contact_id,
                        "priority": queue.PROMPT,
                    }
                    | more
                ),
            )
    return customer.contact_id


async def _rows(app: App) -> dict[str, Any]:
    async with app.db.reading() as conn:
        return {row.key: row for row in await conn.execute(select(queue.outbox))}


async def test_a_row_is_sent_once_and_its_reference_kept(app: App) -> None:
    await _replies(app, "r1", "r2")
    sms = Provider()
    dispatcher = Dispatcher(app, {"sms": sms})
    assert await dispatcher.drain() == {"sent": 2}
    assert await dispatcher.drain() == {}
    assert [(notice.key, notice.to, notice.text) for notice in sms.notices] == [
        ("r1", "+254700000001", "Hello"),
        ("r2", "+254700000001", "Hello"),
    ]
    row = (await _rows(app))["r1"]
    assert (row.state, row.provider_ref, row.settled_at) == ("sent", "ref-r1", app.clock.now())
    assert dispatcher.totals == {"sent": 2}


async def test_what_left_is_remembered_for_the_next_clerk(app: App) -> None:
    contact_id = await _replies(app, "r1")
    await Dispatcher(app, {"sms": Provider()}).drain()
    async with app.db.reading() as conn:
        row = (await conn.execute(select(interaction))).one()
    assert (row.contact_id, row.channel, row.direction, row.kind, row.text) == (
        contact_id,
        "sms",
        "out",
        "reply",
        "Hello",
    )


async def test_a_one_time_code_is_remembered_without_its_digits(app: App, monkeypatch: Any) -> None:
    monkeypatch.setattr("core.text._overrides", {"en": {"code.test": "Your code is {code}."}})
    await _replies(app, "c1", kind="code", template="code.test", params={"code": "493817"})
    sms = Provider()
    await Dispatcher(app, {"sms": sms}).drain()
    assert sms.notices[0].text == "Your code is 493817."
    async with app.db.reading() as conn:
        assert (await conn.execute(select(interaction.c.text))).scalar_one() == "Your code is {code}."


async def test_a_refusal_is_final(app: App) -> None:
    await _replies(app, "r1")
    assert await Dispatcher(app, {"sms": Provider("refused")}).drain() == {"failed": 1}
    assert (await _rows(app))["r1"].reason == "why"


async def test_later_waits_for_its_back_off(app: App, clock: SetClock) -> None:
    await _replies(app, "r1")
    assert await Dispatcher(app, {"sms": Provider("not_reached")}).drain() == {"waiting": 1}
    assert (await _rows(app))["r1"].not_before == clock.now() + timedelta(seconds=queue.BACK_OFF_SECONDS[0])
    clock.forward(timedelta(seconds=6))
    assert await Dispatcher(app, {"sms": Provider()}).drain() == {"sent": 1}


async def test_an_unknown_outcome_is_sent_again_only_if_the_row_allows_it(app: App) -> None:
    await _replies(app, "once")
    async with app.db.writing() as conn:
        contact = (await conn.execute(select(queue.outbox.c.contact_id))).scalar_one()
        await queue.enqueue(
            conn,
            app,
            key="again",
            kind="notice",
            template="reply.text",
            params={"text": "x"},
            contact_id=contact,
            resend_unknown=True,
        )
    await Dispatcher(app, {"sms": Provider("unknown")}).drain()
    assert {key: row.state for key, row in (await _rows(app)).items()} == {"once": "unknown", "again": "waiting"}


async def test_a_poison_row_is_laid_aside_after_three_tries_and_the_others_leave(app: App, clock: SetClock) -> None:
    await _replies(app, "good1")
    async with app.db.writing() as conn:
        contact = (await conn.execute(select(queue.outbox.c.contact_id))).scalar_one()
        for key, template in (("bad", "there.is.no.such.key"), ("good2", "reply.text")):
            await queue.enqueue(
                conn, app, key=key, kind="reply", template=template, params={"text": "x"}, contact_id=contact
            )
    sms = Provider()
    dispatcher = Dispatcher(app, {"sms": sms})
    for _ in range(3):
        await dispatcher.drain()
        clock.forward(timedelta(days=1))
    assert sms.keys == ["good1", "good2"]
    bad = (await _rows(app))["bad"]
    assert (bad.state, bad.reason) == (
        "dead",
        "poison: KeyError: \"no catalogue has the message 'there.is.no.such.key'\"",
    )


async def test_a_letter_that_makes_the_channel_raise_does_not_hold_up_its_wave(app: App) -> None:
    await _replies(app, "n1", "poison", "n2", resend_unknown=True)
    sms = Provider(RuntimeError("a bug of ours"))
    assert await Dispatcher(app, {"sms": sms}).drain() == {"sent": 2, "waiting": 1}
    assert sms.keys == ["n1", "n2"]


async def test_a_message_that_must_not_leave_twice_is_unknown_when_the_channel_raised(app: App) -> None:
    await _replies(app, "poison", "r2")
    assert await Dispatcher(app, {"sms": Provider(RuntimeError("a bug"))}).drain() == {"unknown": 2}


async def test_nobody_to_send_it_to_drops_the_row(app: App) -> None:
    await _replies(app, "r1")
    assert await Dispatcher(app, {"telegram": Provider()}).drain() == {"dropped": 1}
    assert (await _rows(app))["r1"].reason == "nobody to send it to"


async def test_what_is_no_message_goes_to_the_handler_of_its_kind(app: App) -> None:
    await _replies(app, "p1", "p2", kind="push", template="push")
    asked: list[str] = []

    async def push(_house: App, row: OutboxRow) -> Outcome:
        asked.append(row.key)
        if row.key == "p2":
            raise RuntimeError("a bug")
        return Outcome(row.id, "sent", "ref", attempts=row.attempts)

    assert await Dispatcher(app, {}, {"push": push}).drain() == {"sent": 1, "waiting": 1}
    assert sorted(asked) == ["p1", "p2"]


async def test_a_wave_is_never_larger_than_the_pace_allows(app: App) -> None:
    await _replies(app, *(f"r{number}" for number in range(7)))
    sms = Provider()
    await Dispatcher(app, {"sms": sms}, per_second={"sms": 5}).drain()
    assert (len(sms.notices), sms.most) == (7, 5)


async def test_two_dispatchers_share_the_work_and_send_nothing_twice(app: App) -> None:
    await _replies(app, *(f"r{number}" for number in range(120)))
    sms = Provider()
    await asyncio.gather(*(Dispatcher(app, {"sms": sms}, batch=10, wave=5).drain() for _ in range(4)))
    assert len(sms.keys) == len(set(sms.keys)) == 120


async def test_a_nudged_dispatcher_runs_until_it_is_stopped(app: App) -> None:
    sms = Provider()
    dispatcher = Dispatcher(app, {"sms": sms})
    running = asyncio.create_task(dispatcher.run())
    await _replies(app, "r1")
    dispatcher.nudge()
    await sms.used.wait()
    dispatcher.stop()
    await running
    assert sms.keys == ["r1"]


async def test_a_drain_of_a_few_leaves_the_rest(app: App) -> None:
    await _replies(app, *(f"r{number}" for number in range(10)))
    done = await Dispatcher(app, {"sms": Provider()}, lanes=1).drain(limit=3)
    assert done == {"sent": 3}
