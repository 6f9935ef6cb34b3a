"""Turns the loaded groups into draft bills: usage measured, `rating.rate` over arrays, lines put in order. Writes nothing.

A group goes to rating whole: its period, all versions of its tariff and, where they need it, the instants of its usage. Groups by
the time of use go in small parts, so that their intervals never fill the memory. A service that cannot be rated parks its account
with the reason; all other accounts of the group go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.documents import late_usage
from core.billing.run.draft_columns import Block, Correction, Drafts, Piece, gathered
from core.billing.run.engines import LOCAL, Engine
from core.billing.run.live_uses import together
from core.billing.run.load import Days, Group, Partition
from core.billing.run.registers import events_of, parts_of, quantity_of, summed, unpriced
from core.billing.run.reward_units import rewarded
from core.billing.run.sources import Sources, Used
from core.billing.run.tariff_versions import grain_of, in_force, other_clock
from core.billing.run.usage_events import by_events, rolls_over, told
from core.context import Context
from core.errors import Refused
from core.metering.consumption.late import Arrivals
from core.metering.consumption.timed import Grain
from core.metering.vee.lifted import Lifted, share
from core.rating.errors import CannotRate
from core.rating.model import Batch, Rated
from core.rating.tariff import Tariff

Free = Mapping[int, int]
"""Account id -> micro-units that their points bought."""

TIMED_SERVICES = 500
"""Services whose single intervals or events are in memory at once: 500 months of half-hours are 18 MB."""


@dataclass(frozen=True, slots=True)
class RatingDesk:
    """What a partition is reckoned with: a connection to read on, the house, and where tariffs and usage come from."""

    conn: AsyncConnection
    context: Context
    sources: Sources
    came: Arrivals
    """What usage came since the bills before: some of these may be off by it."""
    engine: Engine = LOCAL


async def reckon(desk: RatingDesk, partition: Partition, free: dict[int, int]) -> Drafts:
    """The partition's draft bills; accounts that cannot be billed are parked on it. The units used are taken out of `free`."""
    blocks = await rated_groups(desk, partition, free)
    return gathered(partition, blocks, await _late(desk, partition))


async def _late(desk: RatingDesk, partition: Partition) -> list[Correction]:
    """What the accounts' earlier bills are off by; nothing where that does not wait for a bill."""
    services = late_usage.services_of(partition)
    if not services or desk.context.operator.billing.late_usage == "rebill":
        return []
    owner = {service: partition.due[at].account_id for service, at in services.items()}
    return [replace(one, account=services[one.service]) for one in await off_by(desk, owner, partition.to_date)]


async def off_by(desk: RatingDesk, owner: Mapping[int, int], to: date) -> list[Correction]:
    """What bills before `to` of these services (service -> account) are off by."""
    changed = await desk.sources.late(desk.conn, desk.context, list(owner), to, desk.came)
    if not changed:
        return []
    accounts = {owner[one.service_id] for one in changed}
    again = [
        (past, await rated_groups(desk, past, {}))
        for past in await late_usage.billed_again(desk.conn, accounts, changed)
    ]
    return await late_usage.corrections(desk.conn, owner, changed, again)


async def rated_groups(desk: RatingDesk, partition: Partition, free: dict[int, int]) -> list[Block]:
    """Every group of the partition, rated."""
    blocks: list[Block] = []
    for days, group in partition.groups.items():
        versions = await _versions(desk, partition, days, group)
        if not versions:
            continue
        grain = grain_of(versions)
        many = (grain is None or grain.by_day) and not by_events(versions)
        size = len(group.service) if many else TIMED_SERVICES
        for part in group.parts(size):
            blocks += await _rated(desk, partition, Piece(days, versions, part), grain, free)
    return blocks


async def _versions(desk: RatingDesk, partition: Partition, days: Days, group: Group) -> tuple[Tariff, ...]:
    """The versions of the group's tariff; none, and the accounts are parked, where a day has none or the clocks differ."""
    try:
        match = in_force(await desk.sources.tariffs(desk.conn, days.tariff, days.from_, days.to), days)
    except Refused as why:
        match = why.sentence()
    reason = match if isinstance(match, str) else _why_not(desk, match, days)
    if isinstance(match, str) or reason:
        _park(partition, group, str(reason))
        return ()
    return match


