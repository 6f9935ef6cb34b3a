"""The SQL that moves episodes and writes steps: whole sets at once, because a day has a hundred thousand accounts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections.model import Episode, LadderDecision, OverduePosition
from core.collections.tables import episode, ladder_step
from core.context import Context
from core.db.bulk import insert_many, update_many
from core.db.in_list import in_list
from core.outbox.queue import OutboxDraft, enqueue_many

_EPISODE = ("id", "account_id", "open_id", "anchor", "due_on", "round", "position", "done_on", "held")
_MOVED = ("anchor", "due_on", "round", "position", "done_on", "held")
_STEP = ("id", "episode_id", "account_id", "step", "round", "taken_on", "amount_minor", "state", "trail", "at")


@dataclass(slots=True)
class Changes:
    """What a run has decided for a set of accounts, to be saved at once."""

    begun: list[tuple[int, Episode]] = field(default_factory=list)
    """(account, episode)"""
    moved: list[Episode] = field(default_factory=list)
    ended: list[tuple[int, date, str]] = field(default_factory=list)
    steps: list[tuple[int, OverduePosition, LadderDecision]] = field(default_factory=list)
    """(step id, the standing in which it is due, the decision)"""
    letters: list[OutboxDraft] = field(default_factory=list)

    def keep(self, was: OverduePosition, now: OverduePosition, made: Sequence[LadderDecision]) -> None:
        """What became of an account's episode in a day."""
        before, behind = was.episode, now.episode
        same = before is not None and behind is not None and before.id == behind.id
        if before is not None and not same:
            ending = next(one for one in made if one.kind == "end")
            self.ended.append((before.id, ending.on, ending.reason))
        if behind is not None and not same:
            self.begun.append((was.account_id, behind))
        elif behind is not None and behind != before:
            self.moved.append(behind)


async def save(conn: AsyncConnection, context: Context, changes: Changes) -> None:
    """Write it all. An episode that a payment has ended meanwhile stays ended; a step that is there already stays as it is."""
    now = context.clock.now()
    over = [(None, on, why, episode_id) for episode_id, on, why in changes.ended]
    await update_many(conn, episode, ("id",), ("open_id", "ended_on", "ended_why"), over)
    opened = [
        (one.id, account_id, account_id, one.anchor, one.due_on, one.round, one.position, one.done_on, one.held)
        for account_id, one in changes.begun
    ]
    await insert_many(conn, episode, _EPISODE, opened)
    await move(conn, changes.moved)
    rows = [
        (
            step_id,
            _open(standing).id,
            standing.account_id,
            result.step,
            _open(standing).round,
            result.on,
            standing.payable_minor,
            "waiting" if result.step in ("soft_bar", "hard_bar") else "done",
            list(result.trail),
            now,
        )
        for step_id, standing, result in changes.steps
    ]
    await insert_many(conn, ladder_step, _STEP, rows, skip_known=True)
    await enqueue_many(conn, context, changes.letters)


def _open(standing: OverduePosition) -> Episode:
    if standing.episode is None:
        raise ValueError("a step belongs to an episode")
    return standing.episode


async def end(conn: AsyncConnection, episode_id: int, on: date, why: str) -> None:
    """Close an episode, once."""
    await conn.execute(
        update(episode)
        .where(episode.c.id == episode_id, episode.c.open_id.is_not(None))
        .values(open_id=None, ended_on=on, ended_why=why)
    )


async def move(conn: AsyncConnection, moved: Sequence[Episode]) -> None:
    """Keep where accounts now stand."""
    rows = [(*(getattr(one, name) for name in _MOVED), one.id) for one in moved]
    await update_many(conn, episode, ("id",), _MOVED, rows)


async def steps_done(conn: AsyncConnection, step_ids: Sequence[int], on: date) -> None:
    """Restrictions were carried out."""
    done = update(ladder_step).where(in_list(conn, ladder_step.c.id, step_ids))
    await conn.execute(done.values(state="done", taken_on=on, reason=None))


async def steps_wait(conn: AsyncConnection, doubts: Sequence[tuple[int, str]]) -> None:
    """Restrictions were looked at and left alone for now: (step, why)."""
    rows = [(why, step_id, "waiting") for step_id, why in doubts]
    await update_many(conn, ladder_step, ("id", "state"), ("reason",), rows)


async def waiting_steps(conn: AsyncConnection, episode_ids: Sequence[int]) -> dict[tuple[int, int, str], int]:
    """(episode, round, step) -> id of the steps that are written and not done."""
    query = select(ladder_step.c.episode_id, ladder_step.c.round, ladder_step.c.step, ladder_step.c.id)
    query = query.where(in_list(conn, ladder_step.c.episode_id, episode_ids), ladder_step.c.state == "waiting")
    return {(row[0], row[1], row[2]): row[3] for row in await conn.execute(query)}


async def hold(conn: AsyncConnection, episode_id: int, held: str | None) -> None:
    """Keep why an account is left alone, so that the ladder knows to begin with fresh notice."""
    await conn.execute(update(episode).where(episode.c.id == episode_id).values(held=held))
