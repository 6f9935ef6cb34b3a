"""Sends a command to the network: what the dispatcher does with outbox rows of kind `provision`.

It is written down as `sent` before the network is called. Found so after a crash, or with an answer that never came, it is asked about and
never assumed; a wish that a newer one has overtaken is not sent at all. Of one service only one wish is on its way at a time.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, String, cast, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.db import failpoints
from core.outbox.queue import OutboxRow, Outcome
from core.outcome import NotReached, Refusal
from core.parties import days_off
from core.provisioning.contract import Network
from core.provisioning.model import LIVE, Answer, Applied, Command
from core.provisioning.tables import bar_command, barring, network_line

SOON = timedelta(seconds=2)
LOST = timedelta(seconds=30)
"""A wish without an answer for so long does not stand in a newer one's way: the network knows by the generation which is newer."""
NOBODY = "no network is connected: set HODI_NETWORK_URL or HODI_RADIUS_HOST"


async def send(app: App, leaving: OutboxRow, network: Network | None) -> Outcome:
    """Bring one wish to the network."""
    if network is None:
        return Outcome(leaving.id, "failed", reason=NOBODY, attempts=leaving.attempts)
    async with app.db.writing() as conn:
        started = await _start(conn, app, leaving)
    if isinstance(started, Outcome):
        return started
    command, before = started
    failpoints.point("barring.written")
    answer = await network.ask(command) if before in LIVE else NotReached("not sent yet")
    if isinstance(answer, NotReached):
        answer = await network.apply(command)
    failpoints.point("barring.answered")
    async with app.db.writing() as conn:
        state, why = await _finish(conn, app, leaving, command, answer)
    return Outcome(leaving.id, state, reason=why, attempts=leaving.attempts)


async def _start(conn: AsyncConnection, context: Context, leaving: OutboxRow) -> tuple[Command, str] | Outcome:
    """Write `sent` down; the command and its state before, or why it does not leave (now)."""
    row = await _held(conn, leaving.subject_id)
    if row.state not in ("created", *LIVE):
        return Outcome(leaving.id, "dropped", reason=row.state, attempts=leaving.attempts)
    if row.generation < row.newest:
        await _settle(conn, context, row.id, "overtaken")
        return Outcome(leaving.id, "dropped", reason="a newer wish has overtaken it", attempts=leaving.attempts)
    if row.state == "created" and not await _way_is_free(conn, context, row):
        return Outcome(
            leaving.id,
            "waiting",
            reason="an older wish is on its way",
            attempts=leaving.attempts,
            not_before=context.clock.now() + SOON,
        )
    await conn.execute(update(bar_command).where(bar_command.c.id == row.id).values(state="sent"))
    login = row.login or str(row.service_id)
    return Command(row.key, row.service_id, login, row.level, row.kbps, row.generation), row.state


async def _held(conn: AsyncConnection, command_id: int | None) -> Row[Any]:
    wanted = select(barring.c.service_id).where(
        barring.c.service_id == select(bar_command.c.service_id).where(bar_command.c.id == command_id).scalar_subquery()
    )
    await conn.execute(wanted.with_for_update())
    query = (
        select(bar_command, barring.c.generation.label("newest"), barring.c.kbps, network_line.c.login)
        .join(barring, barring.c.service_id == bar_command.c.service_id)
        .outerjoin(network_line, network_line.c.service_id == bar_command.c.service_id)
        .where(bar_command.c.id == command_id)
    )
    return (await conn.execute(query)).one()


async def _way_is_free(conn: AsyncConnection, context: Context, row: Row[Any]) -> bool:
    """Whether no older wish of the service is under way; one that is lost is given up."""
    older = (bar_command.c.service_id == row.service_id) & bar_command.c.state.in_(LIVE)
    query = select(bar_command.c.id, bar_command.c.settled_at, bar_command.c.created_at).where(older)
    for other in (await conn.execute(query)).all():
        if context.clock.now() - max(row.created_at, other.created_at) < LOST:
            return False
        await _settle(conn, context, other.id, "overtaken")
    return True


async def _settle(
    conn: AsyncConnection,
    context: Context,
    command_id: int,
    state: str,
    *,
    ref: str | None = None,
    why: str | None = None,
) -> None:
    now = None if state in ("created", *LIVE) else context.clock.now()
    changed = update(bar_command).where(bar_command.c.id == command_id)
    await conn.execute(changed.values(state=state, ref=ref, reason=why, settled_at=now))


async def _finish(
    conn: AsyncConnection, context: Context, leaving: OutboxRow, command: Command, said: Answer
) -> tuple[str, str | None]:
    """What the answer does to the command and to what we know of the service; the outbox row's state and reason."""
    row = await _held(conn, leaving.subject_id)
    match said:
        case Applied():
            await _settle(conn, context, row.id, "done", ref=said.ref)
            if row.state in LIVE:
                await _is_now(conn, context, command)
            return "sent", None
        case Refusal():
            await _settle(conn, context, row.id, "refused", why=said.reason)
            return "failed", said.reason
        case NotReached():
            await _settle(conn, context, row.id, "created", why=said.why)
            return "waiting", said.why
        case _:
            await _settle(conn, context, row.id, "unknown", why=said.why)
            return "waiting", said.why


async def _is_now(conn: AsyncConnection, context: Context, command: Command) -> None:
    now = context.clock.now()
    changed = update(barring).where(barring.c.service_id == command.service_id)
    await conn.execute(changed.values(actual=command.level, actual_at=now, seen=command.level, seen_at=now))
    await _off(conn, context, command)


async def _off(conn: AsyncConnection, context: Context, command: Command) -> None:
    """Keep the days on which it is shut, where they are not charged for."""
    if command.level != "hard":
        await days_off.back(conn, command.service_id, context.today())
    elif not context.operator.collections.charges_while_off(context.operator.country):
        await days_off.shut(conn, command.service_id, context.today())


def login_of() -> Any:
    """How the network knows a line, in SQL."""
    return func.coalesce(network_line.c.login, cast(barring.c.service_id, String))
