"""Draft bills of a partition as columns: one entry per account, and the lines of all accounts in bill order.

Order of a bill: by service, then by the days of its plan, then by version and as the tariff lists its charges.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.billing.labels import Spec, Specs
from core.billing.load import Days, Group, Partition
from core.billing.sources import Used, UsedRow
from core.rating.exact import Column
from core.rating.model import Line, Rated
from core.rating.tariff import Tariff

NO_QUANTITY = -(2**63)
"""Stands for a line without a quantity in an integer column."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A group (or a part of one) with the versions of its tariff that hold in its days, by their first day."""

    days: Days
    versions: tuple[Tariff, ...]
    group: Group

    @property
    def meters(self) -> dict[str, str]:
        """The meters that the versions price, and their units."""
        return {code: unit for version in self.versions for code, unit in version.meters.items()}

    @property
    def history(self) -> dict[str, int]:
        """How many earlier periods of each meter they ask for."""
        return {code: count for version in self.versions for code, count in version.history.items()}

    def version_of(self, line: Line) -> Tariff:
        """The version that a line is of: the last, where the tariff did not change within the period."""
        since = line.since
        return next(
            (one for one in reversed(self.versions) if since is None or one.valid_from <= since), self.versions[0]
        )


@dataclass(frozen=True, slots=True)
class Reward:
    """What units from points take off (<= 0, minor units), and how many micro-units they were, per service of a piece."""

    amount: Column
    units: Column


@dataclass(frozen=True, slots=True)
class Block:
    """A rated piece."""

    piece: Piece
    used: Used
    rated: Rated
    reward: Reward | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines as columns; `bill` indexes the drafts, `spec` the specs."""

    bill: Column
    position: Column
    service: Column
    spec: Column
    quantity: Column
    amount: Column


@dataclass(frozen=True, slots=True)
class Drafts:
    """What a partition comes to. `accounts` indexes its cycles; all columns but those of the lines are aligned with it."""

    partition: Partition
    accounts: Column
    total: Column
    tax: Column
    rounding: Column
    reward: Column
    estimated: Column
    lines: Lines
    specs: Sequence[Spec]
    nothing: Sequence[int]
    """Cycles without any service to bill."""
    blocks: Sequence[Block]
    bill_of: Column
    """The draft of each of the partition's cycles, -1 where it has none."""

    def used_rows(self, ids: Sequence[int]) -> list[UsedRow]:
        """What each service was billed for, under the invoices' `ids`."""
        return [row for block in self.blocks for row in _used_rows(block, self.bill_of, ids)]


def gathered(partition: Partition, blocks: Sequence[Block]) -> Drafts:
    """The blocks' lines by account, numbered, and the sums of each bill."""
    size = len(partition.due)
    billed = np.zeros(size, dtype=np.bool_)
    for block in blocks:
        billed[block.piece.group.columns()[0]] = True
    parked = np.zeros(size, dtype=np.bool_)
    parked[list(partition.parked)] = True
    accounts = np.flatnonzero(billed & ~parked)
    bill_of = np.full(size, -1, dtype=np.int64)
    bill_of[accounts] = np.arange(len(accounts))
    specs = Specs()
    lines = _ordered(blocks, bill_of, specs)
    sums = {kind: _summed(lines, specs, kind, len(accounts)) for kind in ("", "tax", "rounding", "reward")}
    estimated = _mark_estimated(partition, blocks, bill_of, len(accounts))
    nothing = [int(at) for at in np.flatnonzero(~billed & ~parked)]
    return Drafts(
        partition, accounts, sums[""], sums["tax"], sums["rounding"], sums["reward"], estimated, lines, specs.all,
        nothing, blocks, bill_of,
    )  # fmt: skip


