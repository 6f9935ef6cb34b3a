"""A line that was just written is shown at once, and never before those that a page has missed."""

import json
from typing import Any

from core.chat import transcript
from core.context import App
from gateway.pages.chat_rooms import OpenPage, Rooms


class Socket:
    """Keeps what it is sent."""

    closed = False

    def __init__(self) -> None:
        self.seqs: list[int] = []

    async def send_str(self, frame: str) -> None:
        self.seqs.append(json.loads(frame)["seq"])


async def test_a_page_that_missed_a_line_gets_it_before_the_new_one(app: App) -> None:
    rooms, late, prompt = Rooms(app), Socket(), Socket()
    behind: Any = OpenPage("v", late, seen=0)
    ahead: Any = OpenPage("v", prompt, seen=1)
    await rooms.enter(behind)
    await rooms.enter(ahead)
    async with app.db.writing() as conn:
        await transcript.write(conn, app, "v", key="a", side="you", body={"text": "a"})
        line = await transcript.write(conn, app, "v", key="b", side="hodi", body={"text": "b"})
    await rooms.show("v", line)
    assert (late.seqs, prompt.seqs) == ([1, 2], [2])
    await rooms.show("v", line)
    assert (late.seqs, prompt.seqs) == ([1, 2], [2])
