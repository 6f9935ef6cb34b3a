"""What providers tell us, kept before it is believed: an inbox row under the event's own key, then its effect in one transaction.

Once a row is kept we answer 200, and nothing of it can be lost: whatever goes wrong afterwards leaves it `waiting`, and
`work_off` takes it up again. The same event told again finds its row and gets the same answer.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.db import failpoints
from core.db.bulk import insert_many
from core.db.engine import SPARE_IDS
from core.db.in_list import in_list
from core.errors import Refused
from core.payments import events
from core.payments.providers import named
from core.payments.providers.contract import Forged, NotUnderstood, ProviderEventIn
from core.payments.providers.http import storable
from core.payments.tables import provider_event

TRIES = 5
"""After so many failures of ours the event is laid aside as `failed`, for a person to look at."""
PATIENCE = timedelta(days=14)
"""How long an event waits for what it speaks of (a reversal that overtook its payment)."""
AT_ONCE = 500
WHILE_IT_WAITS = 50
"""Of many events in one callback so many are made true before we answer (GoCardless sends 250 and waits 10 s); `work_off` does the
rest."""

_log = structlog.get_logger("payments")


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What the provider is answered."""

    status: int
    body: dict[str, Any]


def read(
    app: App, provider_name: str, headers: Mapping[str, str], body: bytes, *, topic: str = "", about: str = ""
) -> Sequence[ProviderEventIn] | CallbackAnswer:
    """What a callback tells us, or how it is refused. Touches no database, so a forgery is refused also while that is away."""
    try:
        return named(app, provider_name).parse_callback(headers, body, topic, about)
    except Refused as why:
        return CallbackAnswer(why.status, {"code": why.code, "reason": why.sentence()})
    except Forged as why:
        return CallbackAnswer(why.status, {"code": "payments.forged", "reason": str(why)})
    except NotUnderstood as why:
        return CallbackAnswer(400, {"code": "payments.not_understood", "reason": str(why)})


async def take_in(app: App, provider_name: str, events_in: Sequence[ProviderEventIn]) -> None:
    """Keep what was told, and make it true; however often it is told."""
    kept = await _keep(app, named(app, provider_name).name, events_in)
    for event_id in kept[:WHILE_IT_WAITS]:
        failpoints.point("payments.kept")
        await take(app, event_id)


def acknowledged(app: App, provider_name: str) -> CallbackAnswer:
    """What this provider wants to hear once its events are kept."""
    return CallbackAnswer(200, named(app, provider_name).acknowledgement)


async def tell(app: App, provider: str, events_in: Sequence[ProviderEventIn]) -> Counter[str]:
    """What we heard otherwise than by a callback (a pull, a file of the bank's): kept and made true like one; in which states."""
    return Counter([await take(app, event_id) for event_id in await _keep(app, provider, events_in)])


_KEPT = ("id", "provider", "key", "body", "verified_by", "state", "reason", "tries", "received_at")


async def _keep(app: App, provider: str, events_in: Sequence[ProviderEventIn]) -> list[int]:
    """Write the events down; the ids of those that wait, old or new. An unsigned note we have since asked about is believed."""
    if not events_in:
        return []
    await app.db.reserve_ids(len(events_in) + SPARE_IDS)
    async with app.db.writing() as conn:
        now = app.clock.now()
        rows = [
            (
                app.ids.take(),
                provider,
                event.key,
                storable(msgspec.to_builtins(event)),
                event.verified_by,
                *_IGNORED.get(event.kind, ("waiting", None)),
                0,
                now,
            )
            for event in events_in
        ]
        await insert_many(conn, provider_event, _KEPT, rows, skip_known=True)
        await _vouch(conn, provider, {event.key: event for event in events_in if event.verified_by == "answer"})
        query = select(provider_event.c.id).where(
            provider_event.c.provider == provider,
            provider_event.c.state == "waiting",
            in_list(conn, provider_event.c.key, [event.key for event in events_in]),
        )
        return list((await conn.execute(query.order_by(provider_event.c.id))).scalars())


_IGNORED = {"ignored": ("ignored", "a kind we do not know")}


async def _vouch(conn: AsyncConnection, provider: str, told: Mapping[str, ProviderEventIn]) -> None:
    """Notes that were unsigned and still wait are what the provider itself now says they are."""
    doubted = select(provider_event.c.id, provider_event.c.key).where(
        provider_event.c.provider == provider,
        in_list(conn, provider_event.c.key, list(told)),
        provider_event.c.verified_by == "none",
        provider_event.c.state.in_(("waiting", "failed")),
    )
    for row in (await conn.execute(doubted)).all() if told else ():
        body = storable(msgspec.to_builtins(told[row.key]))
        believed = update(provider_event).where(provider_event.c.id == row.id)
        await conn.execute(believed.values(verified_by="answer", body=body, state="waiting", tries=0))


async def work_off(app: App) -> int:
    """Take up what still waits (a crash, a provider that could not be asked, a reversal before its payment); how many are left."""
    query = select(provider_event.c.id).where(provider_event.c.state == "waiting")
    query = query.order_by(provider_event.c.received_at, provider_event.c.id).limit(AT_ONCE)
    async with app.db.reading() as conn:
        waiting = list((await conn.execute(query)).scalars())
    states = [await take(app, event_id) for event_id in waiting]
    return states.count("waiting")


async def take(app: App, event_id: int) -> str:
    """Make one kept event true, once; the state it is left in."""
    async with app.db.reading() as conn:
        row = (await conn.execute(select(provider_event).where(provider_event.c.id == event_id))).one()
    if row.state != "waiting":
        return str(row.state)
    event = msgspec.convert(row.body, ProviderEventIn)
    try:
        said = await events.confirmed(app, row.provider, event)
        async with app.db.writing() as conn:
            held = select(provider_event.c.state).where(provider_event.c.id == event_id).with_for_update()
            if (state := (await conn.execute(held)).scalar_one()) != "waiting":
                return str(state)
            done = await events.effect(conn, app, row.provider, event, said)
            await app.happened(conn, done.facts)
            failpoints.point("payments.allocated")
            await _note(conn, app, event_id, state=done.state, reason=done.reason)
            failpoints.point("payments.done")
    except events.NotYet as why:
        return await _later(app, event_id, str(why), overdue=app.clock.now() - row.received_at > PATIENCE)
    except Exception as why:
        _log.exception("event.broke", event_id=event_id, provider=row.provider)
        return await _later(app, event_id, type(why).__name__, overdue=row.tries + 1 >= TRIES, tries=row.tries + 1)
    return done.state


async def _note(conn: AsyncConnection, context: Context, event_id: int, **values: Any) -> None:
    if values["state"] != "waiting":
        values["done_at"] = context.clock.now()
    await conn.execute(update(provider_event).where(provider_event.c.id == event_id).values(**values))


async def _later(app: App, event_id: int, reason: str, *, overdue: bool, **more: Any) -> str:
    state = "failed" if overdue else "waiting"
    async with app.db.writing() as conn:
        await _note(conn, app, event_id, state=state, reason=reason, **more)
    return state
