"""A person has the last word on a month that the run cannot bill: try it anew, bill it on an estimate, or skip it with a reason.

What is decided is tried at once, without writing a bill: who cannot be billed all the same is told why, and nothing is kept. The bill itself
is made by the next run like any other. To skip gives money up, so another person has to agree, unless there is none at stake.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.approvals.model import WAITING, Approval
from core.approvals.tables import approval
from core.audit import trail
from core.billing.run import parked
from core.billing.run.parked import ParkedEstimate, Waiting
from core.context import Context
from core.errors import Refused
from core.metering.consumption.installations import EXPORT_CODE, METERED, codes_of
from core.metering.tables import consumption, meter
from core.parties.tables import service

__all__ = ["agreed", "ask_to_skip", "on_estimate", "proposals", "try_anew"]

KIND = "skip_bill"
LEARN = 3
"""Billed periods of which an estimate is the mean day."""
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a service's meters would be billed for on an estimate: its mean day so far; `micro` None: nothing is known."""

    service_id: int
    commodity: str
    code: str
    unit: str
    serials: tuple[str, ...]
    micro: int | None

    @property
    def field(self) -> str:
        """Its name in a form."""
        return f"use:{self.service_id}:{self.code}"


async def try_anew(conn: AsyncConnection, context: Context, cycle_id: int, actor: str) -> ParkedEstimate:
    """What was missing is there, or what was skipped is to be billed after all: the next run takes it up. Refused: it still cannot."""
    match = await parked.one(conn, cycle_id, lock=True)
    seen = await parked.foresee(conn, context, cycle_id)
    if seen.reason is not None:
        raise Refused("parked.still", why=seen.reason)
    kept = match.decided if match.state == parked.PARKED else None
    await _write(conn, cycle_id, parked.OPEN, None, kept)
    await trail.note(conn, context, actor, "bill.taken_up", f"cycle:{cycle_id}", account=match.number, was=match.state)
    return seen


async def on_estimate(
    conn: AsyncConnection, context: Context, cycle_id: int, told: Mapping[str, int], *, reason: str, actor: str
) -> ParkedEstimate:
    """Bill it by whatever is there, and by so much (`told`: a proposal's field -> micro-units) where that is too little."""
    match = await parked.one(conn, cycle_id, lock=True)
    _reasoned(reason)
    use: dict[str, dict[str, int]] = {str(one): {} for one in await _services(conn, match)}
    for one in await proposals(conn, match):
        micro = told.get(one.field, one.micro)
        if micro is not None:
            use[str(one.service_id)][one.code] = micro
    decided = {"estimate": use, "by": actor, "why": reason.strip()[:LONGEST]}
    await _write(conn, cycle_id, parked.OPEN, None, decided)
    seen = await parked.foresee(conn, context, cycle_id)
    if seen.reason is not None:
        raise Refused("parked.still", why=seen.reason)
    await trail.note(
        conn,
        context,
        actor,
        "bill.on_estimate",
        f"cycle:{cycle_id}",
        account=match.number,
        use=use,
        was=match.reason,
        why=decided["why"],
    )
    return seen


async def ask_to_skip(conn: AsyncConnection, context: Context, cycle_id: int, *, reason: str, actor: str) -> int | None:
    """Never bill it; the approval it waits for, None where nothing is at stake and it is done."""
    match = await parked.one(conn, cycle_id, lock=True)
    _reasoned(reason)
    if match.state == parked.SKIPPED:
        raise Refused("parked.skipped_already")
    if await _asked(conn, cycle_id):
        raise Refused("parked.asked_already")
    if match.stake_minor == 0:
        await _skipped(conn, context, match, {"skip": reason.strip()[:LONGEST], "by": actor}, actor)
        return None
    stake = "not known" if match.stake_minor is None else money.show(match.stake_minor, match.currency, "en")
    payload = {
        "account": match.number,
        "name": match.name,
        "from": match.from_date.isoformat(),
        "last day": match.last_day.isoformat(),
        "about": stake,
        "parked because": match.reason or "",
        "reason": reason.strip()[:LONGEST],
    }
    return await approvals.ask(
        conn, context, kind=KIND, subject=f"cycle:{cycle_id}", payload=payload, maker=actor, branch_id=match.branch_id
    )


