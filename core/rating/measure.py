"""What of a meter a charge is reckoned on: after the allowances that cover it, within its times, beyond its free units."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.rating.allowances import coverage
from core.rating.exact import MICRO, ZERO, Column, Exact
from core.rating.sheet import Sheet
from core.rating.walk import sums


@dataclass(frozen=True, slots=True)
class Measure:
    """The meter and unit of the charge named `charge`; `during` some times of use only; `free` units not charged."""

    charge: str
    meter: str
    unit: str
    during: frozenset[int] | None = None
    free: Fraction = Fraction(0)


def covered(sheet: Sheet, measure: Measure) -> bool:
    """Whether some allowance covers this charge."""
    return any(a.meter == measure.meter and measure.charge in a.charges for a in sheet.tariff.allowances)


def remaining(sheet: Sheet, measure: Measure) -> Column:
    """Per event what is left to charge after the allowances that cover this charge."""
    quantity = sheet.rows(measure.meter).quantity
    if not covered(sheet, measure):
        return quantity
    by_event = coverage(sheet, measure.meter).by_event
    mine = [a.code for a in sheet.tariff.allowances if measure.charge in a.charges and a.code in by_event]
    for code in mine:
        quantity = quantity - by_event[code]
    return quantity


def within(sheet: Sheet, measure: Measure, quantity: Column) -> Column:
    """The quantities of the events at the charge's times, 0 elsewhere."""
    if measure.during is None:
        return quantity
    return np.where(np.isin(sheet.bands(measure.meter, measure.charge), sorted(measure.during)), quantity, 0)


def used(sheet: Sheet, measure: Measure) -> Exact:
    """Units per service that this charge is for."""
    if measure.during is None and not covered(sheet, measure):
        total = sheet.total(measure.meter)
    else:
        rows = sheet.rows(measure.meter)
        total = Exact.of(sums(rows.account, within(sheet, measure, remaining(sheet, measure)), sheet.size), MICRO)
    if measure.free:
        total = total.minus(Exact.constant(measure.free)).at_least(ZERO)
    return total


def used_by_time(sheet: Sheet, measure: Measure) -> list[Exact]:
    """Units per service in each of the tariff's times of use."""
    rows = sheet.rows(measure.meter)
    quantity = within(sheet, measure, remaining(sheet, measure))
    bands = sheet.bands(measure.meter, measure.charge)
    names = sheet.tariff.times.names if sheet.tariff.times else ()
    return [
        Exact.of(sums(rows.account, np.where(bands == band, quantity, 0), sheet.size), MICRO)
        for band in range(len(names))
    ]
