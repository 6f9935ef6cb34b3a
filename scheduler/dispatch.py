"""Drains the outbox: claims a batch, composes it as things stand now, sends it in waves, settles each wave.

The rule of a crash (kill -9 at any point): nothing is lost. What may leave twice (`resend_unknown`: the statutory notices) is
sent again, at most the waves that were in flight. What must not (campaigns, replies, codes) is marked `leaving` just before its
wave is handed over; found with that mark after a crash it becomes `unknown`, listed and never re-sent. A provider that takes our
key as its reference sees no duplicate at all.

Several lanes keep the provider busy while the database settles; one lane takes only what is urgent, so that a one-time code
never stands behind a campaign.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import interactions
from core.care.interactions import Interaction
from core.context import App
from core.db.failpoints import point
from core.notices import compose
from core.notices.compose import Composed, Message, Poison, out_of_order
from core.outbox import costs, delivery_reports, queue
from core.outbox.queue import CODE, PRIORITIES, PROMPT, OutboxRow, Outcome
from scheduler import handover
from scheduler.breaker import Breaker
from scheduler.handover import Handler, Sender, Together
from scheduler.pace import Pace

log = structlog.get_logger()

BATCH, WAVE, LANES = 1000, 200, 2
"""Rows of a claim, and of what is handed over and settled together. A wave costs a transaction, so larger ones are cheaper; what a
crash may send twice (only what may leave twice) is at most a wave a lane."""
URGENT = (CODE, PROMPT)
POLL_SECONDS = 0.5
"""How long a row may lie unseen when nobody nudges (it was written by another process)."""
BEAT_SECONDS = queue.LEASE.total_seconds() / 3
HANDLERS_AT_ONCE = 16
SETTLE_TRIES = 5
FRESH_SECONDS = 2.0
"""A letter that has waited longer for the waves before it (a slow provider, a pace) is asked once more whether it is still true."""

Claim = Callable[[AsyncConnection, datetime, str], Awaitable[list[OutboxRow]]]


class Dispatcher:
    """Sends what waits in the outbox. `senders` by channel (`sms`, `telegram`), and by provider where a channel has several (`sms.kannel`);
    `handlers` by kind (`push`, `airtime`)."""

    def __init__(
        self,
        app: App,
        senders: Mapping[str, Sender],
        handlers: Mapping[str, Handler | Together] | None = None,
        *,
        batch: int = BATCH,
        wave: int = WAVE,
        lanes: int = LANES,
        per_second: Mapping[str, int] | None = None,
    ) -> None:
        self.app, self.senders, self.handlers = app, senders, handlers or {}
        self.batch, self.wave, self.lanes = batch, wave, lanes
        self.pace = Pace(app.db, app.operator.notices.per_second if per_second is None else per_second)
        self.breaker = Breaker()
        self.worker = uuid.uuid4().hex[:12]
        self.totals: Counter[str] = Counter()
        """What became of every row since this dispatcher began, by state: for `/metrics`."""
        self._rounds = 0
        self._claims: set[str] = set()
        self._bell = asyncio.Event()
        self._ended = asyncio.Event()
        self._calls = asyncio.Semaphore(HANDLERS_AT_ONCE)

    def nudge(self) -> None:
        """Something was put into the outbox just now: look at once rather than at the next poll."""
        self._bell.set()

    def stop(self) -> None:
        """Let `run` end after the rounds that are under way."""
        self._ended.set()
        self._bell.set()

    async def drain(self, limit: int | None = None) -> Counter[str]:
        """Send until nothing is due (or about `limit` rows are done); how many ended in each state."""
        done: Counter[str] = Counter()

        async def lane() -> None:
            while limit is None or done.total() < limit:
                room = self.batch if limit is None else min(self.batch, limit - done.total())
                told = await self.round(room)
                if not told:
                    return
                done.update(told)

        async with self._alive():
            done.update(await self._take_up_all())
            await asyncio.gather(*(lane() for _ in range(self.lanes)))
        return done

    async def run(self) -> None:
        """Send for ever, until `stop` or cancellation; a lane that meets an error rests a moment and goes on."""
        self._ended.clear()
        async with self._alive(), asyncio.TaskGroup() as lanes:
            lanes.create_task(self._gleaner())
            lanes.create_task(self._lane(URGENT))
            for _ in range(self.lanes):
                lanes.create_task(self._lane(PRIORITIES))

    async def _lane(self, priorities: Sequence[int]) -> None:
        while not self._ended.is_set():
            try:
                told = await self.round(self.batch, priorities)
            except Exception:
                log.exception("dispatch.round_failed")
                told = Counter()
            if not told:
                await self._rest()

    async def _gleaner(self) -> None:
        """Takes up what dispatchers that died left behind."""
        while not self._ended.is_set():
            try:
                await self._take_up_all()
            except Exception:
                log.exception("dispatch.gleaning_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), BEAT_SECONDS)

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._bell.wait(), POLL_SECONDS)
        if not self._ended.is_set():
            self._bell.clear()

    @asynccontextmanager
    async def _alive(self) -> AsyncIterator[None]:
        """While this is open, what we have claimed stays ours."""
        over = asyncio.Event()
        beat = asyncio.create_task(self._beat(over))
        try:
            yield
        finally:
            over.set()
            await beat

    async def _beat(self, over: asyncio.Event) -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), BEAT_SECONDS)
            if self._claims and not over.is_set():
                try:
                    async with self.app.db.writing() as conn:
                        await queue.renew(conn, self.app.clock.now(), self._claims)
                except Exception:
                    log.exception("dispatch.beat_failed")

    async def _take_up_all(self) -> Counter[str]:
        done: Counter[str] = Counter()
        while told := await self._round(queue.take_up):
            done.update(told)
        return done

    async def round(self, limit: int, priorities: Sequence[int] = PRIORITIES) -> Counter[str]:
        """One batch from claim to settlement; how many ended in each state (nothing was due: an empty count)."""
        return await self._round(lambda conn, now, worker: queue.claim(conn, now, worker, limit, priorities))

    async def _round(self, claim: Claim) -> Counter[str]:
        self._rounds += 1
        name = f"{self.worker}.{self._rounds}"
        self._claims.add(name)
        try:
            async with self.app.db.writing() as conn:
                rows = await claim(conn, self.app.clock.now(), name)
            if not rows:
                return Counter()
            point("dispatch.claimed")
            told = await self._serve(name, rows)
        finally:
            self._claims.discard(name)
        self.totals.update(told)
        return told

    async def _serve(self, name: str, rows: Sequence[OutboxRow]) -> Counter[str]:
        messages = [row for row in rows if row.kind not in self.handlers]
        calls: list[Awaitable[Counter[str]]] = []
        for kind, handler in self.handlers.items():
            mine = [row for row in rows if row.kind == kind]
            if isinstance(handler, Together):
                parts = range(0, len(mine), handler.most)
                calls += [self._call_together(name, handler, mine[at : at + handler.most]) for at in parts]
            else:
                calls += [self._call(name, handler, row) for row in mine]
        counts = await asyncio.gather(self._letters(name, messages), *calls)
        return sum(counts, Counter())

    async def _call(self, name: str, handler: Handler, row: OutboxRow) -> Counter[str]:
        async with self._calls:
            outcome = await handover.handle(self.app, handler, row)
        return await self._settle(name, [outcome])

    async def _call_together(self, name: str, together: Together, rows: Sequence[OutboxRow]) -> Counter[str]:
        async with self._calls:
            outcomes = await handover.handle_together(self.app, together, rows)
        return await self._settle(name, outcomes)

    async def _letters(self, name: str, rows: Sequence[OutboxRow]) -> Counter[str]:
        since = asyncio.get_running_loop().time()
        composed = await self._compose(rows)
        letters = [one for one in composed if isinstance(one, Message)]
        done = await self._settle(name, [handover.unsent(one) for one in composed if not isinstance(one, Message)])
        for line in dict.fromkeys(letter.line for letter in letters):
            mine = [letter for letter in letters if letter.line == line]
            while mine:
                size = self.breaker.most(line, self.pace.most(line, self.wave))
                wave, mine = mine[:size], mine[size:]
                done.update(await self._send(name, line, wave, since))
        return done

    async def _compose(self, rows: Sequence[OutboxRow]) -> list[Composed]:
        """All at once; if that raises, one by one, so that a poison row is alone with it."""
        if not rows:
            return []
        try:
            async with self.app.db.reading() as conn:
                return await compose.compose(conn, self.app, rows, self.senders.keys(), self.breaker.resting())
        except Exception as bug:
            if len(rows) == 1:
                log.exception("dispatch.compose_raised", row=rows[0].id)
                return [Poison(rows[0], type(bug).__name__)]
        return [one for row in rows for one in await self._compose([row])]

    async def _still_true(self, name: str, line: str, letters: Sequence[Message]) -> tuple[list[Message], Counter[str]]:
        """Those that may leave all the same; what was paused, stopped or paid while the waves before them left does not."""
        again = await self._compose([letter.row for letter in letters])
        kept = [one for one in again if isinstance(one, Message) and one.line == line]
        others = [out_of_order(self.app, one.row) for one in again if isinstance(one, Message) and one.line != line]
        lost = [one for one in again if not isinstance(one, Message)]
        return kept, await self._settle(name, [handover.unsent(one) for one in [*lost, *others]])

    async def _send(self, name: str, line: str, letters: Sequence[Message], since: float) -> Counter[str]:
        if line in self.breaker.resting():
            return await self._settle(name, [handover.unsent(out_of_order(self.app, letter.row)) for letter in letters])
        await self.pace.wait(line, len(letters))
        unsent: Counter[str] = Counter()
        if asyncio.get_running_loop().time() - since > FRESH_SECONDS:
            letters, unsent = await self._still_true(name, line, letters)
            if not letters:
                return unsent
        once = [letter.row.id for letter in letters if not letter.row.resend_unknown]
        if once:
            async with self.app.db.writing() as conn:
                await queue.mark(conn, once)
        if self.senders[line].cellular and self.app.operator.notices.plain_letters:
            letters = [handover.in_plain_letters(letter) for letter in letters]
        outcomes = await handover.send(self.senders, line, letters)
        self.breaker.note(line, [outcome.reason for outcome in outcomes])
        self.breaker.told_to_wait(
            line, {letter.notice.to: one.after for letter, one in zip(letters, outcomes, strict=True) if one.after}
        )
        point("dispatch.sent")
        told = await self._settle(name, outcomes, letters)
        point("dispatch.settled")
        return told + unsent

    async def _settle(self, name: str, outcomes: Sequence[Outcome], letters: Sequence[Message] = ()) -> Counter[str]:
        """Write it down. A message that is out must not be forgotten, so a database that stumbles is asked again."""
        for rest in range(SETTLE_TRIES if outcomes else 0):
            try:
                async with self.app.db.writing() as conn:
                    await queue.settle(conn, self.app.clock.now(), outcomes, name)
                    await delivery_reports.catch_up(
                        conn, self.app, [one.provider_ref for one in outcomes if one.provider_ref]
                    )
                    await self._remember(conn, outcomes, letters)
                    await costs.note(conn, self.app, handover.spent(self.senders, outcomes, letters))
                break
            except (DBAPIError, OSError):
                if rest == SETTLE_TRIES - 1:
                    raise
                await asyncio.sleep(0.2 * 2**rest)
        return Counter(outcome.state for outcome in outcomes)

    async def _remember(self, conn: AsyncConnection, outcomes: Sequence[Outcome], letters: Sequence[Message]) -> None:
        out = [
            Interaction(
                letter.reader.contact_id,
                letter.row.account_id,
                letter.notice.channel,
                "out",
                letter.row.kind,
                letter.log,
                letter.row.id,
            )
            for letter, outcome in zip(letters, outcomes, strict=False)
            if outcome.state in ("sent", "unknown")
        ]
        if out:
            again = any(letter.row.attempts > 1 or letter.row.tried for letter in letters)
            await interactions.log_many(conn, self.app, out, again=again)