async def agreed(conn: AsyncConnection, context: Context, said: Approval) -> None:
    """Another person agreed that it is never billed; `Refused` where a bill was quicker."""
    match = await parked.one(conn, int(said.subject.partition(":")[2]), lock=True)
    checker = await conn.execute(select(approval.c.checker).where(approval.c.id == said.id))
    decided = {"skip": said.payload["reason"], "by": said.maker, "agreed": checker.scalar_one()}
    await _skipped(conn, context, match, decided, said.maker)


async def _skipped(
    conn: AsyncConnection, context: Context, found: Waiting, decided: dict[str, Any], actor: str
) -> None:
    await _write(conn, found.cycle_id, parked.SKIPPED, decided["skip"], decided)
    await trail.note(
        conn,
        context,
        actor,
        "bill.skipped",
        f"cycle:{found.cycle_id}",
        account=found.number,
        from_date=found.from_date.isoformat(),
        stake=found.stake_minor,
        why=decided["skip"],
    )


async def _write(conn: AsyncConnection, cycle_id: int, state: str, reason: str | None, decided: Any) -> None:
    if not await parked.decide(conn, cycle_id, state, reason, decided):
        raise Refused("parked.unknown", status=404)


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise Refused("parked.no_reason", status=400)


async def _asked(conn: AsyncConnection, cycle_id: int) -> bool:
    waiting = (approval.c.kind == KIND) & (approval.c.subject == f"cycle:{cycle_id}") & (approval.c.state == WAITING)
    return (await conn.execute(select(approval.c.id).where(waiting).limit(1))).first() is not None


async def _services(conn: AsyncConnection, found: Waiting) -> dict[int, str]:
    """The services that the month would bill, and what they supply."""
    s = service.c
    rows = await conn.execute(
        select(s.id, s.commodity)
        .where(
            s.account_id == found.account_id,
            s.payment_mode == "postpaid",
            s.state != "ordered",
            s.started_on < found.to_date,
            s.ended_on.is_(None) | (s.ended_on > found.from_date),
        )
        .order_by(s.id)
    )
    return {row.id: row.commodity for row in rows}


async def proposals(conn: AsyncConnection, found: Waiting) -> list[Proposal]:
    """Per service and meter what an estimate would bill; a metered service without a meter by what it was billed before."""
    services = await _services(conn, found)
    m = meter.c
    rows = await conn.execute(
        select(m.service_id, m.code, m.unit, m.serial, m.registers)
        .where(
            m.service_id.in_(services),
            m.kind != "line",
            m.installed_on < found.to_date,
            m.removed_on.is_(None) | (m.removed_on > found.from_date),
        )
        .order_by(m.service_id, m.id)
    )
    hung: dict[tuple[int, str], tuple[str, list[str]]] = {}
    for row in rows:
        for code in codes_of(row.code, row.registers):
            hung.setdefault((row.service_id, code), (row.unit, []))[1].append(row.serial)
    known = await _mean_days(conn, list(services), found.from_date)
    for at, code in known:
        if services[at] in METERED and not any(service_id == at for service_id, _ in hung):
            hung[at, code] = ("", [])
    days = (found.to_date - found.from_date).days
    return [
        Proposal(
            at,
            services[at],
            code,
            unit,
            tuple(serials),
            known[at, code][0] * days // known[at, code][1] if (at, code) in known else None,
        )
        for (at, code), (unit, serials) in sorted(hung.items())
        if not code.endswith(EXPORT_CODE)
    ]


async def _mean_days(
    conn: AsyncConnection, services: list[int], before: date
) -> dict[tuple[int, str], tuple[int, int]]:
    """(service, meter) -> (micro-units, days) of the last periods that were billed."""
    c = consumption.c
    newest = func.row_number().over(partition_by=(c.service_id, c.meter_code, c.from_date), order_by=c.revision.desc())
    latest = (
        select(c.service_id, c.meter_code, c.from_date, c.to_date, c.quantity_micro, newest.label("newest"))
        .where(c.service_id.in_(services), c.to_date <= before)
        .subquery()
    )
    match: dict[tuple[int, str], list[tuple[int, int]]] = {}
    rows = await conn.execute(select(latest).where(latest.c.newest == 1).order_by(latest.c.from_date.desc()))
    for row in rows:
        seen = match.setdefault((row.service_id, row.meter_code), [])
        if len(seen) < LEARN:
            seen.append((row.quantity_micro, (row.to_date - row.from_date).days))
    return {key: (sum(one for one, _ in seen), sum(days for _, days in seen)) for key, seen in match.items()}
