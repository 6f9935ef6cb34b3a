"""Events that are sent in over HTTP: a file of their own, taken in one transaction and answered record by record."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from core.context import App
from core.db.engine import SPARE_IDS
from core.errors import Refused
from core.metering.events import take, usage_json
from core.metering.events.dedupe import EventLine
from core.metering.events.model import Call
from core.metering.store import store

KIND = "usage"


class EventsReceived(NamedTuple):
    """What became of a record: (service, second, key) it is known by, or why it was not taken."""

    event: tuple[int, int, int] | None
    reason: str | None = None


async def receive(app: App, *, source: str, key: str, digest: str, lines: Sequence[str]) -> list[EventsReceived]:
    """Take the records (JSON texts); the answers in their order. The same `key` again changes nothing and gets the same answer;
    with other records it is refused (`bucket.key`)."""
    items = await asyncio.to_thread(lambda: [usage_json.read(app, row, line) for row, line in enumerate(lines)])
    await app.db.reserve_ids(SPARE_IDS)
    async with app.db.writing() as conn:
        facts = store.FileFacts(source, KIND, key, key, {"digest": digest})
        file_id, _, state = await store.open_file(conn, app, facts)
        if state != store.DONE:
            await take.take(conn, app, file_id, 0, items)
            await store.close_file(conn, file_id)
        elif await store.setting(conn, file_id, "digest") != digest:
            raise Refused("bucket.key", 409)
        wrong = {row: reason for row, _, reason in await store.rejects(conn, file_id)}
        known = await take.lines_of(conn, {item.party for item in items if isinstance(item, Call)})
    return [_told(item, known, wrong.get(row)) for row, item in enumerate(items)]


def _told(item: object, known: dict[str, EventLine], reason: str | None) -> EventsReceived:
    if reason is not None or not isinstance(item, Call):
        return EventsReceived(None, reason or "")
    line = known.get(item.party)
    service_id = line.service_id if line else None
    return EventsReceived(None if service_id is None else (service_id, item.at, item.key))
