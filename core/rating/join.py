"""Puts the results of runs of services into one, in the order of the services: each run is written where it belongs as soon
as it is done, so that its own columns can be used again by the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import lcm
from threading import Lock

import numpy as np

from core.rating.exact import Column, Exact
from core.rating.model import Carried, Line, Rated

Pieces = list[tuple[int, Exact]]
"""Exact columns of runs, each with the first service of its run."""


@dataclass(slots=True)
class _Page:
    """One line over all services while the runs come in."""

    first: Line
    amount: Column
    present: Column
    quantity: Column | None
    exact: Pieces = field(default_factory=list)
    base: Pieces = field(default_factory=list)
    parts: list[Pieces] = field(default_factory=list)

    def take(self, low: int, line: Line) -> None:
        """One run's part of the line. An amount that is exact as it stands is kept once."""
        here = slice(low, low + len(line.present))
        self.amount[here], self.present[here] = line.amount, line.present
        if self.quantity is not None and line.quantity is not None:
            self.quantity[here] = line.quantity
        if line.exact.den != 1 or line.exact.values is not line.amount:
            self.exact.append((low, line.exact))
        if line.base is not None:
            self.base.append((low, line.base.spread(len(line.present))))
        for pieces, (_, part) in zip(self.parts, line.parts, strict=True):
            pieces.append((low, part))

    def line(self) -> Line:
        """The line of all services."""
        exact = _exact(self.exact) if self.exact else Exact.of(self.amount)
        base = _exact(self.base) if self.base else None
        amount = self.amount if self.exact else exact.values
        whole = replace(self.first, amount=amount, present=self.present, exact=exact, quantity=self.quantity, base=base)
        codes = [codes for codes, _ in self.first.parts]
        return replace(whole, parts=tuple(zip(codes, (_exact(pieces) for pieces in self.parts), strict=True)))


class Binder:
    """The result over `size` services; runs may be put in any order and from several threads."""

    def __init__(self, size: int) -> None:
        self.size, self._lock = size, Lock()
        self._first: Rated | None = None
        self._pages: list[_Page] = []
        self._total = np.zeros(size, dtype=np.int64)
        self._exact_total: Pieces = []
        self._refused: dict[int, str] = {}
        self._left: dict[str, list[Column]] = {}
        self._service: dict[str, Column] = {}

    def put(self, low: int, part: Rated) -> None:
        """The run that begins with service `low`."""
        with self._lock:
            if self._first is None:
                self._open(part)
            self._refused.update({index + low: why for index, why in part.refused.items()})
            self._exact_total.append((low, part.exact_total))
        here = slice(low, low + part.size)
        self._total[here] = part.total
        for page, line in zip(self._pages, part.lines, strict=True):
            page.take(low, line)
        for code, buckets in part.left.items():
            for column, bucket in zip(self._left[code], buckets, strict=True):
                column[here] = bucket.units
        for code, step in part.service.items():
            self._service[code][here] = step

    def _open(self, part: Rated) -> None:
        """Make room for everything that a run of this tariff brings."""
        self._first = part
        self._pages = [_page(line, self.size) for line in part.lines]
        self._left = {code: [self._column() for _ in buckets] for code, buckets in part.left.items()}
        self._service = {code: self._column() for code in part.service}

    def _column(self) -> Column:
        return np.empty(self.size, dtype=np.int64)

    def bound(self) -> Rated:
        """The whole result, when every run is in."""
        first = self._first
        assert first is not None
        return Rated(
            self.size,
            first.currency,
            tuple(page.line() for page in self._pages),
            self._total,
            _exact(self._exact_total),
            dict(sorted(self._refused.items())),
            _left(first.left, self._left),
            self._service,
        )


def joined(parts: Sequence[Rated]) -> Rated:
    """One result over the services of several runs, given in their order."""
    binder, low = Binder(sum(part.size for part in parts)), 0
    for part in parts:
        binder.put(low, part)
        low += part.size
    return binder.bound()


def _page(line: Line, size: int) -> _Page:
    quantity = None if line.quantity is None else np.empty(size, dtype=np.int64)
    columns = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.bool_), quantity
    return _Page(line, *columns, parts=[[] for _ in line.parts])


def _left(first: Mapping[str, tuple[Carried, ...]], columns: dict[str, list[Column]]) -> dict[str, tuple[Carried, ...]]:
    return {
        code: tuple(Carried(units, bucket.until) for units, bucket in zip(columns[code], buckets, strict=True))
        for code, buckets in first.items()
    }


def _exact(pieces: Pieces) -> Exact:
    columns = [column for _, column in sorted(pieces, key=lambda piece: piece[0])]
    den = lcm(*(column.den for column in columns))
    whole = [column.times(den) for column in columns]
    top, positive = max(column.top for column in whole), all(column.positive for column in whole)
    return Exact(np.concatenate([column.values for column in whole]), den, top, positive)
