"""Puts the results of several runs of services back into one, in the order of the services."""

from collections.abc import Sequence
from dataclasses import replace
from math import lcm

import numpy as np

from core.rating.exact import Column, Exact
from core.rating.model import Carried, Line, Rated


def joined(parts: Sequence[Rated]) -> Rated:
    """One result over all the services."""
    size = sum(part.size for part in parts)
    refused, shift = {}, 0
    for part in parts:
        refused.update({index + shift: why for index, why in part.refused.items()})
        shift += part.size
    first = parts[0]
    return Rated(
        size,
        first.currency,
        tuple(_line([part.lines[i] for part in parts]) for i in range(len(first.lines))),
        np.concatenate([part.total for part in parts]),
        _exact([part.exact_total for part in parts]),
        refused,
        {code: _buckets([part.left[code] for part in parts]) for code in first.left},
        {code: np.concatenate([part.service[code] for part in parts]) for code in first.service},
    )


def _buckets(same: Sequence[tuple[Carried, ...]]) -> tuple[Carried, ...]:
    columns = [np.concatenate([buckets[i].units for buckets in same]) for i in range(len(same[0]))]
    return tuple(Carried(units, bucket.until) for units, bucket in zip(columns, same[0], strict=True))


def _line(same: Sequence[Line]) -> Line:
    first = same[0]
    exact = _exact([line.exact for line in same])
    whole = all(line.amount is line.exact.values for line in same)
    return replace(
        first,
        amount=exact.values if whole and exact.den == 1 else np.concatenate([line.amount for line in same]),
        present=np.concatenate([line.present for line in same]),
        exact=exact,
        quantity=None if first.quantity is None else np.concatenate([_known(line.quantity) for line in same]),
        base=None if first.base is None else _exact([_full(line) for line in same]),
    )


def _known(column: Column | None) -> Column:
    assert column is not None
    return column


def _full(line: Line) -> Exact:
    assert line.base is not None
    return line.base.spread(len(line.present))


def _exact(columns: Sequence[Exact]) -> Exact:
    den = lcm(*(column.den for column in columns))
    whole = [column.times(den) for column in columns]
    return Exact(np.concatenate([column.values for column in whole]), den, max(column.top for column in whole))
