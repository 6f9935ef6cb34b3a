"""How much of which line a credit takes off: never more than the line came to, and to the cent what was asked for."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.billing.documents.credit_amounts import Follower, off_line, share
from core.billing.model import BillLine

VAT = [Follower("vat", frozenset({"water"}))]
LINES = [
    BillLine(1, 7, "water", {"en": "Water"}, None, None, None, 100, "charge"),
    BillLine(2, 7, "vat", {"en": "VAT"}, None, None, None, 16, "tax"),
    BillLine(3, 8, "vat", {"en": "VAT of another service"}, None, None, None, 50, "tax"),
]


def test_the_tax_of_many_small_credits_is_never_more_than_the_tax_of_the_line() -> None:
    """4 cents carry 0.64 of tax, rounded to 1: twenty-five of them would take 25 of the 16."""
    assert off_line(LINES, {}, LINES[0], 4, VAT) == {1: 4, 2: 1}
    assert off_line(LINES, {1: 80, 2: 16}, LINES[0], 20, VAT) == {1: 20}


def test_three_lines_of_twelve_cents_give_back_the_seven_cents_of_tax_that_they_paid() -> None:
    lines = [BillLine(at, 7, code, {}, None, None, None, 12, "charge") for at, code in enumerate("abc", 1)]
    lines.append(BillLine(4, 7, "vat", {}, None, None, None, 7, "tax"))
    taken: Counter[int] = Counter()
    back = []
    for line in lines[:3]:
        cut = off_line(lines, taken, line, 12, [Follower("vat", frozenset("abc"))])
        taken.update(cut)
        back.append(cut[4])
    assert back == [2, 3, 2]


@st.composite
def _bills(draw: st.DrawFn) -> tuple[list[BillLine], list[Follower]]:
    """A bill of lines, a discount on some (a part for each line), a levy on some, and taxes on some and on the levy."""
    codes = [f"use_{at}" for at in range(draw(st.integers(1, 5)))]
    some = st.sets(st.sampled_from(codes), min_size=1).map(frozenset)
    amounts = {code: draw(st.integers(1, 5_000)) for code in codes}
    off, levied, low, high = (draw(some) for _ in range(4))
    parts = {code: -amounts[code] * draw(st.integers(0, 100)) // 100 for code in codes if code in off}
    net = {code: minor + parts.get(code, 0) for code, minor in amounts.items()}
    rows: list[tuple[str, int, str | None]] = [(code, minor, None) for code, minor in amounts.items()]
    rows += [("off", minor, code) for code, minor in parts.items()]
    levy = sum(net[code] for code in levied) * draw(st.integers(0, 30)) // 100
    rows.append(("levy", levy, None))
    rows.append(("low", sum(net[code] for code in low) * draw(st.integers(0, 25)) // 100, None))
    rows.append(("high", (sum(net[code] for code in high) + levy) * draw(st.integers(0, 25)) // 100, None))
    lines = [
        BillLine(at, 7, code, {}, None, None, None, minor, "charge", part)
        for at, (code, minor, part) in enumerate(rows, 1)
    ]
    found = [
        Follower("off", off, off=True),
        Follower("levy", levied),
        Follower("low", low),
        Follower("high", high | {"levy"}),
    ]
    return lines, found


@given(_bills(), st.data())
def test_credits_of_every_line_in_any_order_and_in_any_pieces_give_back_exactly_the_bill(
    bill: tuple[list[BillLine], list[Follower]], data: st.DataObject
) -> None:
    lines, found = bill
    taken: Counter[int] = Counter()
    for line in data.draw(st.permutations([one for one in lines if one.code.startswith("use")])):
        while rest := line.amount_minor - taken[line.position]:
            piece = data.draw(st.integers(1, rest)) if data.draw(st.booleans()) else rest
            taken.update(off_line(lines, taken, line, piece, found))
            for one in lines:
                assert 0 <= taken[one.position] * (1 if one.amount_minor > 0 else -1) <= abs(one.amount_minor)
    assert {position: minor for position, minor in taken.items() if minor} == {
        line.position: line.amount_minor for line in lines if line.amount_minor
    }


@given(st.lists(st.integers(-50, 500), min_size=1, max_size=6), st.integers(1, 10_000))
def test_parts_of_a_bill_sum_to_what_is_taken_off(lines: list[int], amount: int) -> None:
    rest = dict(enumerate(lines, 1))
    if 0 < amount <= sum(lines):
        assert sum(share(rest, amount).values()) == amount
