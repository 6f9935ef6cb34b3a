"""A second opinion on a price: the same tariff documents reckoned with `fractions`, one account at a time, in plain words.

It shares nothing with the engine but the documents, and knows flat, graduated, volume, stairstep, package, fixed, percent,
tax, discount, minimum and maximum charges.
"""

from fractions import Fraction
from typing import Any

Lines = list[tuple[str, Fraction]]


def rounded(value: Fraction, step: Fraction, mode: str) -> Fraction:
    """Whole steps, symmetric about zero."""
    size, sign = abs(value) / step, -1 if value < 0 else 1
    whole, rest = size.numerator // size.denominator, size % 1
    up = {
        "half_up": rest >= Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
        "up": rest > 0,
        "down": False,
    }[mode]
    return sign * (whole + up) * step


def reckon(
    tariff: dict[str, Any], used: Fraction, persons: int = 1, past: list[Fraction] | None = None
) -> tuple[Lines, Fraction]:
    """Lines (code, money) in bill order with the rounding line, and the total, in the currency's main unit."""
    rule, lines = tariff["rounding"], []
    for number, charge in enumerate(tariff["charges"]):
        for amount in _amounts(charge, tariff["charges"][:number], lines, used, persons, past or []):
            value = amount if rule["line"] == "none" else rounded(amount, Fraction(rule["line"]), rule["mode"])
            lines.append((charge["code"], value))
    whole = sum((amount for _, amount in lines), Fraction(0))
    total = whole if rule["total"] == "none" else rounded(whole, Fraction(rule["total"]), rule["mode"])
    return [*lines, ("rounding", total - whole)], total


def _amounts(
    charge: dict[str, Any],
    earlier: list[dict[str, Any]],
    lines: Lines,
    used: Fraction,
    persons: int,
    past: list[Fraction],
) -> list[Fraction]:
    kind = charge["type"]
    if kind == "usage":
        return _usage(charge, max(used - Fraction(charge.get("free", "0")), Fraction(0)), used, persons, past)
    if kind == "fixed":
        return [Fraction(charge["price"])]
    of = _of(charge, earlier)
    base = sum((amount for code, amount in lines if code in of), Fraction(0))
    if kind in ("percent", "tax"):
        return [base * Fraction(charge["percent"]) / 100]
    if kind == "discount":
        taken = sum((amount for code, amount in lines if code in _beside(of, earlier)), Fraction(0))
        return [-max(min(base * Fraction(charge["percent"]) / 100, base + taken), Fraction(0))]
    limit = Fraction(charge["amount"])
    return [max(limit - base, Fraction(0)) if kind == "minimum" else min(limit - base, Fraction(0))]


def _of(charge: dict[str, Any], earlier: list[dict[str, Any]]) -> list[str]:
    """The lines that a charge is taken of."""
    return [one["code"] for one in earlier] if charge["of"] == "*" else charge["of"]


def _beside(of: list[str], earlier: list[dict[str, Any]]) -> list[str]:
    """Earlier discounts on some of the same lines that are not among them."""
    return [
        one["code"]
        for number, one in enumerate(earlier)
        if one["type"] == "discount" and one["code"] not in of and set(_of(one, earlier[:number])) & set(of)
    ]


def _usage(
    charge: dict[str, Any], units: Fraction, used: Fraction, persons: int, past: list[Fraction]
) -> list[Fraction]:
    model = charge["model"]
    if model == "flat":
        return [units * Fraction(charge["price"])]
    if model == "package":
        packs = units / Fraction(charge["size"])
        return [Fraction(charge["price"]) * -(-packs.numerator // packs.denominator)]
    wide = persons if "blocks" in charge else 1
    ends = [Fraction(tier["up_to"]) * wide if "up_to" in tier else None for tier in charge["tiers"]]
    prices = [Fraction(tier["price"]) for tier in charge["tiers"]]
    if model == "graduated":
        return _graduated(units, ends, prices)
    key = units
    if "select" in charge:
        last = past[-charge["select"]["average_of"] :]
        key = sum(last, Fraction(0)) / len(last) if last else used
    mine = next(i for i, end in enumerate(ends) if end is None or key <= end)
    if model == "volume":
        return [units * prices[mine]]
    return [prices[mine] if units else Fraction(0)]


def _graduated(units: Fraction, ends: list[Fraction | None], prices: list[Fraction]) -> list[Fraction]:
    amounts, low = [], Fraction(0)
    for end, price in zip(ends, prices, strict=True):
        high = units if end is None else min(units, end)
        amounts.append(max(high - low, Fraction(0)) * price)
        low = max(low, min(units, end if end is not None else units))
    return amounts