def _summed(lines: Lines, specs: Specs, kind: str, size: int) -> Column:
    amounts = lines.amount
    if kind:
        chosen = np.array([spec.kind == kind for spec in specs.all] or [False])
        amounts = np.where(chosen[lines.spec], amounts, 0) if len(amounts) else amounts
    out = np.zeros(size, dtype=np.int64)
    np.add.at(out, lines.bill, amounts)
    return out


def _ordered(blocks: Sequence[Block], bill_of: Column, specs: Specs) -> Lines:
    """All lines of bills that are made, sorted and numbered from 1 within each bill."""
    parts: list[tuple[Column, ...]] = []
    for block in blocks:
        accounts, services = block.piece.group.columns()
        bills = bill_of[accounts]
        day = block.piece.days.from_.toordinal()
        for rank, (line, spec) in enumerate(_lines_of(block, specs)):
            rows = np.flatnonzero(line[2] & (bills >= 0))
            fixed = (np.full(len(rows), value, dtype=np.int64) for value in (day, rank, spec))
            parts.append((bills[rows], services[rows], *fixed, line[0][rows], line[1][rows]))
    if not parts:
        empty = np.zeros(0, dtype=np.int64)
        return Lines(empty, empty, empty, empty, empty, empty)
    bill, service, day_, rank_, spec_, quantity, amount = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    order = np.lexsort((rank_, day_, service, bill))
    bill = bill[order]
    starts = np.flatnonzero(np.diff(bill, prepend=-1))
    position = np.arange(len(bill)) - np.repeat(starts, np.diff(starts, append=len(bill))) + 1
    return Lines(bill, position, service[order], spec_[order], quantity[order], amount[order])


def _lines_of(block: Block, specs: Specs) -> list[tuple[tuple[Column, Column, Column], int]]:
    """((quantity, amount, present), spec) of each line of a block, the reward last."""
    found = [(_columns(line), specs.take(block.piece.version_of(line), line)) for line in block.rated.lines]
    if block.reward is not None:
        reward = (-block.reward.units, block.reward.amount, block.reward.units != 0)
        found.append((reward, specs.take_reward()))
    return found


def _columns(line: Line) -> tuple[Column, Column, Column]:
    """A rounding that comes to nothing (lines were left exact, and a whole cent was never missing) is no line."""
    present = line.present & (line.amount != 0) if line.kind == "rounding" else line.present
    quantity = np.full(len(line.amount), NO_QUANTITY, dtype=np.int64) if line.quantity is None else line.quantity
    return quantity, line.amount, present


def _mark_estimated(partition: Partition, blocks: Sequence[Block], bill_of: Column, size: int) -> Column:
    """Which bills hold an estimate; how much, per service and meter, is put on their facts."""
    out = np.zeros(size, dtype=np.bool_)
    for block in blocks:
        group = block.piece.group
        for code, column in block.used.estimated.items():
            for at in np.flatnonzero(column):
                account = group.account[at]
                if bill_of[account] >= 0:
                    out[bill_of[account]] = True
                    parts = partition.facts[account]["estimated"].setdefault(str(group.service[at]), {})
                    parts[code] = parts.get(code, 0) + int(column[at])
    return out


def _used_rows(block: Block, bill_of: Column, ids: Sequence[int]) -> Iterator[UsedRow]:
    piece, used = block.piece, block.used
    bills = bill_of[piece.group.columns()[0]].tolist()
    nothing = [0] * len(bills)
    for code in sorted(piece.meters.keys() & used.quantity.keys()):
        estimated = used.estimated[code].tolist() if code in used.estimated else nothing
        missing = used.missing[code].tolist() if code in used.missing else nothing
        methods = used.method.get(code) or ["measured"] * len(bills)
        columns = (bills, piece.group.service, used.quantity[code].tolist(), estimated, missing, methods)
        for bill, service, quantity, guess, lost, method in zip(*columns, strict=True):
            if bill >= 0:
                yield UsedRow(service, code, piece.days.from_, piece.days.to, quantity, guess, lost, method, ids[bill])
