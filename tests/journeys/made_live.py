"""Tariffs of calls, messages and data that hypothesis makes up, and uses of them in March: as documents and as rows of a quote."""

from typing import Any

from hypothesis import strategies as st

MODES = ("half_up", "half_even", "up", "down")
MINUTES = 31 * 1440
LONGEST = 90
prices = st.integers(0, 40_000).map(lambda n: f"{n / 10_000:.4f}")
small = st.integers(0, 400).map(lambda n: f"{n / 100:.2f}")
TIMES = [
    {"code": "night", "from": "22:00", "to": "06:00"}, {"code": "weekend", "days": "sat-sun"}, {"code": "day"},
]  # fmt: skip
BANDS = ("night", "weekend", "day")
Uses = list[tuple[str, int, int, str]]
"""(use, micro-units, minute of March, number called)."""


@st.composite
def by_time(draw: st.DrawFn) -> Any:
    if draw(st.booleans()):
        return draw(prices)
    return {band: draw(prices) for band in BANDS}


@st.composite
def tiers(draw: st.DrawFn, fees: bool = True) -> list[dict[str, Any]]:
    ends = sorted(draw(st.sets(st.integers(1, 60), max_size=3)))
    found: list[dict[str, Any]] = [{"up_to": str(end), "price": draw(prices)} for end in ends] + [
        {"price": draw(prices)}
    ]
    for tier in found if fees else []:
        if draw(st.integers(0, 3)) == 0:
            tier["fee"] = draw(small)
    return found


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    def rate(to: list[str] | None) -> dict[str, Any]:
        first = {"increment": draw(st.sampled_from(["1", "6", "30", "60"])), "price": draw(by_time()), "per": "60"}
        more = {"from": "60", "increment": "1", "price": draw(by_time()), "per": "60"}
        made: dict[str, Any] = {
            "steps": [first, more] if draw(st.booleans()) and first["increment"] != "1" else [first]
        }
        if to is not None:
            made["to"] = to
        if draw(st.booleans()):
            made["connect"] = draw(by_time())
        if draw(st.integers(0, 2)) == 0:
            made["minimum"] = draw(small)
        if draw(st.integers(0, 2)) == 0:
            made["maximum"] = f"{float(made.get('minimum', '0')) + draw(st.integers(0, 300)) / 100:.2f}"
        return made

    charge: dict[str, Any] = {
        "code": "calls",
        "type": "event",
        "meter": "voice",
        "unit": "s",
        "rates": [rate(["home"]), rate(None)],
    }
    if draw(st.integers(0, 3)) == 0:
        charge["round_each"] = "0.01"
    return charge


@st.composite
def data(draw: st.DrawFn) -> dict[str, Any]:
    model = draw(st.sampled_from(("flat", "timed", "graduated", "volume", "stairstep", "package")))
    charge: dict[str, Any] = {"code": "data", "type": "usage", "meter": "data", "unit": "MB", "model": model}
    if model == "timed":
        return {**charge, "model": "flat", "price": {band: draw(prices) for band in BANDS}}
    if draw(st.integers(0, 2)) == 0:
        charge["free"] = str(draw(st.integers(1, 20)))
    if model in ("flat", "package"):
        charge["price"] = draw(prices)
    else:
        charge["tiers"] = draw(tiers(fees=model == "graduated"))
    if model == "package":
        charge["size"] = str(draw(st.integers(1, 20)))
    if draw(st.integers(0, 9)) == 0:
        charge["credit"] = True
    return charge


@st.composite
def allowances(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 2))):
        meter = draw(st.sampled_from(("voice", "data")))
        units = draw(st.integers(1, 400)) * (10 if meter == "voice" else 1)
        one: dict[str, Any] = {
            "code": f"free_{number}",
            "meter": meter,
            "unit": "s" if meter == "voice" else "MB",
            "units": str(units),
            "charges": ["calls" if meter == "voice" else "data"],
        }
        if draw(st.booleans()):
            one["during"] = [draw(st.sampled_from(BANDS))]
        if meter == "voice" and draw(st.booleans()):
            one["increment"] = "60"
        if meter == "voice" and draw(st.integers(0, 2)) == 0:
            one["to"] = ["home"]
        found.append(one)
    return found


@st.composite
def on_top(draw: st.DrawFn, code: str, earlier: list[str]) -> dict[str, Any]:
    """A charge on the lines before it, or one that is there without any use."""
    of = draw(st.one_of(st.just("*"), st.lists(st.sampled_from(earlier), min_size=1, unique=True)))
    kind = draw(st.sampled_from(("fixed", "percent", "tax", "inclusive", "discount", "off", "minimum", "maximum")))
    percent = str(draw(st.integers(1, 60)))
    if kind == "fixed":
        return {
            "code": code,
            "type": "fixed",
            "price": draw(small),
            "pay": draw(st.sampled_from(["advance", "arrears"])),
        }
    if kind in ("minimum", "maximum"):
        return {"code": code, "type": kind, "amount": draw(small), "of": of}
    if kind == "off":
        return {"code": code, "type": "discount", "amount": draw(small), "of": of}
    if kind == "inclusive":
        return {"code": code, "type": "tax", "percent": percent, "of": of, "inclusive": True}
    made: dict[str, Any] = {"code": code, "type": kind, "percent": percent, "of": of}
    if kind == "discount" and draw(st.booleans()):
        made["cap"] = draw(small)
    if kind == "percent" and draw(st.booleans()):
        least = draw(st.integers(1, 200))
        made |= {"minimum": f"{least / 100:.2f}", "maximum": f"{(least + draw(st.integers(0, 300))) / 100:.2f}"}
    return made


@st.composite
def tariffs(draw: st.DrawFn) -> dict[str, Any]:
    texts = {"code": "texts", "type": "usage", "meter": "sms", "unit": "event", "model": "flat", "price": draw(prices)}
    charges: list[dict[str, Any]] = [draw(calls()), draw(data()), texts]
    for number in range(draw(st.integers(0, 5))):
        charges.append(draw(on_top(f"line_{number}", [one["code"] for one in charges])))
    rounding = {
        "line": draw(st.sampled_from(("0.01", "0.05", "none"))),
        "total": draw(st.sampled_from(("0.01", "0.5"))),
    }
    return {
        "tariff": "made",
        "valid_from": "2026-01-01",
        "currency": "KES",
        "zone": "Africa/Nairobi",
        "times": TIMES,
        "rounding": {**rounding, "mode": draw(st.sampled_from(MODES))},
        "destinations": {"home": ["07"], "other": [""]},
        "allowances": draw(allowances()),
        "charges": charges,
    }


@st.composite
def versions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A tariff, or two versions of one that cut March."""
    found = [draw(tariffs())]
    if draw(st.integers(0, 2)) == 0:
        found.append({**draw(tariffs()), "valid_from": f"2026-03-{draw(st.integers(2, 31)):02}"})
    return found


@st.composite
def uses(draw: st.DrawFn) -> Uses:
    """At different minutes, in any order."""
    minutes = draw(st.lists(st.integers(0, MINUTES - 1), min_size=1, max_size=14, unique=True))
    found: Uses = []
    for minute in minutes:
        kind = draw(st.sampled_from(("voice", "voice", "data", "sms")))
        most = {"voice": LONGEST * 60, "data": 40, "sms": 3}[kind]
        found.append((kind, draw(st.integers(1, most)) * 1_000_000, minute, draw(st.sampled_from(("0711", "0822")))))
    return found
