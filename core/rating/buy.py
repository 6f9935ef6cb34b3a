"""How many units an amount buys: the inverse of the tariff, found on the token's own grid of steps.

Prices never fall as units rise, so the answer is found by halving; the token is then rounded by the tariff's mode at the
exact price of the half step, never at a rounded one. Taxes are taken of the gross where the tariff says so (the amount
times the percentage comes off first), else the units are those whose price with taxes is the amount.

What was paid is not rounded to steps: where one charge prices the units, its line holds all that is left of the amount when
everything reckoned on it (taxes, levies) has its part of the same; so taxes are on the net of what was paid. Where several
charges price the units, nobody can say whose the rest is: the lines are those of the units, and a rounding line makes them the
amount.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from core.rating.charges.percent import Percent
from core.rating.errors import CannotRate
from core.rating.exact import MICRO
from core.rating.request import Quote, QuoteLine, QuoteRequest, Row
from core.rating.rest import with_rest
from core.rating.rounding import Mode, Rounding, one
from core.rating.tariff import Tariff
from core.rating.terms import Buy

MOST_STEPS = 10**9

Pricer = Callable[[Tariff, QuoteRequest], Quote]


def bought(tariff: Tariff, request: QuoteRequest, price: Pricer) -> Quote:
    """The quote of the units that `request.buy` minor units buy; its total is the amount, the difference a line."""
    rule, amount = tariff.buy, request.buy
    if rule is None:
        raise CannotRate(
            f"tariff {tariff.code}", "it does not say how an amount becomes units", "add `buy` to the tariff"
        )
    assert amount is not None
    if amount <= 0:
        raise CannotRate("buy", "the amount must be above zero", "give what is paid, such as 500")
    taxes = _gross_taxes(tariff, rule)
    net_tariff = replace(tariff, charges=tuple(c for c in tariff.charges if c not in taxes), buy=None)
    exact = replace(net_tariff, rounding=Rounding(None, None))
    taken = {tax.code: _tax(tariff, amount, tax) for tax in taxes}
    net = amount - sum(taken.values(), Fraction(0))

    def cost(steps: Fraction) -> Fraction:
        row = Row(rule.meter, int(steps * rule.step * MICRO))
        return price(exact, replace(request, rows=(row,), buy=None)).total

    steps = _steps(cost, net, rule)
    row = Row(rule.meter, int(steps * rule.step * MICRO))
    answer = price(net_tariff, replace(request, rows=(row,), buy=None))
    nothing = replace(request, rows=(), billed=(), buy=None)
    before = price(net_tariff, replace(nothing, rows=request.billed)).lines if request.billed else ()
    answer = with_rest(net_tariff, rule.meter, answer, net, lambda paid: price(paid, nothing), before)
    return _settled(tariff, replace(answer, units=steps * rule.step), taken, amount)


def _gross_taxes(tariff: Tariff, rule: Buy) -> list[Percent]:
    return [c for c in tariff.charges if isinstance(c, Percent) and c.kind == "tax"] if rule.gross else []


def _tax(tariff: Tariff, amount: int, tax: Percent) -> Fraction:
    exact = amount * tax.percent / 100
    return exact if tariff.rounding.line is None else one(exact, tariff.rounding.line, tariff.rounding.mode)


def _steps(cost: Callable[[Fraction], Fraction], net: Fraction, rule: Buy) -> int:
    """The whole steps whose price is the net amount, rounded by the rule's mode."""
    if cost(Fraction(0)) > net:
        raise CannotRate("buy", "the amount does not cover the fixed charges", "pay more")
    high = 1
    while cost(Fraction(high)) <= net:
        high *= 2
        if high > MOST_STEPS:
            raise CannotRate("buy", "the amount buys no definite number of units", "check the prices of the tariff")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(Fraction(middle)) <= net else (low, middle)
    return low + _one_more(cost, net, low, rule.mode)


def _one_more(cost: Callable[[Fraction], Fraction], net: Fraction, low: int, mode: Mode) -> int:
    """Whether the part of a step above `low` becomes a whole one."""
    if mode is Mode.DOWN:
        return 0
    if mode is Mode.UP:
        return int(cost(Fraction(low)) < net)
    half = cost(Fraction(low) + Fraction(1, 2))
    if mode is Mode.HALF_EVEN and half == net:
        return low % 2
    return int(half <= net)


def _settled(tariff: Tariff, answer: Quote, taken: dict[str, Fraction], amount: int) -> Quote:
    """The lines with taxes on the gross, and a rounding line that makes them the amount paid."""
    lines = [line for line in answer.lines if line.code != tariff.rounding.code]
    for charge in tariff.charges:
        if isinstance(charge, Percent) and charge.code in taken:
            text, base = f"{charge.text} %", Fraction(amount)
            lines.append(QuoteLine(charge.code, charge.kind, taken[charge.code], price=text, base=base))
    rest = amount - sum((line.amount for line in lines), Fraction(0))
    if rest:
        lines.append(QuoteLine(tariff.rounding.code, "rounding", rest))
    return replace(answer, lines=tuple(lines), total=Fraction(amount))
