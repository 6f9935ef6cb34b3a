"""Wrong and half-right questions about a price, made up: what a careless program or an attacker may send."""

from typing import Any

from hypothesis import strategies as st

ODD_NUMBERS = (
    "-1", "NaN", "Infinity", "-0", "1e400", "1e-400", "0x10", "1_000", "١٢", "²", "", " ", "1,5", "1.2.3", "+5", "42abc",
    "9" * 400, "0." + "1" * 400, "1000000000", "1000000000.000001", "999999999999999", "\u0000", "\ud800",
)  # fmt: skip
ODD_TIMES = (
    "2023-07-31T23:59:59", "2023-08-01T00:00:00", "2023-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2023-07-01T24:00:00", "yesterday", "20230701T120000", "2023-W27-1",
)  # fmt: skip
ODD_DATES = ("0001-01-01", "9999-12-31", "2023-02-29", "20230701", "2023-7-1", "2199-12-31", "1970-01-01")
ODD_FRACTIONS = ("1/0", "0/1", "2/1", "-1/2", "1e-999999999", "1/401", "31/31", "9/28", "half")

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(ODD_NUMBERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
numbers = st.one_of(
    st.integers(0, 10**9).map(str), st.decimals(0, 10**6, places=3).map(str), st.sampled_from(ODD_NUMBERS), anything
)
times = st.one_of(
    st.datetimes().map(str),
    st.sampled_from(ODD_TIMES),
    st.integers(1, 31).map(lambda day: f"2023-07-{day:02}T18:30:00+03:00"),
    anything,
)
dates = st.one_of(
    st.dates().map(str), st.sampled_from(ODD_DATES), st.just("2023-07-01"), st.just("2023-08-01"), anything
)


@st.composite
def rows(draw: st.DrawFn, meters: list[str]) -> Any:
    row: dict[str, Any] = {"meter": draw(st.sampled_from([*meters, "nonsense"]) | anything)}
    choices = {
        "quantity": numbers,
        "value": numbers,
        "at": times,
        "until": times,
        "unit": st.sampled_from(["kWh", "m3", "MWh"]) | anything,
        "destination": st.sampled_from(["0207", "07956", "+44", "9" * 5000]) | anything,
        "colour": anything,
    }
    for name, given in choices.items():
        if draw(st.integers(0, 9)) < {"quantity": 9, "at": 3, "colour": 0}.get(name, 2):
            row[name] = draw(given)
    return row


@st.composite
def questions(draw: st.DrawFn, meters: list[str]) -> dict[str, Any]:
    """A question of the right form with something wrong in it, or not."""
    period: dict[str, Any] = {"from": "2023-07-01", "to": "2023-08-01"}
    if draw(st.integers(0, 4)) == 0:
        period = {"from": draw(dates), "to": draw(dates)}
    for name, given in (
        ("fraction", st.sampled_from(ODD_FRACTIONS) | anything),
        ("first", anything),
        ("last", anything),
    ):
        if draw(st.integers(0, 7)) == 0:
            period[name] = draw(given)
    asked: dict[str, Any] = {"period": period, "account": {"persons": draw(st.integers(1, 9))}}
    asked["usage"] = draw(st.lists(rows(meters), max_size=4) | anything)
    more = {
        "billed": st.lists(rows(meters), max_size=2),
        "history": st.lists(rows(meters), max_size=3),
        "buy": numbers,
        "carried": anything,
        "account": anything,
        "period": anything,
        "surprise": anything,
    }
    for name, value in more.items():
        if draw(st.integers(0, 9)) == 0:
            asked[name] = draw(value)
    return asked
