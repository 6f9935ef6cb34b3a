"""Everything leaves by the outbox: a row commits with the change that caused it, and is dispatched afterwards.

A row holds references and a template name rather than text: it is rendered when it is claimed, after asking whether it is
still true (already paid? amount changed?). `key` is unique for ever, so an event tells nobody twice. A claim is a lease that
its dispatcher renews; one that dies loses it after `LEASE`. An unknown outcome (a timeout) is sent again only if the row says
it may be (`resend_unknown`: statutory notices, never marketing, never money or airtime). The others are marked `leaving` before
they are handed to a provider: whoever finds such a mark after a crash knows that the message may be out, and lists it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db import bulk
from core.db.engine import insert
from core.db.in_list import in_list
from core.outbox import back_off
from core.outbox.tables import outbox as _outbox

outbox = _outbox
CODE, PROMPT, NOTICE, CAMPAIGN = PRIORITIES = 0, 1, 5, 9
"""One-time codes before payment prompts and replies before notices before campaigns. There are no others: a claim asks the
index for each of them in turn, so that what waits for tomorrow costs nothing today."""
LEASE = timedelta(seconds=45)
CRASHES = 3
"""A row that was left behind by so many dispatchers in turn is taken for their killer, and laid aside."""


class OutboxRow(msgspec.Struct, frozen=True):
    """A claimed row: what is to be rendered and sent."""

    id: int
    key: str
    kind: str
    template: str
    channel: str | None
    contact_id: int | None
    account_id: int | None
    subject_id: int | None
    params: dict[str, Any]
    attempts: int
    resend_unknown: bool
    tried: str | None = None
    """The channels that failed for good, and why: `whatsapp:blocked sms:no_route`."""

    @property
    def falls_back(self) -> bool:
        """Whether another way to the customer may be tried: it is for an account, and nobody named the way."""
        return self.channel is None and self.contact_id is None and self.account_id is not None

    def after(self, channel: str, reason: str) -> str:
        """`tried` once this channel has failed too."""
        return f"{self.tried} {channel}:{reason}" if self.tried else f"{channel}:{reason}"

    @property
    def shut(self) -> frozenset[str]:
        """The channels that failed."""
        return frozenset(one.split(":", 1)[0] for one in (self.tried or "").split())


async def enqueue(
    conn: AsyncConnection,
    context: Context,
    *,
    key: str,
    kind: str,
    template: str,
    params: dict[str, Any] | None = None,
    channel: str | None = None,
    contact_id: int | None = None,
    account_id: int | None = None,
    subject_id: int | None = None,
    priority: int = NOTICE,
    resend_unknown: bool = False,
    not_before: datetime | None = None,
) -> bool:
    """Let one thing leave; False if this `key` has left (or waits) already. `params` must hold no secret."""
    now = context.clock.now()
    if priority not in PRIORITIES:
        raise ValueError(f"{priority} is no priority: choose from {PRIORITIES}")
    row = {
        "id": context.ids.take(),
        "key": key,
        "kind": kind,
        "template": template,
        "params": params or {},
        "channel": channel,
        "contact_id": contact_id,
        "account_id": account_id,
        "subject_id": subject_id,
        "priority": priority,
        "resend_unknown": resend_unknown,
        "not_before": not_before or now,
        "state": "waiting",
        "attempts": 0,
        "created_at": now,
    }
    result = await conn.execute(insert(conn, outbox).values(row).on_conflict_do_nothing(index_elements=["key"]))
    return result.rowcount == 1


@dataclass(frozen=True, slots=True)
class OutboxDraft:
    """One of many things that leave together: the arguments of `enqueue`."""

    key: str
    kind: str
    template: str
    params: dict[str, Any] = field(default_factory=dict)
    channel: str | None = None
    contact_id: int | None = None
    account_id: int | None = None
    subject_id: int | None = None
    priority: int = NOTICE
    resend_unknown: bool = False


_BULK = (*OutboxDraft.__dataclass_fields__, "id", "not_before", "state", "attempts", "created_at")


async def enqueue_many(
    conn: AsyncConnection,
    context: Context,
    letters: Sequence[OutboxDraft],
    *,
    ids: Sequence[int] | None = None,
    known: bool = True,
    times: Sequence[datetime] | None = None,
) -> int:
    """Let many things leave; how many are new. Takes one id each: more than a few hundred, and the caller reserves them.

    `known=False` says that no key can have left before (its subject came to be in this transaction), which is quicker. `times`: before
    which each waits.
    """
    now = context.clock.now()
    ids = context.ids.take_many(len(letters)) if ids is None else ids
    rows = [
        (*_values(letter), row_id, at, "waiting", 0, now)
        for letter, row_id, at in zip(letters, ids, times or [now] * len(letters), strict=True)
    ]
    return await bulk.insert_many(conn, outbox, _BULK, rows, skip_known=known)


_values = attrgetter(*OutboxDraft.__dataclass_fields__)
"""A letter's values in the order of its fields (the one of `dataclasses` copies deeply)."""


