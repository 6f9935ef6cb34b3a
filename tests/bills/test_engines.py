"""Other engines' own test cases and worked examples, numbers in and numbers out, through our quote.

Each row names where its numbers are asserted or published. Where an engine means something else by the same words, the row
says so instead of being left out.
"""

from typing import Any

import pytest

from core.catalog.compile import load_tariff
from tests.bills.paper import asked

USE = "type: usage, meter: use, unit: unit"
Rows = list[dict[str, str]]


def total(charges: str, usage: Rows, head: str = "", **request: Any) -> str:
    """What the charges (in dollars, lines exact, the total to a thousandth) come to."""
    tariff = f"tariff: case\nvalid_from: 2000-01-01\ncurrency: USD\n{head}\ncharges:\n{charges}\n"
    rounding = 'rounding: {line: none, total: "0.00001"}'
    return str(
        asked(load_tariff(tariff.replace("\ncharges:", f"\n{rounding}\ncharges:", 1)), usage=usage, **request)["total"]
    )


def units(quantity: str) -> Rows:
    return [{"meter": "use", "quantity": quantity}]


def one(model: str) -> str:
    return f"  - {{code: e, {USE}, {model}}}"


LAGO = "getlago/lago-api, spec/services/charge_models"
LAGO_GRADUATED = 'model: graduated, tiers: [{up_to: "10", price: "10", fee: "2"}, {up_to: "20", price: "5", fee: "3"}, {price: "5", fee: "3"}]'
LAGO_TENTHS = 'model: graduated, tiers: [{up_to: "0.1", price: "10"}, {up_to: "1", price: "5"}, {price: "2"}]'
LAGO_VOLUME = 'model: volume, tiers: [{up_to: "100", price: "2", fee: "10"}, {up_to: "200", price: "1"}, {price: "0.5", fee: "50"}]'
KILLBILL = "killbill/killbill, TestContiguousIntervalConsumableInArrear"
OPENMETER = "openmeterio/openmeter, billing lineservice pricer tests"
OPENMETER_VOLUME = (
    'model: volume, tiers: [{up_to: "5", price: "0", fee: "100"}, {up_to: "10", price: "0", fee: "150"}, '
    '{up_to: "15", price: "10"}, {price: "5"}]'
)
OPENMETER_GRADUATED = (
    'model: graduated, tiers: [{up_to: "5", price: "0", fee: "100"}, {up_to: "10", price: "0", fee: "50"}, '
    '{up_to: "15", price: "5"}, {price: "1"}]'
)
DOCS_GRADUATED = (
    'model: graduated, tiers: [{up_to: "1000", price: "0.10"}, {up_to: "10000", price: "0.05"}, {price: "0.01"}]'
)


