"""Draft bills of a partition as columns: one entry per account, and the lines of all accounts in bill order.

Order of a bill: by service, then by the days of its plan, then by version and as the tariff lists its charges; what earlier bills of
the service were off by comes last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from core.billing.render.labels import Spec, Specs
from core.billing.run.load import Days, Group, Partition
from core.billing.run.sources import Used, UsedRow
from core.rating.exact import Column
from core.rating.model import Line, Rated
from core.rating.rounding import in_whole
from core.rating.tariff import Tariff

NO_QUANTITY = -(2**63)
"""Stands for a line without a quantity in an integer column."""
AFTER_ALL = 10**7
"""More than the number of any day: what is sorted by it comes last."""


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
    def sums(self) -> dict[str, tuple[str, ...]]:
        """The registers that they add up, by the code they price."""
        return {code: parts for version in self.versions for code, parts in version.sums.items()}

    @property
    def recorded(self) -> dict[str, str]:
        """What is recorded as billed, and its unit: the meters they price, and the registers these sum."""
        parts = {part: self.meters[code] for code, match in self.sums.items() for part in match if code in self.meters}
        return {**self.meters, **parts}

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
class Correction:
    """What an earlier bill [from_date, to_date) of a service is off by: minor units before tax, and the tax; use in micro-units.

    `account` is its id, but in `Drafts` it indexes the partition's cycles; `rows` is what that period was billed for from now on, each
    with its revision.
    """

    account: int
    service: int
    invoice_id: int
    from_date: date
    to_date: date
    was: int
    now: int
    unit: str
    net: int
    tax: int
    rows: tuple[tuple[UsedRow, int], ...]


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
    corrections: Sequence[Correction]
    bill_of: Column
    """The draft of each of the partition's cycles, -1 where it has none."""

    def live_periods(self) -> list[int]:
        """The periods of uses charged live that are on these bills."""
        return [
            int(period)
            for block in self.blocks
            if block.used.live is not None
            for at, period in zip(block.piece.group.account, block.used.live.period, strict=True)
            if period and self.bill_of[at] >= 0
        ]

    def used_rows(self, ids: Sequence[int]) -> list[UsedRow]:
        """What each service was billed for, under the invoices' `ids`; what of earlier bills is corrected, too."""
        rows = [row for block in self.blocks for row in used_of(block, self.bill_of, ids)]
        for one in self.corrections:
            bill = int(self.bill_of[one.account])
            if bill >= 0:
                rows += [replace(row, invoice_id=ids[bill], revision=revision) for row, revision in one.rows]
        return rows


def gathered(partition: Partition, blocks: Sequence[Block], corrections: Sequence[Correction] = ()) -> Drafts:
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
    lines = _ordered(blocks, corrections, bill_of, specs)
    sums = {kind: _summed(lines, specs, kind, len(accounts)) for kind in ("", "tax", "rounding", "reward")}
    estimated = _mark_estimated(partition, blocks, bill_of, len(accounts))
    nothing = [int(at) for at in np.flatnonzero(~billed & ~parked)]
    return Drafts(
        partition,
        accounts,
        sums[""],
        sums["tax"],
        sums["rounding"],
        sums["reward"],
        estimated,
        lines,
        specs.all,
        nothing,
        blocks,
        corrections,
        bill_of,
    )


def _summed(lines: Lines, specs: Specs, kind: str, size: int) -> Column:
    amounts = lines.amount
    if kind:
        chosen = np.array([spec.kind == kind for spec in specs.all] or [False])
        amounts = np.where(chosen[lines.spec], amounts, 0) if len(amounts) else amounts
    out = np.zeros(size, dtype=np.int64)
    np.add.at(out, lines.bill, amounts)
    return out


def _ordered(blocks: Sequence[Block], corrections: Sequence[Correction], bill_of: Column, specs: Specs) -> Lines:
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
    late = [row for one in corrections for row in _late_rows(one, bill_of, specs)]
    if late:
        parts.append(tuple(np.array(late, dtype=np.int64).T))
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


def _late_rows(one: Correction, bill_of: Column, specs: Specs) -> Iterator[tuple[int, ...]]:
    """A correction's lines as rows of what `_ordered` sorts: after all else of the service, the earliest period first."""
    bill, day = int(bill_of[one.account]), AFTER_ALL + one.from_date.toordinal()
    if bill >= 0 and one.net:
        late = specs.take_late(one.from_date, one.to_date, one.was, one.now, one.unit)
        yield bill, one.service, day, 0, late, one.now - one.was, one.net
    if bill >= 0 and one.tax:
        yield bill, one.service, day, 1, specs.take_late_tax(one.from_date, one.to_date), NO_QUANTITY, one.tax


def _lines_of(block: Block, specs: Specs) -> list[tuple[tuple[Column, Column, Column], int]]:
    """((quantity, amount, present), spec) of each line of a block, the reward and what was paid live last."""
    found = [row for line in block.rated.lines for row in _rows_of(line, specs, block.piece.version_of(line))]
    if block.reward is not None:
        reward = (-block.reward.units, block.reward.amount, block.reward.units != 0)
        found.append((reward, specs.take_reward()))
    if block.used.live is not None:
        paid = block.used.live.paid
        found.append(((np.full(len(paid), NO_QUANTITY, dtype=np.int64), -paid, paid != 0), specs.take_paid()))
    return found


def _rows_of(line: Line, specs: Specs, tariff: Tariff) -> Iterator[tuple[tuple[Column, Column, Column], int]]:
    """A line as the bill has it: in one, or where its parts are taxed differently, a line for each."""
    if not line.parts:
        yield _columns(line), specs.take(tariff, line)
        return
    nothing = np.full(len(line.amount), NO_QUANTITY, dtype=np.int64)
    for (codes, _), amount in zip(line.parts, in_whole(line.amount, [part for _, part in line.parts]), strict=True):
        yield (nothing, amount, line.present & (amount != 0)), specs.take(tariff, line, codes)


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


def used_of(block: Block, bill_of: Column, ids: Sequence[int]) -> Iterator[UsedRow]:
    """What the services of a block are billed for; `bill_of` says which draft each account has, `ids` its invoice."""
    piece, used = block.piece, block.used
    bills = bill_of[piece.group.columns()[0]].tolist()
    nothing = [0] * len(bills)
    for code in sorted(piece.recorded.keys() & used.quantity.keys()):
        estimated = used.estimated[code].tolist() if code in used.estimated else nothing
        missing = used.missing[code].tolist() if code in used.missing else nothing
        methods = used.method.get(code) or ["measured"] * len(bills)
        columns = (bills, piece.group.service, used.quantity[code].tolist(), estimated, missing, methods)
        for bill, service, quantity, guess, lost, method in zip(*columns, strict=True):
            if bill >= 0:
                yield UsedRow(service, code, piece.days.from_, piece.days.to, quantity, guess, lost, method, ids[bill])
