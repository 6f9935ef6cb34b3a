"""A second opinion on a price: the same tariff documents reckoned with `fractions`, one account at a time, in plain words.

It shares nothing with the engine but the documents, splits an amount on several lines always where the engine does where it matters, and knows flat, graduated, volume, stairstep, package, fixed, percent,
tax, discount, minimum and maximum charges.
"""

from fractions import Fraction
from typing import Any

Lines = list[tuple[str, Fraction]]
Parts = dict[str, dict[str, Fraction]]
ADJUSTING = ("discount", "minimum", "maximum")


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
    rule, lines, parts = tariff["rounding"], [], {}
    step = None if rule["line"] == "none" else Fraction(rule["line"])
    for number, charge in enumerate(tariff["charges"]):
        earlier = tariff["charges"][:number]
        for amount in _amounts(charge, earlier, lines, parts, used, persons, past or []):
            value = amount if step is None else rounded(amount, step, rule["mode"])
            if charge["type"] in ADJUSTING:
                parts[charge["code"]] = _shared(charge, earlier, lines, parts, amount, value, step)
            lines.append((charge["code"], value))
    whole = sum((amount for _, amount in lines), Fraction(0))
    total = whole if rule["total"] == "none" else rounded(whole, Fraction(rule["total"]), rule["mode"])
    return [*lines, ("rounding", total - whole)], total


def _amounts(
    charge: dict[str, Any],
    earlier: list[dict[str, Any]],
    lines: Lines,
    parts: Parts,
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
    base = _base(of, lines, parts, [code for code in parts if kind != "discount" or code in of])
    if kind in ("percent", "tax"):
        return [base * Fraction(charge["percent"]) / 100]
    if kind == "discount":
        mine = _leaves(of, earlier)
        taken = [parts[code].get(line, Fraction(0)) for code in _beside(of, earlier) for line in mine]
        off = Fraction(charge["amount"]) if "amount" in charge else base * Fraction(charge["percent"]) / 100
        off = min(off, Fraction(charge["cap"])) if "cap" in charge else off
        return [-max(min(off, base + sum(taken, Fraction(0))), Fraction(0))]
    limit = Fraction(charge["amount"])
    return [max(limit - base, Fraction(0)) if kind == "minimum" else min(limit - base, Fraction(0))]


def _base(of: list[str], lines: Lines, parts: Parts, on: list[str]) -> Fraction:
    """What the lines `of` come to, with their parts of the amounts `on` them; of one named without its lines, all."""
    found = sum((amount for code, amount in lines if code in of and code not in parts), Fraction(0))
    for code in on:
        mine = [line for line in parts[code] if line in of]
        if mine or code in of:
            found += sum((parts[code][line] for line in mine or parts[code]), Fraction(0))
    return found


def _leaves(of: list[str], earlier: list[dict[str, Any]]) -> list[str]:
    """The lines named, those of named discounts and limits among them."""
    found: list[str] = []
    for code in of:
        number = next(at for at, one in enumerate(earlier) if one["code"] == code)
        one = earlier[number]
        inside = _leaves(_of(one, earlier[:number]), earlier[:number]) if one["type"] in ADJUSTING else [code]
        found += [line for line in inside if line not in found]
    return found


def _shared(
    charge: dict[str, Any],
    earlier: list[dict[str, Any]],
    lines: Lines,
    parts: Parts,
    raw: Fraction,
    amount: Fraction,
    step: Fraction | None,
) -> dict[str, Fraction]:
    """Which part of an amount on several lines is whose."""
    of = _of(charge, earlier)
    mine = _leaves(of, earlier)
    left = {line: _base([line], lines, parts, list(parts)) for line in mine}
    by_left = _dealt(amount, {line: max(each, Fraction(0)) for line, each in left.items()}, step)
    if charge["type"] != "discount" or "amount" in charge:
        return by_left
    rate, named = -Fraction(charge["percent"]) / 100, [code for code in parts if code in of]
    own = {line: rate * _base([line], lines, parts, named) for line in mine}
    if sum(own.values()) != raw:
        return by_left
    dealt = own if step is None else _dealt(amount, own, step)
    return by_left if any(left[line] >= 0 > left[line] + dealt[line] for line in mine) else dealt


def _dealt(amount: Fraction, weights: dict[str, Fraction], step: Fraction | None) -> dict[str, Fraction]:
    """Whole steps by weight, the rest to the largest remainders; less than a step to the heaviest."""
    unit = Fraction(1, 100) if step is None else step
    sign, whole = -1 if amount < 0 else 1, sum(weights.values(), Fraction(0))
    if whole == 0:
        weights = {line: Fraction(number == 0) for number, line in enumerate(weights)}
        whole = Fraction(1)
    steps = abs(amount) / unit // 1
    exact = {line: steps * weight / whole for line, weight in weights.items()}
    dealt = {line: share // 1 for line, share in exact.items()}
    for line in sorted(exact, key=lambda line: -(exact[line] % 1))[: int(steps - sum(dealt.values()))]:
        dealt[line] += 1
    result = {line: sign * share * unit for line, share in dealt.items()}
    result[max(weights, key=lambda line: abs(weights[line]))] += sign * (abs(amount) - steps * unit)
    return result


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
