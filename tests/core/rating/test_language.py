"""What the tariff language can say, one small bill for each thing."""

from datetime import date
from typing import Any

import pytest

from core.catalog.compile import load_tariff
from core.catalog.versions import load_versions
from core.errors import BadInput
from core.rating.errors import CannotRate
from core.rating.spans import months_of
from tests.bills.paper import asked

USE = "type: usage, meter: use, unit: kWh"
HEAD = "tariff: small\nvalid_from: 2023-01-01\ncurrency: KES\n"


def amounts(charges: str, head: str = "", **request: Any) -> dict[str, str]:
    """Amount by code (and block or time) of a small tariff."""
    given = asked(load_tariff(f"{HEAD}{head}\ncharges:\n{charges}"), **request)
    found = {}
    for line in given["lines"]:
        extra = line.get("time") or line.get("destination") or line.get("from")
        found[f"{line['code']} {extra}" if extra else line["code"]] = line["amount"]
    return {**found, "total": given["total"]}


def used(quantity: str, **more: Any) -> dict[str, Any]:
    return {"usage": [{"meter": "use", "quantity": quantity, **more}]}


@pytest.mark.parametrize(
    ("model", "quantity", "total"),
    [
        ('model: package, price: "5", size: "100"', "201", "15.00"),
        ('model: package, price: "5", size: "100", free: "100"', "201", "10.00"),
        ('model: flat, price: "2", free: "10"', "12", "4.00"),
        ('model: flat, price: "2", free: "10"', "7", "0.00"),
        ('model: stairstep, tiers: [{up_to: "10", price: "3"}, {price: "8"}]', "10", "3.00"),
        ('model: stairstep, tiers: [{up_to: "10", price: "3"}, {price: "8"}]', "10.000001", "8.00"),
        ('model: volume, tiers: [{up_to: "10", price: "3", fee: "1"}, {price: "2", fee: "7"}]', "20", "47.00"),
        ('model: graduated, tiers: [{up_to: "10", price: "3", fee: "1"}, {price: "2", fee: "7"}]', "20", "58.00"),
        ('model: graduated, lines: one, tiers: [{up_to: "10", price: "3"}, {price: "2"}]', "20", "50.00"),
        ('model: flat, price: "2", credit: true', "20", "-40.00"),
    ],
)
def test_a_model_prices_its_units(model: str, quantity: str, total: str) -> None:
    assert amounts(f"  - {{code: energy, {USE}, {model}}}", **used(quantity))["total"] == total


def test_a_percentage_of_a_value_has_a_fixed_part_free_events_and_bounds() -> None:
    charge = '{code: fee, type: usage, meter: use, unit: payment, model: percentage, percent: "1.5", fixed: "2", '
    values = ["100", "1000", "10000"]
    rows = [{"meter": "use", "value": value} for value in values]
    assert amounts(f'  - {charge} minimum: "10", maximum: "50"}}', usage=rows)["total"] == "77.00"  # 10 + 17 + 50
    assert amounts(f"  - {charge} free_events: 1}}", usage=rows)["total"] == "169.00"  # 17 + 152
    assert amounts(f'  - {charge} free_value: "600"}}', usage=rows)["total"] == "161.50"  # 500: 9.50, then 152


def test_cost_plus_multiplies_what_was_paid_for_the_customer() -> None:
    charge = '  - {code: roaming, type: usage, meter: use, unit: call, model: cost_plus, multiplier: "1.25"}'
    assert amounts(charge, **used("1", value="80.00"))["total"] == "100.00"


def test_block_sets_are_chosen_by_attribute_or_by_the_average_of_earlier_periods() -> None:
    charge = f"""
  - code: energy
    {USE.replace(", ", chr(10) + "    ")}
    model: sets
    sets:
      - {{attribute: class, is: [lifeline], model: flat, price: "1"}}
      - {{average_of: 3, at_most: "50", tiers: [{{up_to: "30", price: "2"}}, {{price: "3"}}]}}
      - {{model: flat, price: "5"}}"""
    months = [{"meter": "use", "quantity": kwh} for kwh in ("40", "50", "60")]
    assert amounts(charge, **used("40"), account={"class": "lifeline"})["total"] == "40.00"
    assert amounts(charge, **used("40"), account={"class": "other"}, history=months)["total"] == "90.00"
    assert amounts(charge, **used("60"), account={"class": "other"})["total"] == "300.00"


