"""STOP and START count by when they were said, to the sender they were said to, in whatever order they are heard."""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

from core.context import App
from core.db.engine import Database
from core.parties import consent, contacts
from core.parties.tables import contact
from tests.conftest import NOON

Words = tuple[tuple[str, str | None, int], ...]
WORDS = (
    ("stop", "22100", 0), ("stop", "MWANGAZA", 1), ("start", "22100", 2), ("stop", "22100", 3), ("start", "MWANGAZA", 4),
)  # fmt: skip


async def _hear(app: App, contact_id: int, said: str, sender: str | None, hours: int) -> None:
    act = consent.stop if said == "stop" else consent.start
    async with app.db.writing() as conn:
        await act(conn, app, contact_id, sender=sender, channel="sms", at=NOON - timedelta(hours=9 - hours))


async def _stands(app: App, contact_id: int) -> tuple[set[str], bool]:
    async with app.db.reading() as conn:
        stops = (await consent.stops_of(conn, [contact_id])).get(contact_id, frozenset())
        silent = (await conn.execute(select(contact.c.stopped_at).where(contact.c.id == contact_id))).scalar_one()
    return set(stops), silent is not None


TO_ALL = ("stop", None, 1), ("start", "22100", 2), ("stop", "MWANGAZA", 3)


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.mark.parametrize(("words", "left"), [(WORDS, "22100"), (TO_ALL, "MWANGAZA")])
async def test_in_any_order_the_latest_word_to_each_sender_counts(app: App, words: Words, left: str) -> None:
    for number, order in enumerate(permutations(words)):
        async with app.db.writing() as conn:
            met = await contacts.find_or_make(conn, app, "sms", f"+2547{number:08}")
        for word in order:
            await _hear(app, met.id, *word)
        assert await _stands(app, met.id) == ({left}, False), order


async def test_start_to_all_ends_what_was_said_before_it_and_nothing_after(app: App) -> None:
    async with app.db.writing() as conn:
        met = await contacts.find_or_make(conn, app, "sms", "+254712345678")
    await _hear(app, met.id, "stop", "MWANGAZA", 5)
    await _hear(app, met.id, "stop", None, 1)
    assert await _stands(app, met.id) == ({"MWANGAZA"}, True)
    await _hear(app, met.id, "start", None, 3)
    assert await _stands(app, met.id) == ({"MWANGAZA"}, False), "them later word to one of them stands"
    await _hear(app, met.id, "stop", None, 2)
    await _hear(app, met.id, "stop", "22100", 2)
    assert await _stands(app, met.id) == ({"MWANGAZA"}, False), "START was said after these"


async def test_the_same_word_heard_again_is_written_down_once(app: App) -> None:
    async with app.db.writing() as conn:
        met = await contacts.find_or_make(conn, app, "sms", "+254712345678")
    for _ in range(3):
        await _hear(app, met.id, "stop", "22100", 1)
    async with app.db.reading() as conn:
        record = await consent.record(conn, [met.id])
    assert [(row.said, row.sender, row.at) for row in record] == [("stop", "22100", NOON - timedelta(hours=8))]
