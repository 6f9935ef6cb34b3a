"""What of a meter a charge is reckoned on: after the allowances that cover it, within its times, beyond its free units."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.rating.allowances import by_event, coverage, of_meter, plain
from core.rating.exact import MICRO, ZERO, Column, Exact
from core.rating.sheet import Worksheet
from core.rating.walk import sums


@dataclass(frozen=True, slots=True)
class Measure:
    """The meter and unit of the charge named `charge`; `during` some times of use only; `free` units not charged."""

    charge: str
    meter: str
    unit: str
    during: frozenset[int] | None = None
    free: Fraction = Fraction(0)


def covered(sheet: Worksheet, measure: Measure) -> bool:
    """Whether some allowance covers this charge."""
    return any(a.meter == measure.meter and measure.charge in a.charges for a in sheet.terms.allowances)


def remaining(sheet: Worksheet, measure: Measure) -> Column:
    """Per event what is left to charge after the allowances that cover this charge."""
    quantity = sheet.rows(measure.meter).quantity
    if not covered(sheet, measure):
        return quantity
    free = by_event(sheet, measure.meter)
    for allowance in of_meter(sheet, measure.meter):
        if measure.charge in allowance.charges:
            quantity = quantity - free[allowance.code]
    return quantity


def within(sheet: Worksheet, measure: Measure, quantity: Column) -> Column:
    """The quantities of the events at the charge's times, 0 elsewhere."""
    if measure.during is None:
        return quantity
    return np.where(np.isin(sheet.bands(measure.meter, measure.charge), sorted(measure.during)), quantity, 0)


def used(sheet: Worksheet, measure: Measure) -> Exact:
    """Units per service that this charge is for."""
    if measure.during is None and plain(sheet, measure.meter):
        kept = coverage(sheet, measure.meter).used
        mine = [kept[a.code] for a in of_meter(sheet, measure.meter) if measure.charge in a.charges]
        total = Exact.of(
            sheet.micro(measure.meter) - sum(mine, np.int64(0)) if mine else sheet.micro(measure.meter), MICRO
        )
    else:
        left = within(sheet, measure, remaining(sheet, measure))
        total = Exact.of(sums(sheet.starts(measure.meter), left), MICRO)
    if measure.free:
        total = total.minus(sheet.shared(Exact.constant(measure.free))).at_least(ZERO)
    return total


def used_by_time(sheet: Worksheet, measure: Measure) -> list[Exact]:
    """Units per service in each of the tariff's times of use."""
    starts = sheet.starts(measure.meter)
    quantity = within(sheet, measure, remaining(sheet, measure))
    bands = sheet.bands(measure.meter, measure.charge)
    names = sheet.terms.times.names if sheet.terms.times else ()
    return [Exact.of(sums(starts, np.where(bands == band, quantity, 0)), MICRO) for band in range(len(names))]