def test_blocks_are_per_day_or_scaled_or_of_a_short_period() -> None:
    tiers = 'tiers: [{up_to: "10", price: "1"}, {price: "2"}]'
    per_day = f"  - {{code: e, {USE}, model: graduated, blocks: {{per: day}}, {tiers}}}"
    assert amounts(per_day, **used("320"))["total"] == "330.00"  # 310 in 31 days, 10 above
    short = f"  - {{code: e, {USE}, model: graduated, blocks: {{prorate: true}}, {tiers}}}"
    period = {"from": "2023-02-01", "to": "2023-03-01", "fraction": "7/28"}
    assert amounts(short, **used("10"), period=period)["total"] == "17.50"  # 2.5 at 1, 7.5 at 2
    two_months = f"  - {{code: e, {USE}, model: graduated, blocks: {{per: month}}, {tiers}}}"
    assert amounts(two_months, **used("30"), period={"from": "2023-07-01", "to": "2023-09-01"})["total"] == "40.00"


def test_times_of_use_know_weekdays_hours_months_and_holidays() -> None:
    head = """
zone: Africa/Nairobi
holidays: {country: KE}
times:
  - {code: cheap, holidays: only}
  - {code: peak, days: mon-fri, from: "18:00", to: "22:00", months: [7, 12]}
  - {code: cheap}
"""
    charge = f'  - {{code: e, {USE}, model: flat, price: {{peak: "10", cheap: "1"}}}}'
    year = {"from": "2023-07-01", "to": "2024-07-01"}

    def one(at: str) -> str:
        return amounts(charge, head, **used("1", at=at), period=year)["total"]

    assert one("2023-07-03T18:00:00") == "10.00"
    assert one("2023-07-03T15:00:00Z") == "10.00"
    assert one("2023-07-03T22:00:00") == "1.00"
    assert one("2023-07-02T19:00:00") == "1.00"  # a Sunday
    assert one("2023-08-01T19:00:00") == "1.00"  # not a month of the peak
    assert one("2023-12-12T19:00:00") == "1.00"  # Jamhuri Day, a Tuesday


def test_a_charge_may_be_for_some_times_only_and_have_blocks_of_its_own_there() -> None:
    head = 'times: [{code: peak, from: "18:00", to: "22:00"}, {code: rest}]'
    charge = (
        f'  - {{code: e, {USE}, model: graduated, during: [peak], tiers: [{{up_to: "5", price: "1"}}, {{price: "2"}}]}}'
    )
    rows = [
        {"meter": "use", "quantity": "4", "at": f"2023-07-0{day}T{hour}:00:00"} for day in (1, 2) for hour in (17, 18)
    ]
    assert amounts(charge, head, usage=rows)["total"] == "11.00"


def test_demand_is_the_fullest_interval_and_never_below_its_minimum() -> None:
    charge = f'  - {{code: kw, {USE}, model: demand, interval: "30", price: "100", minimum: "3"}}'
    rows = [{"meter": "use", "quantity": q, "at": f"2023-07-01T0{i}:00:00"} for i, q in enumerate(("1", "2.5", "0.5"))]
    assert amounts(charge, usage=rows)["total"] == "500.00"
    assert amounts(charge, usage=rows[:1])["total"] == "300.00"


def test_fixed_charges_are_per_day_or_month_prorated_or_not_and_counted() -> None:
    period = {"from": "2023-02-01", "to": "2023-03-01", "fraction": "7/28"}
    charges = """
  - {code: daily, type: fixed, price: "1", per: day}
  - {code: monthly, type: fixed, price: "100", per: month}
  - {code: shared, type: fixed, price: "100", per: month, prorate: true}
  - {code: lamps, type: fixed, price: "3", count_by: lamps}"""
    found = amounts(charges, period=period, account={"lamps": 4})
    assert found == {"daily": "7.00", "monthly": "100.00", "shared": "25.00", "lamps": "12.00", "total": "144.00"}