async def replay(conn: AsyncConnection, now: datetime, ids: Collection[int]) -> int:
    """Send dead letters again, from the first try; how many there were."""
    dead = update(outbox).where(in_list(conn, outbox.c.id, ids), outbox.c.state == "dead")
    again = dead.values(state="waiting", attempts=0, not_before=now, reason=None, settled_at=None)
    return (await conn.execute(again)).rowcount


LEAVING = [outbox.c[name] for name in OutboxRow.__struct_fields__]
"""The columns of a `OutboxRow`."""
_ATTEMPTS = OutboxRow.__struct_fields__.index("attempts")


async def claim(
    conn: AsyncConnection, now: datetime, worker: str, limit: int, priorities: Sequence[int] = PRIORITIES
) -> list[OutboxRow]:
    """Lease up to `limit` due rows, most urgent first; no two workers get the same row."""
    rows: list[OutboxRow] = []
    for priority in priorities:
        due = (
            select(*LEAVING)
            .where(outbox.c.state == "waiting", outbox.c.priority == priority, outbox.c.not_before <= now)
            .order_by(outbox.c.not_before, outbox.c.id)
            .limit(limit - len(rows))
            .with_for_update(skip_locked=True)
        )
        rows += [_once_more(row) for row in (await conn.execute(due)).all()]
        if len(rows) == limit:
            break
    await _lease(conn, now, worker, [row.id for row in rows])
    return rows


def _once_more(row: Any) -> OutboxRow:
    values = list(row[: len(LEAVING)])  # a reason may follow
    values[_ATTEMPTS] += 1
    return OutboxRow(*values)


async def _lease(conn: AsyncConnection, now: datetime, worker: str, ids: Sequence[int]) -> None:
    if not ids:
        return
    await conn.execute(
        update(outbox)
        .where(in_list(conn, outbox.c.id, ids))
        .values(state="claimed", claimed_by=worker, claimed_until=now + LEASE, attempts=outbox.c.attempts + 1)
    )


async def mark(conn: AsyncConnection, ids: Collection[int]) -> None:
    """These are about to be handed to a provider, and must not be handed to it twice."""
    if ids:
        await conn.execute(update(outbox).where(in_list(conn, outbox.c.id, ids)).values(state="leaving"))


async def renew(conn: AsyncConnection, now: datetime, workers: Collection[str]) -> int:
    """These workers are alive: their claims hold for another `LEASE`; how many rows that are."""
    statement = (
        update(outbox)
        .where(outbox.c.state.in_(("claimed", "leaving")), outbox.c.claimed_by.in_(workers))
        .values(claimed_until=now + LEASE)
    )
    return (await conn.execute(statement)).rowcount


