"""Tokens: the amount that was paid is what the lines come to, with taxes on the net of it, though units are sold in steps."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog.compile import load_tariff
from tests.bills.paper import asked, bill, printed

HEAD = "tariff: tokens\nvalid_from: 2023-01-01\ncurrency: NGN\n"
BUY = 'buy: {meter: energy, step: "0.1", mode: half_up, taxes: net}\n'
ENERGY = '  - {code: energy, type: usage, meter: energy, unit: kWh, model: flat, price: "225"}\n'
VAT = '  - {code: vat, type: tax, percent: "7.5", of: [energy]}\n'


def tariff(*charges: str, buy: str = BUY) -> str:
    return HEAD + buy + "charges:\n" + "".join(charges)


def amounts(text: str, **request: Any) -> dict[str, str]:
    found = asked(load_tariff(text), **request)
    return {line["code"]: line["amount"] for line in found["lines"]} | {"units": found["units"]}


def test_10000_naira_at_225_and_7_and_a_half_percent() -> None:
    """10,000 / 1.075 = 9,302.33; / 225 = 41.34 kWh, sold in tenths."""
    assert bill(load_tariff(tariff(ENERGY, VAT)), buy="10000") == printed("""
        energy | 41.3 kWh x 225 | 9302.33
        vat    | 7.5 %          |  697.67
        total  |                | 10000.00 NGN
        units  |                | 41.3
    """)


@pytest.mark.parametrize(
    ("charges", "buy", "right"),
    [
        # two taxes on the same net: 10,000 / 1.095
        (
            (ENERGY, VAT, '  - {code: city, type: tax, percent: "2", of: [energy]}\n'), BUY,
            {"energy": "9132.42", "vat": "684.93", "city": "182.65", "units": "40.6"},
        ),
        # a levy that bears the tax, too: 10,000 / (1.02 x 1.075)
        (
            (ENERGY, '  - {code: levy, type: percent, percent: "2", of: [energy]}\n', VAT.replace("[energy]", "[energy, levy]")),
            BUY, {"energy": "9119.93", "levy": "182.40", "vat": "697.67", "units": "40.5"},
        ),
        # a fixed part of 500, taxed: 10,000 / 1.075 - 500
        (
            ('  - {code: fixed, type: fixed, price: "500", first_purchase: true}\n', ENERGY, VAT.replace("[energy]", "[fixed, energy]")),
            BUY, {"fixed": "500.00", "energy": "8802.33", "vat": "697.67", "units": "39.1"},
        ),
        # units rounded down, or up: the tax is that of the money all the same
        ((ENERGY, VAT), BUY.replace("half_up", "down"), {"energy": "9302.33", "vat": "697.67", "units": "41.3"}),
        ((ENERGY, VAT), BUY.replace("half_up", "up"), {"energy": "9302.33", "vat": "697.67", "units": "41.4"}),
        # the tax is in the price: 10,000 / 225 units, and 10,000 x 7.5 / 107.5 of tax
        ((ENERGY, VAT.replace("percent", "inclusive: true, percent")), BUY, {"energy": "9302.33", "vat": "697.67", "units": "44.4"}),
        # the tax on the gross: 750 comes off first
        ((ENERGY, VAT), BUY.replace("net", "gross"), {"energy": "9250.00", "vat": "750.00", "units": "41.1"}),
        # blocks: the last one holds the rest
        (
            (ENERGY.replace('flat, price: "225"', 'graduated, lines: one, tiers: [{up_to: "20", price: "200"}, {price: "250"}]'), VAT),
            BUY, {"energy": "9302.33", "vat": "697.67", "units": "41.2"},
        ),
    ],
)  # fmt: skip
def test_what_is_reckoned_on_the_units_is_reckoned_on_the_money(
    charges: tuple[str, ...], buy: str, right: dict[str, str]
) -> None:
    assert amounts(tariff(*charges, buy=buy), buy="10000") == right


def test_the_second_purchase_of_the_month_is_taxed_on_its_own_money() -> None:
    found = amounts(tariff(ENERGY, VAT), billed=[{"meter": "energy", "quantity": "41.3"}], buy="10000")
    assert (found["energy"], found["vat"], found["units"]) == ("9302.33", "697.67", "41.3")


def test_the_line_says_what_was_paid_beside_whole_steps() -> None:
    [energy, _] = asked(load_tariff(tariff(ENERGY, VAT)), buy="10000")["lines"]
    assert (energy["quantity"], energy["rest"]) == ("41.3", "9.83")  # 41.3 x 225 = 9,292.50


@settings(max_examples=60, deadline=None)
@given(st.integers(30_000, 10_000_000), st.integers(1, 40_000), st.integers(0, 3000))
def test_the_tax_is_that_of_the_net_for_any_amount_price_and_rate(paid: int, price: int, rate: int) -> None:
    text = tariff(
        ENERGY.replace("225", f"{price / 100:.2f}"),
        VAT.replace('"7.5"', f'"{rate / 100:.2f}"'),
    )
    found = asked(load_tariff(text), buy=f"{paid / 100:.2f}")
    lines = {line["code"]: Fraction(line["amount"]) for line in found["lines"]}
    assert sum(lines.values()) == Fraction(paid, 100)
    net = Fraction(paid, 100) / (1 + Fraction(rate, 10_000))
    assert abs(lines["energy"] - net) <= Fraction(1, 100)
    assert abs(lines.get("rounding", Fraction(0))) <= Fraction(1, 100)
