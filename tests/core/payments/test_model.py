"""The pure rules: which debts an amount pays, whose account a payer meant, how a payer is kept."""

from datetime import date, timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.payments.model import LOOKS, Debt, account_numbers, masked, split

JUNE = date(2026, 6, 6)


@st.composite
def debts(draw: st.DrawFn, most: int = 6) -> list[Debt]:
    made = []
    for number in range(draw(st.integers(0, most))):
        opened = draw(st.integers(0, 500))
        made.append(
            Debt(
                number,
                opened,
                draw(st.integers(0, opened)),
                JUNE + timedelta(draw(st.integers(0, 4))),
                draw(st.integers(0, 1)),
            )
        )
    return made


@given(st.integers(0, 2_000), debts(), st.none() | st.integers(0, 6))
def test_every_cent_is_either_on_a_bill_or_credit(amount: int, owed: list[Debt], named: int | None) -> None:
    cut = split(amount, owed, named)
    assert sum(minor for _, minor in cut.parts) + cut.credit_minor == amount


@given(st.integers(0, 2_000), debts(), st.none() | st.integers(0, 6))
def test_no_disputed_cent_is_ever_paid(amount: int, owed: list[Debt], named: int | None) -> None:
    payable = {debt.invoice_id: debt.payable_minor for debt in owed}
    assert all(0 < minor <= payable[invoice_id] for invoice_id, minor in split(amount, owed, named).parts)


@given(st.integers(0, 2_000), debts(), st.none() | st.integers(0, 6))
def test_credit_remains_only_when_nothing_payable_does(amount: int, owed: list[Debt], named: int | None) -> None:
    cut = split(amount, owed, named)
    assert cut.credit_minor == max(0, amount - sum(debt.payable_minor for debt in owed))


@given(st.integers(0, 2_000), debts(), st.none() | st.integers(0, 6), st.randoms())
def test_the_order_in_which_debts_are_listed_changes_nothing(
    amount: int, owed: list[Debt], named: int | None, random: Random
) -> None:
    shuffled = random.sample(owed, len(owed))
    assert split(amount, owed, named) == split(amount, shuffled, named)


@given(debts(5), st.lists(st.tuples(st.integers(1, 400), st.none() | st.integers(0, 5)), min_size=2, max_size=3))
def test_payments_in_any_order_of_arrival_leave_the_same_debts_open(
    owed: list[Debt], payments: list[tuple[int, int | None]]
) -> None:
    ends = set()
    for order in permutations(payments):
        left = {debt.invoice_id: debt for debt in owed}
        credit = 0
        for amount, named in order:
            cut = split(amount, list(left.values()), named)
            credit += cut.credit_minor
            for invoice_id, minor in cut.parts:
                debt = left[invoice_id]
                left[invoice_id] = Debt(
                    invoice_id, debt.open_minor - minor, debt.disputed_minor, debt.due_on, debt.priority
                )
        ends.add((credit, *sorted((debt.invoice_id, debt.open_minor) for debt in left.values())))
    assert len(ends) == 1


def test_the_named_bill_comes_before_the_oldest_and_the_rest_goes_on() -> None:
    owed = [Debt(1, 100, 0, JUNE), Debt(2, 50, 0, JUNE + timedelta(30))]
    assert split(70, owed, named=2).parts == ((2, 50), (1, 20))
    assert split(70, owed).parts == ((1, 70),)


def test_by_priority_before_age() -> None:
    owed = [Debt(1, 100, 0, JUNE, priority=1), Debt(2, 50, 0, JUNE + timedelta(30), priority=0)]
    assert split(70, owed).parts == ((2, 50), (1, 20))


def test_a_negative_payment_is_refused() -> None:
    with pytest.raises(ValueError, match="reverse the receipt"):
        split(-1, [])


@pytest.mark.parametrize("typed", ["ACC100", "acc100", " ACC 100 ", "acc-100", "Account: ACC100", "A/C ACC100"])
def test_what_payers_type_finds_the_account_number(typed: str) -> None:
    assert "ACC100" in account_numbers(typed)


def test_a_number_typed_inside_a_sentence_is_nobodys() -> None:
    assert "100" not in account_numbers("for house 100")


def test_a_payer_is_kept_by_the_last_three_figures() -> None:
    assert (masked("254700000001"), masked("2547 ***** 001"), masked(""), masked("AMINA")) == (
        "***001",
        "2547 ***** 001",
        "",
        "***",
    )


def test_we_ask_after_five_minutes_an_hour_and_then_daily() -> None:
    assert [LOOKS.after(polls) for polls in range(5)] == [*LOOKS.waits, LOOKS.waits[-1], LOOKS.waits[-1]]
