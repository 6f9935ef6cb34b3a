"""One account's price, by the very code that bills: a batch of one through `rate`.

With `billed` rows only what is new is priced: the difference of two totals. With `buy` an amount is turned into units.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np

from core.rating.allowances import rolled_over
from core.rating.buy import bought
from core.rating.charges.event import Event
from core.rating.errors import CannotRate
from core.rating.exact import MICRO, Column
from core.rating.model import Batch, Carried, Events, Line, Rated
from core.rating.rate import rate
from core.rating.request import Quote, QuoteLine, QuoteRequest, Row
from core.rating.tariff import Tariff
from core.rating.terms import Allowance
from core.rating.versions import in_force

__all__ = ["Quote", "QuoteLine", "QuoteRequest", "Row", "quote"]


def quote(tariff: Tariff | Sequence[Tariff], request: QuoteRequest) -> Quote:
    """Price one request, by one tariff or by the versions of one. Raises `CannotRate` with a sentence."""
    versions = (tariff,) if isinstance(tariff, Tariff) else tuple(v for v, _, _ in _there(tariff, request))
    if request.buy is not None:
        return bought(versions[-1], request, quote)
    if not request.billed:
        return priced(versions, request, request.rows)
    whole, before = (
        priced(versions, request, (*request.billed, *request.rows)),
        priced(versions, request, request.billed),
    )
    return difference(whole, before)


def _there(versions: Sequence[Tariff], request: QuoteRequest) -> list[tuple[Tariff, date, date]]:
    return in_force(versions, request.period_from, request.period_to)


def priced(versions: Sequence[Tariff], request: QuoteRequest, rows: Sequence[Row]) -> Quote:
    """The price of these rows as if they were the whole period."""
    tariff = versions[-1]
    rated = rate(versions, batch_of(versions, request, rows))
    if rated.refused:
        raise CannotRate("usage", rated.refused[0])
    lines = tuple(_line(line) for line in rated.lines if line.present[0])
    service = {use.code: use.steps[int(rated.service[use.code][0])] for use in tariff.fair_use}
    left = {code: Fraction(int(rated.unused(code)[0]), MICRO) for code in rated.left}
    carry = {a.code: _carry(a, rated, request.period_to) for a in tariff.allowances}
    return Quote(tariff.code, tariff.currency, lines, rated.exact_total.at(0), None, left, service, carry)


def _carry(allowance: Allowance, rated: Rated, until: date) -> tuple[tuple[int, int | None], ...]:
    kept = rolled_over(allowance, rated.left[allowance.code], until)
    return tuple((int(bucket.units[0]), bucket.until) for bucket in kept if bucket.units[0])


def difference(whole: Quote, before: Quote) -> Quote:
    """What the whole costs more than what came before, line by line."""
    earlier = {line.key: line for line in before.lines}
    lines = [_less(line, earlier.pop(line.key, None)) for line in whole.lines]
    lines += [_undone(line) for line in earlier.values()]
    kept = tuple(line for line in lines if line.amount or line.quantity)
    return replace(whole, lines=kept, total=whole.total - before.total)


def _less(line: QuoteLine, before: QuoteLine | None) -> QuoteLine:
    if before is None:
        return line
    return replace(
        line,
        amount=line.amount - before.amount,
        quantity=None if line.quantity is None else line.quantity - (before.quantity or 0),
        base=None if line.base is None else line.base - (before.base or 0),
        parts=tuple((codes, part - dict(before.parts)[codes]) for codes, part in line.parts),
    )


def _undone(line: QuoteLine) -> QuoteLine:
    """A line that the whole no longer has (another block applies now): taken back."""
    quantity = None if line.quantity is None else -line.quantity
    parts = tuple((codes, -part) for codes, part in line.parts)
    base = None if line.base is None else -line.base
    return replace(line, amount=-line.amount, quantity=quantity, base=base, parts=parts)


def _line(line: Line) -> QuoteLine:
    return QuoteLine(
        line.code,
        line.kind,
        line.exact.at(0),
        None if line.quantity is None else Fraction(int(line.quantity[0]), MICRO),
        line.unit,
        line.price,
        line.block,
        line.time,
        line.destination,
        None if line.base is None else line.base.at(0),
        line.since,
        line.until,
        tuple((codes, part.at(0)) for codes, part in line.parts),
    )


def batch_of(versions: Sequence[Tariff], request: QuoteRequest, rows: Sequence[Row]) -> Batch:
    """The request as a batch of one service. Rows of calls and messages are events each, with their time or without; a meter without
    a row was not used, which is no total without its time."""
    registers = frozenset[str]().union(*(tariff.registers for tariff in versions))
    single = {c.measure.meter for version in versions for c in version.charges if isinstance(c, Event)}
    history = {meter: wanted for tariff in versions for meter, wanted in tariff.history.items()}
    quantity: dict[str, int] = {}
    events: dict[str, list[Row]] = {}
    for row in rows:
        before = quantity.get(row.meter, 0)
        quantity[row.meter] = max(before, row.quantity) if row.meter in registers else before + row.quantity
        if row.meter in single or (row.at, row.destination, row.value) != (None, None, None):
            events.setdefault(row.meter, [])
    for row in rows:
        if row.meter in events:
            events[row.meter].append(row)
    fraction = request.fraction
    return Batch(
        1,
        request.period_from,
        request.period_to,
        {meter: whole(total) for meter, total in quantity.items()},
        {name: whole(value) for name, value in request.attributes.items()},
        {meter: _history(history.get(meter, 0), totals) for meter, totals in request.history.items()},
        None if fraction is None else (whole(fraction.numerator), whole(fraction.denominator)),
        {**_silence(versions, quantity.keys()), **{meter: _events(meter, same) for meter, same in events.items()}},
        {code: tuple(Carried(whole(u), until) for u, until in old) for code, old in request.carried.items()},
        opening=np.array([request.opening]),
        closing=np.array([request.closing]),
        began=None if request.began is None else whole(request.began),
    )


def _silence(versions: Sequence[Tariff], used: Collection[str]) -> dict[str, Events]:
    """No events of the meters that were not used."""
    nothing = np.zeros(0, dtype=np.int64)
    meters = {meter for tariff in versions for meter in tariff.meters}
    return {meter: Events(nothing, nothing, nothing) for meter in meters.difference(used)}


def whole(value: int) -> Column:
    """A column of one; refuses what no column can hold."""
    if abs(value) >= 2**63:
        raise CannotRate("usage", f"{value / MICRO:.0e} is absurdly large", "check the reading and its unit")
    return np.array([value], dtype=np.int64)


def _history(wanted: int, totals: Sequence[int]) -> tuple[Column, Column]:
    latest = totals[-wanted:] if wanted else ()
    return whole(sum(latest)), whole(len(latest))


def _events(meter: str, rows: Sequence[Row]) -> Events:
    timed = all(row.at is not None for row in rows)
    if timed:
        rows = sorted(rows, key=lambda row: (row.moment or 0, row.at or 0))
    return Events(
        np.zeros(len(rows), dtype=np.int64),
        np.array([row.at for row in rows], dtype=np.int64) if timed else None,
        np.concatenate([whole(row.quantity) for row in rows]),
        _column(meter, "destination", [row.destination for row in rows]),
        _column(meter, "value", [row.value for row in rows]),
    )


def _column(meter: str, name: str, values: Sequence[int | None]) -> Column | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    if len(known) != len(values):
        raise CannotRate(f"meter {meter}", f"some of its rows have a {name} and some have none", f"give all a {name}")
    return np.array(known, dtype=np.int64)