@pytest.mark.parametrize(
    ("period", "total"),
    [
        ({"from": "2023-06-01", "to": "2023-07-01"}, "300.00"),
        ({"from": "2023-06-01", "to": "2023-07-01", "fraction": "10/30", "first": True}, "400.00"),
        ({"from": "2023-06-01", "to": "2023-07-01", "fraction": "10/30", "last": True}, "-200.00"),
        ({"from": "2023-06-01", "to": "2023-07-01", "fraction": "10/30", "first": True, "last": True}, "100.00"),
    ],
    ids=["the next month", "the first bill", "the last bill gives back", "came and went"],
)
def test_a_charge_in_advance_is_for_the_next_period(period: dict[str, Any], total: str) -> None:
    charge = '  - {code: rent, type: fixed, price: "300", per: month, prorate: true, pay: advance}'
    assert amounts(charge, period=period)["total"] == total


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        ((2023, 1, 31), (2023, 2, 28), "1"),
        ((2023, 2, 28), (2023, 3, 31), "1"),
        ((2023, 7, 15), (2023, 9, 15), "2"),
        ((2023, 7, 10), (2023, 7, 20), "10/31"),
        ((2023, 1, 31), (2023, 3, 1), "32/31"),
    ],
)
def test_months_of_a_period(since: tuple[int, int, int], until: tuple[int, int, int], months: str) -> None:
    assert str(months_of(date(*since), date(*until))) == months


def test_discounts_keep_their_order_their_cap_and_their_days_and_never_pass_zero() -> None:
    energy = f'  - {{code: e, {USE}, model: flat, price: "1"}}\n'
    chained = energy + (
        '  - {code: loyal, type: discount, percent: "10", of: [e]}\n'
        '  - {code: online, type: discount, percent: "10", of: [e, loyal]}\n'
        '  - {code: gone, type: discount, percent: "50", of: [e], valid_to: 2023-07-01}'
    )
    assert amounts(chained, **used("100")) == {"e": "100.00", "loyal": "-10.00", "online": "-9.00", "total": "81.00"}
    capped = energy + '  - {code: off, type: discount, percent: "50", of: [e], cap: "20"}'
    assert amounts(capped, **used("100"))["total"] == "80.00"
    twice = energy + "".join(f'  - {{code: off{i}, type: discount, amount: "60", of: [e]}}\n' for i in range(2))
    assert amounts(twice, **used("100")) == {"e": "100.00", "off0": "-60.00", "off1": "-40.00", "total": "0.00"}


def test_an_inclusive_tax_is_taken_out_of_its_lines_and_the_sum_stays() -> None:
    charges = (
        f'  - {{code: a, {USE}, model: flat, price: "0.33"}}\n  - {{code: b, {USE}, model: flat, price: "0.33"}}\n'
        '  - {code: vat, type: tax, percent: "16", of: [a, b], inclusive: true}'
    )
    found = amounts(charges, **used("1"))
    assert found == {"a": "0.28", "b": "0.29", "vat": "0.09", "total": "0.66"}


def test_a_bill_has_a_least_and_a_most() -> None:
    energy = f'  - {{code: e, {USE}, model: flat, price: "1"}}\n'
    least = energy + '  - {code: least, type: minimum, amount: "50"}'
    most = energy + '  - {code: most, type: maximum, amount: "80", of: [e]}'
    assert amounts(least, **used("20")) == {"e": "20.00", "least": "30.00", "total": "50.00"}
    assert amounts(least, **used("70")) == {"e": "70.00", "total": "70.00"}
    assert amounts(most, **used("100")) == {"e": "100.00", "most": "-20.00", "total": "80.00"}


def test_a_commitment_is_made_good_when_its_term_ends() -> None:
    charges = (
        f'  - {{code: e, {USE}, model: flat, price: "1"}}\n'
        '  - {code: promise, type: commitment, amount: "1200", spent: spent, ends: term_ends}'
    )
    earlier = {"spent": "900.00"}
    assert amounts(charges, **used("100"), account={**earlier, "term_ends": 0})["total"] == "100.00"
    assert amounts(charges, **used("100"), account={**earlier, "term_ends": 1})["promise"] == "200.00"