async def take_up(conn: AsyncConnection, now: datetime, worker: str) -> list[OutboxRow]:
    """Look after what a dead dispatcher left behind, one row at a time, so that a row which kills dispatchers is found.

    What may be out and must not be sent twice becomes `unknown`; a row left behind `CRASHES` times is dead; else it is
    leased to `worker` (a list of one). Nothing left behind: an empty list.
    """
    lost = outbox.c.claimed_until < now
    await conn.execute(
        update(outbox)
        .where(outbox.c.state == "leaving", lost)
        .values(state="unknown", reason="left while its dispatcher died", settled_at=now, claimed_until=None)
    )
    while True:
        query = (
            select(*LEAVING, outbox.c.reason).where(outbox.c.state == "claimed", lost).order_by(outbox.c.id).limit(1)
        )
        row = (await conn.execute(query.with_for_update(skip_locked=True))).first()
        if row is None:
            return []
        crashes = _crashes(row.reason) + 1
        this = update(outbox).where(outbox.c.id == row.id)
        if crashes < CRASHES:
            await _lease(conn, now, worker, [row.id])
            await conn.execute(this.values(reason=f"{_LEFT_BEHIND}{crashes}"))
            return [_once_more(row)]
        await conn.execute(
            this.values(state="dead", reason="poison: its dispatchers died", settled_at=now, claimed_until=None)
        )


_LEFT_BEHIND = "left behind: "


def _crashes(reason: str | None) -> int:
    return int(reason.removeprefix(_LEFT_BEHIND)) if reason and reason.startswith(_LEFT_BEHIND) else 0


class Outcome(msgspec.Struct, frozen=True):
    """What became of one claimed row."""

    id: int
    state: str
    """sent, dropped (no longer true), failed (refused for good), unknown, or waiting (try again later)."""
    provider_ref: str | None = None
    reason: str | None = None
    attempts: int = 1
    not_before: datetime | None = None
    """With `waiting`: not a failure, but a time to wait for (quiet hours); no try is counted."""
    tried: str | None = None
    """With `waiting`: this way failed, and the next is tried at once; no try is counted."""
    cost: str | None = None
    """What the provider said it costs: `KES 0.8000`."""
    after: int | None = None
    """With `waiting`: the provider wants us to wait so many seconds; no try is counted."""


_SETTLED = ("state", "provider_ref", "reason", "not_before", "settled_at", "attempts")


async def settle(conn: AsyncConnection, now: datetime, outcomes: Sequence[Outcome], worker: str | None = None) -> None:
    """Write what became of the rows of a batch; a row to be tried again gets its back-off, and after the last one is dead.

    With `worker`, only rows that are still its own: a lease that was lost in between is another's to settle.
    """
    rows = [_settled(now, outcome) for outcome in outcomes]
    if worker is None:
        await bulk.update_many(conn, outbox, ("id",), (*_SETTLED, "claimed_until"), rows)
    else:
        rows = [(*row, worker) for row in rows]
        await bulk.update_many(conn, outbox, ("id", "claimed_by"), (*_SETTLED, "claimed_until"), rows)
    fallen = [(outcome.tried, outcome.id) for outcome in outcomes if outcome.tried]
    await bulk.update_many(conn, outbox, ("id",), ("tried",), fallen)


def _settled(now: datetime, outcome: Outcome) -> tuple[Any, ...]:
    """The new values, then the id."""
    state, again_at, attempts = outcome.state, outcome.not_before or now, outcome.attempts
    if state == "waiting":
        tries = attempts - 1
        if outcome.not_before or outcome.tried:
            attempts = tries
        elif outcome.after:
            attempts, again_at = tries, again_at + back_off.OUTBOX.after(tries, outcome.after)
        elif back_off.OUTBOX.is_used_up(tries):
            state = "dead"
        else:
            again_at = now + back_off.OUTBOX.after(tries)
    settled_at = None if state == "waiting" else now
    return state, outcome.provider_ref, outcome.reason, again_at, settled_at, attempts, None, outcome.id