@pytest.mark.parametrize(
    ("source", "model", "quantity", "expected"),
    [
        # A tier's fee counts once it is reached; Lago charges the first one's for no use at all (2), we charge nothing.
        (f"{LAGO}/graduated", LAGO_GRADUATED, "1", "12.00"),
        (f"{LAGO}/graduated", LAGO_GRADUATED, "10", "102.00"),
        (f"{LAGO}/graduated", LAGO_GRADUATED, "11", "110.00"),
        (f"{LAGO}/graduated", LAGO_GRADUATED, "12", "115.00"),
        (f"{LAGO}/graduated", LAGO_GRADUATED, "21", "163.00"),
        (f"{LAGO}/graduated, decimal ranges", LAGO_TENTHS, "0.05", "0.50"),
        (f"{LAGO}/graduated, decimal ranges", LAGO_TENTHS, "0.5", "3.00"),
        (f"{LAGO}/volume", LAGO_VOLUME, "1", "12.00"),
        (f"{LAGO}/volume", LAGO_VOLUME, "100", "210.00"),
        (f"{LAGO}/volume, between two ranges", LAGO_VOLUME, "100.5", "100.50"),
        (f"{LAGO}/volume", LAGO_VOLUME, "101", "101.00"),
        (f"{LAGO}/volume", LAGO_VOLUME, "200", "200.00"),
        (f"{LAGO}/volume", LAGO_VOLUME, "300", "200.00"),
        (f"{LAGO}/volume, fixed charge", LAGO_VOLUME, "210", "155.00"),
        (f"{LAGO}/package", 'model: package, price: "100", size: "10"', "121", "1300.00"),
        (f"{LAGO}/package, free units", 'model: package, price: "100", size: "10", free: "10"', "121", "1200.00"),
        (f"{LAGO}/package, more free than used", 'model: package, price: "100", size: "10", free: "200"', "121", "0.00"),
        ("getlago.com/docs, volume", 'model: volume, tiers: [{up_to: "10000", price: "0.0010", fee: "10"}, {up_to: "50000", price: "0.0008", fee: "10"}, {up_to: "100000", price: "0.0006", fee: "10"}, {price: "0.0004", fee: "10"}]', "65000", "49.00"),
        (f"{KILLBILL}, size one, ALL_TIERS", 'model: graduated, tiers: [{up_to: "10", price: "1.5"}, {up_to: "110", price: "1.0"}, {price: "0.5"}]', "111", "115.50"),
        (f"{KILLBILL}, size one, TOP_TIER", 'model: volume, tiers: [{up_to: "10", price: "1.5"}, {up_to: "110", price: "1.0"}, {price: "0.5"}]', "111", "55.50"),
        (f"{KILLBILL}, blocks of 100, TOP_TIER", 'model: package, price: "1", size: "100"', "1000", "10.00"),
        (f"{KILLBILL}, blocks of 1000, TOP_TIER", 'model: package, price: "1", size: "1000"', "101000", "101.00"),
        (f"{KILLBILL}, blocks of 1000, last tier", 'model: package, price: "0.5", size: "1000"', "101001", "51.00"),
        (f"{KILLBILL}, blocks of 1000, last tier", 'model: package, price: "0.5", size: "1000"', "300000", "150.00"),
        (f"{KILLBILL}, unlimited tier", 'model: package, price: "1", size: "100"', "2000", "20.00"),
        (f"{OPENMETER}, unit price", 'model: flat, price: "100"', "10", "1000.00"),
        # OpenMeter charges the flat price of the first volume tier for no use too (100); we charge nothing.
        (f"{OPENMETER}, volume", OPENMETER_VOLUME, "3", "100.00"),
        (f"{OPENMETER}, volume", OPENMETER_VOLUME, "5", "100.00"),
        (f"{OPENMETER}, volume", OPENMETER_VOLUME, "7", "150.00"),
        (f"{OPENMETER}, volume", OPENMETER_VOLUME, "14", "140.00"),
        (f"{OPENMETER}, volume", OPENMETER_VOLUME, "15", "150.00"),
        (f"{OPENMETER}, volume", OPENMETER_VOLUME, "16", "80.00"),
        (f"{OPENMETER}, volume", OPENMETER_VOLUME, "100", "500.00"),
        (f"{OPENMETER}, graduated, no use", OPENMETER_GRADUATED, "0", "0.00"),
        (f"{OPENMETER}, graduated", OPENMETER_GRADUATED, "22", "182.00"),
        ("zuplo.com/docs, graduated", DOCS_GRADUATED, "15000", "600.00"),
        ("zuplo.com/docs, volume", DOCS_GRADUATED.replace("graduated", "volume"), "15000", "150.00"),
        ("docs.useautumn.com, graduated", 'model: graduated, tiers: [{up_to: "1000", price: "0.01"}, {up_to: "10000", price: "0.008"}, {price: "0.005"}]', "15000", "107.00"),
        ("chargebee.com/docs, package of a million tokens", 'model: package, price: "1.25", size: "1000000"', "10", "1.25"),
        ("chargebee.com/docs, package of a million tokens", 'model: package, price: "1.25", size: "1000000"', "1000000", "1.25"),
        ("chargebee.com/docs, package of a million tokens", 'model: package, price: "1.25", size: "1000000"', "1500000", "2.50"),
    ],
)  # fmt: skip
def test_units_cost_what_the_other_engine_asserts(source: str, model: str, quantity: str, expected: str) -> None:
    assert source
    assert total(one(model), units(quantity)) == expected


@pytest.mark.parametrize(
    ("source", "least", "most", "quantity", "expected"),
    [
        ("no use, minimum spend", "100", None, "0", "100.00"),
        ("usage over the minimum", "100", None, "50", "500.00"),
        ("maximum not hit", None, "100", "10", "100.00"),
        ("maximum hit", None, "100", "12", "100.00"),
    ],
)
def test_openmeter_keeps_a_unit_price_between_a_least_and_a_most(
    source: str, least: str | None, most: str | None, quantity: str, expected: str
) -> None:
    assert source
    charges = one('model: flat, price: "10"')
    charges += f'\n  - {{code: least, type: minimum, amount: "{least}"}}' if least else ""
    charges += f'\n  - {{code: most, type: maximum, amount: "{most}", of: [e]}}' if most else ""
    assert total(charges, units(quantity)) == expected


def test_openmeter_prices_ten_units_after_twelve_were_billed() -> None:
    """Graduated, mid period: 3 units at 5 and 7 at 1; with a maximum of 170 of which 160 are billed, 10 are left."""
    billed = units("12")
    assert total(one(OPENMETER_GRADUATED), units("10"), billed=billed) == "22.00"
    most = one(OPENMETER_GRADUATED) + '\n  - {code: most, type: maximum, amount: "170", of: [e]}'
    assert total(most, units("10"), billed=billed) == "10.00"
    least = one(OPENMETER_GRADUATED) + '\n  - {code: least, type: minimum, amount: "1000", of: [e]}'
    assert total(least, units("2")) == "1000.00"  # 100 and 900 more


LAGO_VALUES = ("50", "100", "250", "400")


