"""Whatever is asked, the answer is a sentence or a right price: never a stack trace, never a wrong number."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.catalog.compile import load_tariff
from core.catalog.quote_json import answered, load
from core.catalog.read import documents
from core.errors import BadInput
from core.rating.errors import CannotRate
from tests.bills.paper import TARIFFS
from tests.core.catalog.asking import anything, questions

EXAMPLES = {path.stem: load_tariff(path) for path in sorted(TARIFFS.glob("*.yaml"))}
many = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def whole(answer: dict[str, Any]) -> None:
    """An answer hangs together: texts only, and lines that sum to a total that is not below zero."""
    assert all(isinstance(value, str | int) for line in answer["lines"] for value in line.values())
    lines = [Fraction(line["amount"]) for line in answer["lines"]]
    assert sum(lines, Fraction(0)) == Fraction(answer["total"]) >= 0
    assert json.loads(json.dumps(answer, ensure_ascii=False).encode()) == answer


@pytest.mark.parametrize("name", sorted(EXAMPLES))
@many
@given(data=st.data())
def test_a_question_is_answered_with_a_price_or_a_sentence(name: str, data: st.DataObject) -> None:
    tariff = EXAMPLES[name]
    asked = data.draw(questions(sorted(tariff.meters)))
    try:
        answer = answered((tariff,), load(json.dumps(asked)))
    except CannotRate as refused:
        assert str(refused).encode()
        assert refused.wrong
    else:
        whole(answer)


@many
@given(st.text(max_size=40) | anything.map(json.dumps))
def test_what_is_no_question_is_refused(text: str) -> None:
    try:
        answer = answered((EXAMPLES["kenya-domestic"],), load(text))
    except CannotRate as refused:
        assert refused.wrong
    else:
        whole(answer)


PLACES = (
    "tariff",
    "valid_from",
    "currency",
    "zone",
    "rounding",
    "times",
    "holidays",
    "destinations",
    "allowances",
    "buy",
)


@many
@given(
    st.sampled_from(sorted(EXAMPLES)),
    st.sampled_from(PLACES),
    anything | st.sampled_from(["9999-12-31", "2023-13-45", "Africa", "../etc", "XXX"]),
)
def test_a_tariff_with_something_odd_in_it_compiles_or_is_refused(name: str, place: str, odd: Any) -> None:
    text = (TARIFFS / f"{name}.yaml").read_text()
    kept = "\n".join(line for line in text.splitlines() if not line.startswith(f"{place}:"))
    try:
        load_tariff(f"{kept}\n{place}: {json.dumps(odd)}\n")
    except BadInput as refused:
        assert refused.wrong
        assert refused.remedy


@many
@given(st.text(max_size=200))
def test_any_text_is_a_tariff_or_is_refused(text: str) -> None:
    try:
        documents(f"{text}\n")
    except BadInput as refused:
        assert refused.remedy


@pytest.mark.parametrize(
    "text", ["valid_from: 2023-13-45\n", "a: 99999-01-01\n", f"a: {'1' * 5000}\n", "[" * 3000 + "\n", "? [a]\n: 1\n"]
)
def test_yaml_that_its_reader_cannot_swallow_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        documents(text)
