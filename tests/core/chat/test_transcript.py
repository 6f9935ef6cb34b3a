"""A visitor's transcript: numbered without gaps, nothing twice, and only theirs."""

import asyncio
from datetime import timedelta

from core.chat import transcript
from core.clock import SetClock
from core.context import App


async def say(app: App, visitor: str, key: str, text: str = "hello", side: str = "you") -> bool:
    async with app.db.writing() as conn:
        return await transcript.write(conn, app, visitor, key=key, side=side, body={"text": text})


async def seqs(app: App, visitor: str, after: int = 0) -> list[int]:
    async with app.db.reading() as conn:
        return [line.seq for line in await transcript.since(conn, visitor, after)]


async def test_lines_are_numbered_from_one_for_each_visitor(app: App) -> None:
    for visitor, key in [("ann", "1"), ("ben", "1"), ("ann", "2"), ("ann", "3")]:
        assert await say(app, visitor, key)
    assert await seqs(app, "ann") == [1, 2, 3]
    assert await seqs(app, "ben") == [1]


async def test_a_line_said_again_is_not_written_again_and_takes_no_number(app: App) -> None:
    assert await say(app, "ann", "1", "first")
    assert not await say(app, "ann", "1", "other words")
    assert await say(app, "ann", "2")
    async with app.db.reading() as conn:
        lines = await transcript.since(conn, "ann", 0)
    assert [(line.seq, line.body["text"]) for line in lines] == [(1, "first"), (2, "hello")]


async def test_writers_at_the_same_instant_get_numbers_without_gap_or_twin(app: App) -> None:
    await asyncio.gather(*(say(app, "ann", str(n)) for n in range(12)))
    assert await seqs(app, "ann") == list(range(1, 13))


async def test_a_page_that_comes_back_gets_what_came_after_and_no_more(app: App) -> None:
    for n in range(5):
        await say(app, "ann", str(n))
    assert await seqs(app, "ann", after=3) == [4, 5]
    assert await seqs(app, "ann", after=5) == []


async def test_of_a_very_long_talk_a_new_page_gets_the_end(app: App) -> None:
    for n in range(transcript.AT_MOST + 3):
        await say(app, "ann", str(n))
    got = await seqs(app, "ann")
    assert (len(got), got[0], got[-1]) == (transcript.AT_MOST, 4, transcript.AT_MOST + 3)


async def test_the_last_thing_we_said_is_ours_and_not_theirs(app: App) -> None:
    await say(app, "ann", "1", "Your PIN?", side="hodi")
    await say(app, "ann", "2", "1234")
    async with app.db.reading() as conn:
        assert (await transcript.last_said(conn, "ann"))["text"] == "Your PIN?"
        assert await transcript.last_said(conn, "nobody") == {}


async def test_a_page_counts_as_open_for_a_while_after_it_said_so(app: App, clock: SetClock) -> None:
    await say(app, "ann", "1")
    async with app.db.writing() as conn:
        assert not await transcript.is_open(conn, app, "ann")
        await transcript.keep_open(conn, app, ["ann"])
        assert await transcript.is_open(conn, app, "ann")
        clock.forward(transcript.STAYS_OPEN + timedelta(seconds=1))
        assert not await transcript.is_open(conn, app, "ann")