@pytest.mark.parametrize(
    ("case", "model", "values", "expected"),
    [
        ("no free units", 'percent: "1.3", fixed: "2"', LAGO_VALUES, "18.40"),
        ("a rate of nothing", 'percent: "0", fixed: "2"', LAGO_VALUES, "8.00"),
        ("250 free", 'percent: "1.3", fixed: "2", free_value: "250"', LAGO_VALUES, "11.15"),
        ("three free events", 'percent: "1.3", fixed: "2", free_events: 3', LAGO_VALUES, "7.20"),
        ("three free events, up to 250", 'percent: "1.3", fixed: "2", free_events: 3, free_value: "250"', LAGO_VALUES, "11.15"),
        ("three free events, up to 500", 'percent: "1.3", fixed: "2", free_events: 3, free_value: "500"', LAGO_VALUES, "7.20"),
        ("more free events than there are", 'percent: "1.3", free_events: 5', LAGO_VALUES, "0.00"),
        ("small amounts", 'percent: "2.9"', ("1", "1", "1", "1"), "0.116"),
        ("no least and no most", 'percent: "2.99"', ("10", "80", "10000"), "301.691"),
        ("least and most", 'percent: "2.99", minimum: "1.75", maximum: "12"', ("10", "80", "10000"), "16.142"),
        ("least, most and fixed", 'percent: "2.99", fixed: "2", minimum: "1.75", maximum: "12"', ("10", "80", "10000"), "18.691"),
        ("two free events and a most", 'percent: "2.99", free_events: 2, minimum: "1.75", maximum: "12"', ("10", "80", "10000"), "12.00"),
        ("30 free, least and most", 'percent: "2.99", free_value: "30", minimum: "1.75", maximum: "12"', ("10", "80", "10000"), "13.794"),
        ("three free events up to 10000", 'percent: "2.99", free_events: 3, free_value: "10000", minimum: "1.75", maximum: "12"', ("10", "80", "10000"), "2.691"),
    ],
)  # fmt: skip
def test_lago_takes_a_percentage_of_each_payment(case: str, model: str, values: tuple[str, ...], expected: str) -> None:
    """getlago/lago-api, spec/services/charge_models/percentage; payments in the order they came."""
    assert case
    rows = [{"meter": "use", "value": value, "at": f"2023-07-0{day}T00:00:00"} for day, value in enumerate(values, 1)]
    assert total(f"  - {{code: e, {USE}, model: percentage, {model}}}", rows) == expected


@pytest.mark.parametrize(
    ("source", "rate", "seconds", "expected"),
    [
        ("cgrates/cgrates engine/callcost_test, one minute", 'connect: "1", steps: [{increment: "1", price: "1"}]', "60", "61.00"),
        ("cgrates/cgrates docs, two minutes of RT_20CNT", 'connect: "0.4", steps: [{increment: "60", price: "0.2", per: "60"}, {from: "60", increment: "1", price: "0.1", per: "60"}]', "120", "0.70"),
        ("call charges rounded to 30 s, a quarter to connect", 'connect: "0.25", steps: [{increment: "30", price: "0.10", per: "60"}]', "45", "0.35"),
        ("a rate card by the started minute", 'connect: "0.10", steps: [{increment: "60", price: "0.05", per: "60"}]', "125", "0.25"),
    ],
)  # fmt: skip
def test_a_call_costs_what_the_other_engine_asserts(source: str, rate: str, seconds: str, expected: str) -> None:
    assert source
    charge = f"  - {{code: e, type: event, meter: voice, unit: s, rates: [{{{rate}}}]}}"
    assert total(charge, [{"meter": "voice", "quantity": seconds}]) == expected


def test_nrel_charges_the_peak_of_each_demand_period() -> None:
    """NREL/ssc lib_utility_rate_equations_test: a day of up to 10 kW, 5 kW from 15 to 20 h: 5 x 20 + 10 x 10 = 200.

    Its tiers of 100 kW are not reached.
    """
    day = (1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1)
    rows = [{"meter": "use", "quantity": str(kw), "at": f"2023-07-03T{hour:02}:00:00"} for hour, kw in enumerate(day)]
    head = 'times: [{code: peak, days: mon-fri, from: "15:00", to: "20:00"}, {code: rest}]'
    demand = "type: usage, meter: use, unit: kWh, model: demand, interval: '60'"
    charges = (
        f'  - {{code: on, {demand}, during: [peak], price: "20"}}\n'
        f'  - {{code: off, {demand}, during: [rest], price: "10"}}'
    )
    assert total(charges, rows, head) == "200.00"


def test_queensland_tariff_11_of_22_days_is_60_dollars_25() -> None:
    """aguinane/qld-tariffs test_costs: supply 21.68, usage 38.58, together 60.25, GST in each."""
    charges = (
        '  - {code: supply, type: fixed, per: day, price: "0.89572"}\n'
        '  - {code: e, type: usage, meter: use, unit: kWh, model: flat, price: "0.24610"}\n'
        '  - {code: gst, type: tax, percent: "10", of: "*"}'
    )
    period = {"from": "2016-07-01", "to": "2016-07-23"}
    tariff = f'tariff: t\nvalid_from: 2016-07-01\ncurrency: AUD\nrounding: {{line: none, total: "0.01"}}\ncharges:\n{charges}'
    assert asked(load_tariff(tariff), usage=units("142.50"), period=period)["total"] == "60.25"
