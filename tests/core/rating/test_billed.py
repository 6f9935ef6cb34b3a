"""A quote of what is new beside what was billed: one after the other they come to the quote of all."""

from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, reject, settings

from core.catalog.compile import compile_document
from core.catalog.quote_json import parse
from core.catalog.read import parsed
from core.errors import BadInput
from core.rating.quote import quote
from tests.journeys import made_live
from tests.journeys.test_live_equals_quote import at

calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@calm
@given(documents=made_live.versions(), uses=made_live.uses())
def test_what_is_new_each_time_comes_to_the_whole(documents: list[dict[str, Any]], uses: made_live.Uses) -> None:
    try:
        versions = tuple(compile_document(parsed(one)) for one in documents)
    except BadInput:
        reject()
    period = {"from": str(date(2026, 3, 1)), "to": str(date(2026, 4, 1))}
    rows = [
        {"meter": use, "quantity": str(micro // 10**6), "at": at(minute).isoformat(), "destination": to}
        for use, micro, minute, to in uses
    ]
    total = Fraction(0)
    for number, row in enumerate(rows):
        asked = {"period": period, "usage": [row], "billed": rows[:number]}
        total += quote(versions, parse(versions, asked)).total
    assert total == quote(versions, parse(versions, {"period": period, "usage": rows})).total