def _why_not(desk: RatingDesk, versions: tuple[Tariff, ...], days: Days) -> str | None:
    if allowance := rolls_over(versions):
        return f"tariff {days.tariff} rolls what is left of {allowance} over: the run does not keep it; leave `rollover` out"
    return other_clock(versions, desk.context.zone, days)


def _park(partition: Partition, group: Group, reason: str) -> None:
    for at in group.account:
        partition.park(at, reason)


async def _rated(
    desk: RatingDesk, partition: Partition, piece: Piece, grain: Grain | None, free: dict[int, int]
) -> list[Block]:
    used = Used({}, {})
    if piece.meters:
        used = await desk.sources.used(
            desk.conn,
            desk.context,
            piece.group.service,
            piece.days.from_,
            piece.days.to,
            grain=grain,
            lifted=_lifted(partition, piece),
        )
    for at, reason in {**used.parked, **unpriced(piece, used)}.items():
        partition.park(piece.group.account[at], reason)
    try:
        used, whole = _told(piece, used)
        batch = await _batch(desk, piece, whole, grain)
        rated = await desk.engine.rate(piece.versions, batch)
    except CannotRate as why:
        _park(partition, piece.group, str(why))
        return []
    _park_refused(partition, piece, rated)
    reward = rewarded(partition, piece, batch, rated, free)
    return [Block(piece, replace(used, events={}, uses=None), rated, reward)]


def _told(piece: Piece, used: Used) -> tuple[Used, Used]:
    """What was used as rating takes it: what was collected, and that together with what was charged live. Raises `CannotRate`."""
    size = len(piece.group.service)
    alone = told(piece.versions, piece.days, used, size)
    if used.live is None or used.uses is None:
        return alone, alone
    try:
        every = together(used.uses, used.live)
    except ValueError as why:
        raise CannotRate("usage", str(why), "let it come one way") from why
    return alone, told(piece.versions, piece.days, replace(used, uses=every), size)


def _lifted(partition: Partition, piece: Piece) -> Lifted | None:
    """The services that a person wants billed on an estimate, each with its share of it for the days of the piece."""
    match: Lifted = {}
    for at, service in zip(piece.group.account, piece.group.service, strict=True):
        due = partition.due[at]
        text = (due.decided or {}).get("estimate")
        if text is not None:
            whole = (due.from_date, partition.to_date)
            match[service] = {
                code: share(int(micro), whole, (piece.days.from_, piece.days.to))
                for code, micro in text.get(str(service), {}).items()
            }
    return match or None


def _park_refused(partition: Partition, piece: Piece, rated: Rated) -> None:
    for at, reason in rated.refused.items():
        partition.park(piece.group.account[at], reason)
    for at in piece.group.account:
        if partition.due[at].currency != rated.currency:
            partition.park(at, f"tariff {piece.days.tariff} is in {rated.currency}, the account in another currency")


async def _batch(desk: RatingDesk, piece: Piece, used: Used, grain: Grain | None) -> Batch:
    group, days = piece.group, piece.days
    size = len(group.service)
    zeros = np.zeros(size, dtype=np.int64)
    batch = Batch(
        size,
        days.whole_from,
        days.whole_to,
        {code: quantity_of(piece, used, code, zeros) for code in piece.meters},
        {"persons": np.array(group.persons, dtype=np.int64)},
        {
            code: summed(
                [
                    await desk.sources.history(desk.conn, group.service, part, days.from_, periods)
                    for part in parts_of(piece, code)
                ]
            )
            for code, periods in piece.history.items()
        },
        events={code: events_of(piece, used, code) for code in piece.meters} if used.events else {},
        pool=np.array(group.account) if _shares(piece) else None,
        opening=np.array(group.opening),
        closing=np.array(group.closing),
        began=zeros + (days.from_ - days.whole_from).days,
    )
    if (days.from_, days.to) == (days.whole_from, days.whole_to) and not any(group.off):
        return batch
    there, whole = (days.to - days.from_).days, (days.whole_to - days.whole_from).days
    return replace(batch, fraction=(zeros + there - np.array(group.off or [0] * size, dtype=np.int64), zeros + whole))


def _shares(piece: Piece) -> bool:
    """Whether the services of an account draw on one allowance."""
    return any(allowance.shared for one in piece.versions for allowance in one.allowances)
