"""How much of which line a credit takes off: never more than the line came to, and to the cent what was asked for."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from core.billing.credit_cut import Follower, left, off_line, share
from core.billing.model import BillLine

VAT = [Follower("vat", frozenset({"water"}), Fraction(16))]
LINES = [
    BillLine(1, 7, "water", {"en": "Water"}, None, None, None, 100, "charge"),
    BillLine(2, 7, "vat", {"en": "VAT"}, None, None, None, 16, "tax"),
    BillLine(3, 8, "vat", {"en": "VAT of another service"}, None, None, None, 50, "tax"),
]


def test_the_tax_of_many_small_credits_is_never_more_than_the_tax_of_the_line() -> None:
    """4 cents carry 0.64 of tax, rounded to 1: twenty-five of them would take 25 of the 16."""
    assert off_line(LINES, left(LINES, {}), LINES[0], 4, VAT) == {1: 4, 2: 1}
    assert off_line(LINES, left(LINES, {1: 80, 2: 16}), LINES[0], 20, VAT) == {1: 20}


@given(st.lists(st.integers(-50, 500), min_size=1, max_size=6), st.integers(1, 10_000))
def test_parts_of_a_bill_sum_to_what_is_taken_off(lines: list[int], amount: int) -> None:
    rest = dict(enumerate(lines, 1))
    if 0 < amount <= sum(lines):
        assert sum(share(rest, amount).values()) == amount
