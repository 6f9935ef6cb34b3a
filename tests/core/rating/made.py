"""Tariffs and usage that hypothesis makes up: any models in any order, as documents."""

from typing import Any

from hypothesis import strategies as st

MODES = ("half_up", "half_even", "up", "down")
prices = st.integers(0, 99_999_999).map(lambda n: f"{n // 10_000}.{n % 10_000:04}")
quantities = st.one_of(st.integers(0, 10**10), st.integers(0, 300).map(lambda n: n * 1_000_000))
USE = {"type": "usage", "meter": "use", "unit": "kWh"}


@st.composite
def tiers(draw: st.DrawFn) -> list[dict[str, str]]:
    ends = sorted(draw(st.sets(st.integers(1, 2_000), max_size=4)))
    return [{"up_to": str(end), "price": draw(prices)} for end in ends] + [{"price": draw(prices)}]


@st.composite
def usages(draw: st.DrawFn, code: str, monotone: bool = False) -> dict[str, Any]:
    models = ("flat", "graduated") if monotone else ("flat", "graduated", "volume", "stairstep", "package")
    model = draw(st.sampled_from(models))
    charge: dict[str, Any] = {"code": code, **USE, "model": model}
    if draw(st.booleans()):
        charge["free"] = str(draw(st.integers(1, 50)))
    if model in ("flat", "package"):
        charge["price"] = draw(prices)
    else:
        charge["tiers"] = draw(tiers())
    if model == "package":
        charge["size"] = str(draw(st.integers(1, 100)))
    if model in ("graduated", "volume", "stairstep") and draw(st.booleans()):
        charge["blocks"] = {"scale_by": "persons"}
    if model == "volume" and draw(st.booleans()):
        charge["select"] = {"average_of": 3}
    return charge


@st.composite
def tariffs(
    draw: st.DrawFn, monotone: bool = False, lines: tuple[str, ...] = ("0.01", "0.05", "none"), amounts: bool = True
) -> dict[str, Any]:
    """`amounts`: whether discounts may be in money, too."""
    charges: list[dict[str, Any]] = [draw(usages("use_0", monotone))]
    for number in range(1, draw(st.integers(1, 6))):
        code, earlier = f"line_{number}", [charge["code"] for charge in charges]
        kinds = ["usage", "fixed", "percent", "tax"] + ([] if monotone else ["discount", "minimum", "maximum"])
        kind = draw(st.sampled_from(kinds))
        of = draw(st.one_of(st.just("*"), st.lists(st.sampled_from(earlier), min_size=1, unique=True)))
        if kind == "usage":
            charges.append(draw(usages(code, monotone)))
        elif kind == "fixed":
            charges.append({"code": code, "type": "fixed", "price": draw(prices)})
        elif kind in ("minimum", "maximum") or (kind == "discount" and amounts and draw(st.booleans())):
            charges.append({"code": code, "type": kind, "amount": draw(prices), "of": of})
        else:
            charges.append({"code": code, "type": kind, "percent": str(draw(st.integers(0, 100))), "of": of})
            if kind == "discount" and amounts and draw(st.booleans()):
                charges[-1]["cap"] = draw(prices)
    rounding = {
        "line": draw(st.sampled_from(lines)),
        "total": draw(st.sampled_from(("none", "0.01", "0.1", "1"))),
        "mode": draw(st.sampled_from(MODES)),
    }
    if rounding["line"] == "none" and rounding["total"] == "none":
        rounding["total"] = "0.01"
    return {
        "tariff": "made-up",
        "valid_from": "2023-01-01",
        "currency": "KES",
        "rounding": rounding,
        "charges": charges,
    }
