"""Graduated: each unit at the price of the block it falls into (the Vietnamese six steps, per-person water)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

import numpy as np

from core.rating.allowances import granted, of_meter, plain
from core.rating.blocks import Tier, Width, fee_of, shares
from core.rating.exact import MICRO, ZERO, Column, Exact, Mask, total_of
from core.rating.measure import Measure, remaining, used, within
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.trail import Trail
from core.rating.walk import through


@dataclass(frozen=True, slots=True)
class Graduated:
    """Blocks of units; `one_line` shows them as one line instead of one per block used."""

    tiers: tuple[Tier, ...]
    width: Width = field(default_factory=Width)
    one_line: bool = False

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """A line per block."""
        units = used(sheet, measure)
        by_block = shares(units, self.width.bounds(self.tiers, sheet, measure.charge))
        lines = [
            _line(sheet, tier, inside, number, measure, ~units.above(ZERO) if number == 1 else None)
            for number, (tier, inside) in enumerate(zip(self.tiers, by_block, strict=True), start=1)
        ]
        return [_joined(lines, units, measure)] if self.one_line else lines


def _line(sheet: Worksheet, tier: Tier, inside: Exact, number: int, measure: Measure, empty: Mask | None) -> Part:
    there = inside.above(ZERO)
    return Part(
        inside.times(tier.price.minor).plus(fee_of(sheet, tier, there)),
        tier.price.text,
        inside,
        measure.unit,
        present=there if empty is None else there | empty,
        block=number,
    )


def _joined(lines: Sequence[Part], units: Exact, measure: Measure) -> Part:
    return Part(total_of(line.amount for line in lines), "", units, measure.unit)


@dataclass(frozen=True, slots=True)
class GraduatedByTime:
    """Blocks counted over all times of use together, each with a price for each time: units count in time order."""

    tiers: tuple[Tier, ...]
    bands: tuple[int, ...]
    width: Width = field(default_factory=Width)

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """A line per time of use and block."""
        cells, den = self._cells(sheet, measure)
        top = sheet.top(measure.meter) * len(sheet.rows(measure.meter)) * (den // MICRO)
        names = sheet.terms.times.names if sheet.terms.times else ()
        lines = []
        for band in self.bands:
            for number, tier in enumerate(self.tiers, start=1):
                inside = Exact(cells[band, number - 1], den, top, positive=True)
                price = (tier.by_time or {}).get(band, tier.price)
                lines.append(
                    Part(
                        inside.times(price.minor),
                        price.text,
                        inside,
                        measure.unit,
                        present=inside.above(ZERO),
                        block=number,
                        time=names[band],
                    )
                )
        return lines

    def _cells(self, sheet: Worksheet, measure: Measure) -> tuple[Column, int]:
        """Quantities by (time, block, service), and the parts of a unit they are counted in."""
        bounds = self.width.bounds(self.tiers, sheet, measure.charge)
        den = lcm(MICRO, *(bound.den for bound in bounds))
        fused = measure.during is None and bool(of_meter(sheet, measure.meter)) and _all_mine(sheet, measure)
        if fused:
            free = granted(sheet, measure.meter).times(Fraction(1, MICRO))
            bounds = [free, *(bound.plus(free) for bound in bounds)]
        quantity = sheet.rows(measure.meter).quantity if fused else within(sheet, measure, remaining(sheet, measure))
        cells, whole = through(self._trail(sheet, measure, quantity, den // MICRO), _table(bounds, den), _times(sheet))
        if quantity is sheet.rows(measure.meter).quantity and den == MICRO:
            sheet.walked(measure.meter, whole)
        return (cells[:, 1:] if fused else cells), den

    def _trail(self, sheet: Worksheet, measure: Measure, quantity: Column, by: int) -> Trail:
        rows = sheet.rows(measure.meter)
        face = sheet.face(measure.meter, measure.charge)
        scaled = quantity if by == 1 else Exact.of(quantity).times(by).values
        return Trail(
            sheet.starts(measure.meter),
            scaled,
            at=rows.at,
            face=face,
            top=sheet.top(measure.meter) * by,
        )


def _all_mine(sheet: Worksheet, measure: Measure) -> bool:
    """Whether the allowances can be walked as a first block without a price."""
    mine = all(measure.charge in allowance.charges for allowance in of_meter(sheet, measure.meter))
    return mine and plain(sheet, measure.meter)


def _table(bounds: Sequence[Exact], den: int) -> Column:
    """The bounds as whole numbers, a row for each block; one column where all accounts have the same."""
    wide = max((len(bound) for bound in bounds), default=1)
    rows = [np.broadcast_to(bound.times(den).values, (wide,)) for bound in bounds]
    return np.array(rows).reshape(len(bounds), wide)


def _times(sheet: Worksheet) -> int:
    assert sheet.terms.times is not None
    return len(sheet.terms.times.names)
