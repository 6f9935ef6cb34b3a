"""What was paid for units, to the cent: the line of the charge that prices them, and all that is reckoned on that line.

The charge is taken for a fixed price, and that price is found by halving so that the bill comes to the amount; whatever a tariff
reckons on a line (taxes, levies, discounts, in the price or on top) follows by the very code that bills.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from core.rating.charges.event import Event
from core.rating.charges.fixed import Fixed
from core.rating.charges.usage import Usage
from core.rating.request import Quote, QuoteLine
from core.rating.rounding import Rounding
from core.rating.tariff import Tariff
from core.rating.terms import Price

MOST_MINOR = 10**16

Bill = Callable[[Tariff], Quote]
"""A tariff -> what it charges where nothing is used."""


def with_rest(
    tariff: Tariff, meter: str, answer: Quote, net: Fraction, bill: Bill, before: Sequence[QuoteLine]
) -> Quote:
    """`answer` (the quote of the units) with lines that come to `net`, as near as rounding allows.

    Units are those of `meter`; `before` are the lines that were charged in the period already.
    """
    charge = _pricing(tariff, meter)
    if charge is None:
        return answer
    tariff = replace(tariff, rounding=Rounding(tariff.rounding.line, None, tariff.rounding.mode))
    aim = net + _sum(line for line in before if line.kind != "rounding")

    def at(steps: int) -> Quote:
        return bill(_fixed(tariff, charge, steps))

    low, high = 0, max(1, int(aim / (tariff.rounding.line or 1)) + 1)
    if at(0).total > aim:
        return answer
    while at(high).total <= aim:
        low, high = high, high * 2
        if high > MOST_MINOR:
            return answer
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle).total <= aim else (low, middle)
    return replace(answer, lines=_lines(charge.code, answer, at(low), before))


def _pricing(tariff: Tariff, meter: str) -> Usage | None:
    """The one charge for the units that are sold; None where there are several, or one of events."""
    mine = [c for c in tariff.charges if isinstance(c, Usage | Event) and c.measure.meter == meter]
    return mine[0] if len(mine) == 1 and isinstance(mine[0], Usage) and not mine[0].credit else None


def _fixed(tariff: Tariff, charge: Usage, steps: int) -> Tariff:
    """The tariff with the charge as a price of so many steps."""
    minor = steps * (tariff.rounding.line or Fraction(1))
    instead = Fixed(charge.code, Price("", minor), when=charge.when)
    return replace(tariff, charges=tuple(instead if one is charge else one for one in tariff.charges))


def _lines(code: str, answer: Quote, paid: Quote, before: Sequence[QuoteLine]) -> tuple[QuoteLine, ...]:
    """The lines of the units with the amounts that were paid; of several blocks the last one's holds the rest."""
    earlier = {line.key: line for line in before}
    found: list[QuoteLine] = []
    for line in paid.lines:
        if line.code == code:
            found += _units(code, answer, line.amount - _sum(one for one in before if one.code == code))
        else:
            found.append(_less(line, earlier.get(line.key)))
    allowances = [line for line in answer.lines if line.kind == "allowance"]
    return (*allowances, *(line for line in found if line.kind != "allowance" and (line.amount or line.quantity)))


def _units(code: str, answer: Quote, amount: Fraction) -> list[QuoteLine]:
    mine = [line for line in answer.lines if line.code == code]
    rest = amount - _sum(mine)
    if not mine or not rest:
        return mine
    *first, last = mine
    return [*first, replace(last, amount=last.amount + rest, rest=rest)]


def _less(line: QuoteLine, before: QuoteLine | None) -> QuoteLine:
    if before is None:
        return line
    return replace(
        line,
        amount=line.amount - before.amount,
        quantity=None if line.quantity is None else line.quantity - (before.quantity or 0),
        base=None if line.base is None else line.base - (before.base or 0),
        parts=tuple((codes, part - dict(before.parts).get(codes, 0)) for codes, part in line.parts),
    )


def _sum(lines: Iterable[QuoteLine]) -> Fraction:
    return sum((line.amount for line in lines), Fraction(0))
