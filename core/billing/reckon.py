"""Turns the loaded groups into draft bills: usage measured, `rating.rate` over arrays, lines put in order. Writes nothing.

A service that cannot be rated parks its account with the reason; all other accounts of the group go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.drafts import Block, Drafts, Piece, gathered
from core.billing.load import Days, Group, Partition
from core.billing.rewarded import rewarded
from core.billing.sources import Sources, Used
from core.errors import Refused
from core.house import House
from core.rating.errors import CannotRate
from core.rating.model import Batch, Rated
from core.rating.rate import rate

Free = Mapping[int, int]
"""Account id -> micro-units that her points bought."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a partition is reckoned with: a connection to read on, the house, and where tariffs and usage come from."""

    conn: AsyncConnection
    house: House
    sources: Sources


async def reckon(desk: Desk, partition: Partition, free: dict[int, int]) -> Drafts:
    """The partition's draft bills; accounts that cannot be billed are parked on it. The units used are taken out of `free`."""
    blocks: list[Block] = []
    for days, group in partition.groups.items():
        for piece in await _pieces(desk, partition, days, group):
            blocks += await _rated(desk, partition, piece, free)
    return gathered(partition, blocks)


async def _pieces(desk: Desk, partition: Partition, days: Days, group: Group) -> list[Piece]:
    """A new version in mid-period splits the period by days; a day without any version parks the accounts."""
    try:
        versions = await desk.sources.tariffs(desk.conn, days.tariff, days.from_, days.to)
    except Refused as why:
        return _parked(partition, group, why.sentence())
    starts = [max(one.valid_from, days.from_) for one in versions]
    ends = [*starts[1:], days.to][: len(starts)]
    gap = next((end for one, end in zip(versions, ends, strict=True) if one.valid_to and one.valid_to < end), None)
    if not versions or starts[0] > days.from_ or gap:
        return _parked(
            partition, group, f"tariff {days.tariff} has no version in force on {gap or days.from_}: load one"
        )
    return [
        Piece(days, start, end, one, group)
        for start, end, one in zip(starts, ends, versions, strict=True)
        if start < end
    ]


def _parked(partition: Partition, group: Group, reason: str) -> list[Piece]:
    for at in group.account:
        partition.park(at, reason)
    return []


async def _rated(desk: Desk, partition: Partition, piece: Piece, free: dict[int, int]) -> list[Block]:
    used = Used({}, {})
    if piece.tariff.meters:
        used = await desk.sources.used(desk.conn, desk.house, piece.group.service, piece.from_, piece.to)
    for at, reason in used.parked.items():
        partition.park(piece.group.account[at], reason)
    try:
        batch = await _batch(desk, piece, used)
        rated = rate(piece.tariff, batch)
    except CannotRate as why:
        for at in piece.group.account:
            partition.park(at, str(why))
        return []
    _park_refused(partition, piece, rated)
    return [Block(piece, used, rated, rewarded(partition, piece, batch, rated, free))]


def _park_refused(partition: Partition, piece: Piece, rated: Rated) -> None:
    for at, reason in rated.refused.items():
        partition.park(piece.group.account[at], reason)
    for at in piece.group.account:
        if partition.due[at].currency != rated.currency:
            partition.park(at, f"tariff {piece.tariff.code} is in {rated.currency}, the account in another currency")


async def _batch(desk: Desk, piece: Piece, used: Used) -> Batch:
    group, days = piece.group, piece.days
    size = len(group.service)
    zeros = np.zeros(size, dtype=np.int64)
    batch = Batch(
        size,
        days.whole_from,
        days.whole_to,
        {code: used.quantity.get(code, zeros) for code in piece.tariff.meters},
        {"persons": np.array(group.persons, dtype=np.int64)},
        {
            code: await desk.sources.history(desk.conn, group.service, code, piece.from_, periods)
            for code, periods in piece.tariff.history.items()
        },
        opening=np.array(group.opening) & (piece.from_ == days.from_),
        closing=np.array(group.closing) & (piece.to == days.to),
    )
    if (piece.from_, piece.to) == (days.whole_from, days.whole_to):
        return batch
    there, whole = (piece.to - piece.from_).days, (days.whole_to - days.whole_from).days
    return replace(batch, fraction=(zeros + there, zeros + whole))
