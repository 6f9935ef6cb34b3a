"""What must hold for every tariff and every usage: quote = bill, lines sum, the arrays agree with fractions, and so on."""

from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.catalog.compile import compile_document
from core.catalog.read import parsed
from core.rating.model import Batch, Rated
from core.rating.quote import QuoteRequest, Row, quote
from core.rating.rate import rate
from core.rating.tariff import Tariff
from tests.core.rating.made import quantities, tariffs
from tests.core.rating.reference import reckon

PERIOD = (date(2023, 7, 1), date(2023, 8, 1))
calm = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
accounts = st.lists(st.tuples(quantities, st.integers(1, 9), st.lists(quantities, max_size=3)), min_size=1, max_size=6)


def _compiled(document: dict[str, Any]) -> Tariff:
    return compile_document(parsed(document))


def _batch(given: list[tuple[int, int, list[int]]]) -> Batch:
    use, persons = (np.array([row[i] for row in given], dtype=np.int64) for i in (0, 1))
    sums = np.array([sum(row[2]) for row in given], dtype=np.int64)
    counts = np.array([len(row[2]) for row in given], dtype=np.int64)
    return Batch(len(given), *PERIOD, {"use": use}, {"persons": persons}, {"use": (sums, counts)})


def _asked(use: int, persons: int, past: list[int]) -> QuoteRequest:
    return QuoteRequest(*PERIOD, rows=(Row("use", use),), attributes={"persons": persons}, history={"use": tuple(past)})


def _column(rated: Rated, index: int) -> list[tuple[str, Fraction]]:
    return [(line.code, line.exact.at(index) / 100) for line in rated.lines]


@calm
@given(tariffs(), accounts)
def test_every_line_is_what_fractions_say(document: dict[str, Any], given: list[tuple[int, int, list[int]]]) -> None:
    rated = rate(_compiled(document), _batch(given))
    for index, (use, persons, past) in enumerate(given):
        lines, total = reckon(document, Fraction(use, 10**6), persons, [Fraction(p, 10**6) for p in past])
        assert rated.exact_total.at(index) / 100 == total
        expected: dict[str, Fraction] = {}
        for code, amount in lines:
            expected[code] = expected.get(code, Fraction(0)) + amount
        got: dict[str, Fraction] = {}
        for code, amount in _column(rated, index):
            got[code] = got.get(code, Fraction(0)) + amount
        assert {code: amount for code, amount in got.items() if amount} == {c: a for c, a in expected.items() if a}


@calm
@given(tariffs(), accounts)
def test_the_quote_of_each_account_is_its_bill(
    document: dict[str, Any], given: list[tuple[int, int, list[int]]]
) -> None:
    tariff = _compiled(document)
    rated = rate(tariff, _batch(given))
    for index, (use, persons, past) in enumerate(given):
        quoted = quote(tariff, _asked(use, persons, past))
        assert quoted.total == rated.exact_total.at(index)
        shown = [(line.code, line.exact.at(index)) for line in rated.lines if line.present[index]]
        assert [(line.code, line.amount) for line in quoted.lines] == shown
        parts = [[(codes, part.at(index)) for codes, part in line.parts] for line in rated.lines if line.present[index]]
        assert [list(line.parts) for line in quoted.lines] == parts
        for line in quoted.lines:
            assert not line.parts or sum(part for _, part in line.parts) == line.amount


@calm
@given(tariffs(), accounts)
def test_lines_always_sum_to_the_total(document: dict[str, Any], given: list[tuple[int, int, list[int]]]) -> None:
    rated = rate(_compiled(document), _batch(given))
    assert (sum(line.amount for line in rated.lines) == rated.total).all()
    for index in range(len(given)):
        assert sum(line.exact.at(index) for line in rated.lines) == rated.exact_total.at(index)
        hidden = [line for line in rated.lines if not line.present[index]]
        assert all(line.exact.at(index) == 0 for line in hidden)


@calm
@given(tariffs(monotone=True), quantities, quantities, st.integers(1, 9))
def test_new_units_cost_the_difference_of_two_totals(
    document: dict[str, Any], old: int, new: int, persons: int
) -> None:
    tariff = _compiled(document)
    whole = quote(tariff, _asked(old + new, persons, []))
    before = quote(tariff, _asked(old, persons, []))
    request = QuoteRequest(*PERIOD, (Row("use", new),), (Row("use", old),), attributes={"persons": persons})
    added = quote(tariff, request)
    assert added.total == whole.total - before.total
    assert sum(line.amount for line in added.lines) == added.total


@calm
@given(tariffs(), st.lists(st.integers(0, 10**9), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_usage_rows_does_not_matter(document: dict[str, Any], rows: list[int], shuffler: Any) -> None:
    tariff = _compiled(document)
    other = list(rows)
    shuffler.shuffle(other)
    first, second = (
        quote(tariff, QuoteRequest(*PERIOD, tuple(Row("use", q) for q in each), attributes={"persons": 2}))
        for each in (rows, other)
    )
    assert first == second


@calm
@given(tariffs(lines=("0.01",)), accounts, st.integers(1, 5))
def test_rating_in_runs_is_rating_at_once(
    document: dict[str, Any], given: list[tuple[int, int, list[int]]], cut: int
) -> None:
    from core.rating.join import joined

    tariff, batch = _compiled(document), _batch(given)
    cut = min(cut, batch.size)
    whole = rate(tariff, batch)
    pieces = [
        rate(tariff, batch.part(0, cut)),
        *([rate(tariff, batch.part(cut, batch.size))] if cut < batch.size else []),
    ]
    together = joined(pieces)
    assert (together.total == whole.total).all()
    for one, two in zip(together.lines, whole.lines, strict=True):
        assert one.code == two.code
        assert (one.amount == two.amount).all()
        assert (one.present == two.present).all()
        for (codes, part), (same, other) in zip(one.parts, two.parts, strict=True):
            assert codes == same
            assert [part.at(i) for i in range(batch.size)] == [other.at(i) for i in range(batch.size)]


@calm
@given(tariffs(lines=("none",), amounts=False), accounts, st.integers(2, 31))
def test_a_period_cut_by_an_equal_version_sums_to_the_whole(
    document: dict[str, Any], given: list[tuple[int, int, list[int]]], day: int
) -> None:
    given = [(use * 31, persons, past) for use, persons, past in given]
    tariff = _compiled(document)
    again = _compiled({**document, "valid_from": f"2023-07-{day:02}"})
    whole, cut = rate(tariff, _batch(given)), rate((tariff, again), _batch(given))
    assert [cut.exact_total.at(i) for i in range(cut.size)] == [whole.exact_total.at(i) for i in range(whole.size)]
    assert (sum(line.amount for line in cut.lines) == cut.total).all()


@calm
@given(tariffs(monotone=True, lines=("none",)), st.integers(1, 10**7))
def test_what_an_amount_buys_costs_at_most_half_a_step_more_than_the_amount(
    document: dict[str, Any], paid: int
) -> None:
    from core.rating.errors import CannotRate

    document = {**document, "buy": {"meter": "use", "step": "0.1", "mode": "down"}}
    tariff = _compiled(document)
    request = QuoteRequest(*PERIOD, attributes={"persons": 1}, buy=paid)
    try:
        bought = quote(tariff, request)
    except CannotRate:
        return
    assert bought.units is not None
    free = {**document, "rounding": {"line": "none", "total": "none", "mode": "half_up"}}
    assert reckon(free, bought.units)[1] * 100 <= paid
    assert reckon(free, bought.units + Fraction(1, 10))[1] * 100 > paid
    assert sum(line.amount for line in bought.lines) == bought.total == paid