def test_a_charge_may_depend_on_an_attribute_or_the_season() -> None:
    charges = (
        '  - {code: phase3, type: fixed, price: "10", when: {attribute: phase, is: 3}}\n'
        '  - {code: summer, type: fixed, price: "5", when: {months: [6, 7, 8]}}'
    )
    assert amounts(charges, account={"phase": 3}) == {"phase3": "10.00", "summer": "5.00", "total": "15.00"}
    january = {"from": "2023-01-01", "to": "2023-02-01"}
    assert amounts(charges, account={"phase": 1}, period=january) == {"total": "0.00"}


VERSIONS = """
tariff: changing
valid_from: 2023-01-01
currency: KES
charges:
  - {code: e, type: usage, meter: use, unit: kWh, model: graduated, tiers: [{up_to: "31", price: "1"}, {price: "2"}]}
  - {code: rent, type: fixed, price: "310"}
  - {code: ahead, type: fixed, price: "100", pay: advance}
---
tariff: changing
valid_from: 2023-07-11
currency: KES
charges:
  - {code: e, type: usage, meter: use, unit: kWh, model: graduated, tiers: [{up_to: "31", price: "10"}, {price: "20"}]}
  - {code: rent, type: fixed, price: "620"}
  - {code: ahead, type: fixed, price: "200", pay: advance}
"""


def test_a_new_version_in_mid_period_splits_it_by_days() -> None:
    """10 days of 31 under the old version: 20 of 62 kWh, 10 of them in its first block; the fixed charge by the same days."""
    given = asked(load_versions(VERSIONS), **used("62"))
    lines = [(line["code"], line.get("block"), line["from"][-2:], line["amount"]) for line in given["lines"]]
    assert lines == [
        ("e", 1, "01", "10.00"),
        ("e", 2, "01", "20.00"),
        ("rent", None, "01", "100.00"),
        ("e", 1, "11", "210.00"),
        ("e", 2, "11", "420.00"),
        ("rent", None, "11", "420.00"),
        ("ahead", None, "11", "200.00"),
    ]
    assert given["total"] == "1380.00"


def test_events_go_to_the_version_of_their_own_time() -> None:
    rows = [{"meter": "use", "quantity": "10", "at": f"2023-07-{day}T12:00:00"} for day in ("10", "11")]
    given = asked(load_versions(VERSIONS), usage=rows)
    assert [line["amount"] for line in given["lines"] if line["code"] == "e"] == ["10.00", "100.00"]


def test_a_period_before_the_first_version_is_refused() -> None:
    with pytest.raises(CannotRate, match="no version is in force on 2022-12-01"):
        asked(load_versions(VERSIONS), period={"from": "2022-12-01", "to": "2023-02-01"})


SUMS = "sums: {use: [use_day, use_night]}"
BLOCKS = f'  - {{code: c, {USE}, model: graduated, tiers: [{{up_to: "100", price: "10"}}, {{price: "20"}}]}}\n'


def test_a_quote_sums_registers_where_the_tariff_says_so() -> None:
    rows = [{"meter": "use_day", "quantity": "90"}, {"meter": "use_night", "quantity": "60"}]
    assert amounts(BLOCKS, SUMS, usage=rows)["total"] == "2000.00"


def test_registers_are_no_meter_of_a_tariff_that_does_not_say_so() -> None:
    with pytest.raises(CannotRate):
        amounts(BLOCKS, usage=[{"meter": "use_day", "quantity": "90"}])


@pytest.mark.parametrize(
    ("sums", "wrong"),
    [
        ("sums: {other: [use_day, use_night]}", "no charge prices it"),
        ("sums: {use: [use_day]}", "fewer than two"),
        ("sums: {use: [use_day, use]}", "priced or summed elsewhere"),
        ("sums: {use: [use_day, use_day]}", "priced or summed elsewhere"),
    ],
)
def test_sums_that_have_no_one_meaning_are_refused(sums: str, wrong: str) -> None:
    with pytest.raises(BadInput, match=wrong):
        load_tariff(f"{HEAD}{sums}\ncharges:\n{BLOCKS}")
