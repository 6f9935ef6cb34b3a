"""What happens at an edge: midnight, the clocks' change, an expiring bundle, a register read twice, a bill below zero."""

from typing import Any

import pytest

from core.catalog.compile import load_tariff
from core.rating.errors import CannotRate
from tests.bills.paper import asked
from tests.core.rating.test_language import HEAD, USE, amounts, used

BANDS = "times: [{code: weekend, days: sat-sun}, {code: weekday}]"
CALL = (
    '  - {code: c, type: event, meter: v, unit: min, rates: [{connect: {weekend: "5", weekday: "1"}, '
    'steps: [{increment: "1", price: {weekend: "1", weekday: "10"}}]}]}'
)


def call(at: str, until: str) -> list[dict[str, str]]:
    return [{"meter": "v", "at": at, "until": until}]


def test_a_call_over_midnight_is_split_and_pays_the_connect_fee_of_its_beginning() -> None:
    """Friday 23:50 to Saturday 00:10: 1 + 10 x 10 + 10 x 1."""
    friday = call("2023-07-07T23:50:00", "2023-07-08T00:10:00")
    assert amounts(CALL, BANDS, usage=friday)["total"] == "111.00"
    sunday = call("2023-07-09T23:50:00", "2023-07-10T00:10:00")
    assert amounts(CALL, BANDS, usage=sunday)["total"] == "115.00"  # 5 + 10 x 1 + 10 x 10


DST = 'zone: Europe/Berlin\ntimes: [{code: night, from: "00:00", to: "03:00"}, {code: day}]'
NIGHT = '  - {code: c, type: event, meter: v, unit: min, rates: [{steps: [{increment: "1", price: {night: "1", day: "10"}}]}]}'


@pytest.mark.parametrize(
    ("at", "until", "total"),
    [
        ("2023-03-26T01:50:00+01:00", "2023-03-26T03:10:00+02:00", "20.00"),
        ("2023-10-29T02:50:00+02:00", "2023-10-29T02:10:00+01:00", "110.00"),
    ],
    ids=["an hour is skipped: 20 minutes", "an hour is repeated: 20 minutes"],
)
def test_a_call_over_the_change_of_the_clocks_is_as_long_as_it_was_and_keeps_the_clock_of_its_start(
    at: str, until: str, total: str
) -> None:
    """20 true minutes; in October the clock of the start reaches 03:00 after ten of them."""
    period = {"from": at[:7] + "-01", "to": "2023-12-01"}
    assert amounts(NIGHT, DST, usage=call(at, until), period=period)["total"] == total


def test_in_the_repeated_hour_usage_counts_in_the_order_it_happened() -> None:
    """Blocks of 1 kWh by night and day: 02:30 of summer time comes before 02:10 of winter time, however the rows are sent."""
    head = DST.replace("03:00", "02:20")
    charge = f'  - {{code: e, {USE}, model: graduated, tiers: [{{up_to: "1", price: {{night: "1", day: "1"}}}}, {{price: {{night: "100", day: "3"}}}}]}}'
    rows = [
        {"meter": "use", "quantity": "1", "at": "2023-10-29T02:30:00+02:00"},
        {"meter": "use", "quantity": "1", "at": "2023-10-29T02:10:00+01:00"},
    ]
    october = {"from": "2023-10-01", "to": "2023-11-01"}
    for order in (rows, rows[::-1]):
        assert amounts(charge, head, usage=order, period=october)["total"] == "101.00"


def test_a_readings_interval_in_two_times_of_use_is_refused_and_not_guessed_at() -> None:
    row = {"meter": "use", "quantity": "1", "at": "2023-07-07T23:45:00", "until": "2023-07-08T00:15:00"}
    charge = f'  - {{code: e, {USE}, model: flat, price: {{weekend: "1", weekday: "2"}}}}'
    with pytest.raises(CannotRate, match="lies in two times of use"):
        amounts(charge, BANDS, usage=[row])


def test_holidays_of_a_part_of_a_country_with_days_added_and_taken_away() -> None:
    head = (
        "zone: Europe/Berlin\nholidays: {country: DE, subdivision: BY, days: [2023-07-05], without: [2023-01-06]}\n"
        "times: [{code: free, holidays: only}, {code: work, holidays: exclude}]"
    )
    charge = f'  - {{code: e, {USE}, model: flat, price: {{free: "0", work: "1"}}}}'
    year = {"from": "2023-01-01", "to": "2024-01-01"}
    free = [
        day
        for day in ("2023-11-01", "2023-07-05", "2023-01-06", "2023-07-06")
        if amounts(charge, head, **used("1", at=f"{day}T12:00:00"), period=year)["total"] == "0.00"
    ]
    assert free == ["2023-11-01", "2023-07-05"]


REGISTER = '  - {code: kw, type: usage, meter: use, unit: kW, model: demand, price: "10"}'


def test_of_several_readings_of_a_demand_register_the_highest_counts() -> None:
    rows = [{"meter": "use", "quantity": quantity} for quantity in ("3", "7", "5")]
    assert amounts(REGISTER, usage=rows)["total"] == "70.00"


def test_a_total_is_no_fullest_interval() -> None:
    charge = f'  - {{code: kw, {USE}, model: demand, interval: "30", price: "10"}}'
    with pytest.raises(CannotRate, match=r"charge kw: it is the fullest interval of 30 minutes.*give each interval"):
        amounts(charge, **used("183"))


BUNDLES = """allowances:
  - {code: night, meter: data, unit: MB, units: "100", charges: [data], during: [night]}
  - {code: month, meter: data, unit: MB, units: "100", charges: [data], rollover: {periods: 1, cap: "150"}}
times: [{code: night, from: "00:00", to: "06:00"}, {code: day}]"""
DATA = '  - {code: data, type: usage, meter: data, unit: MB, model: flat, price: "1"}'


def data(*rows: tuple[str, str]) -> list[dict[str, str]]:
    return [{"meter": "data", "quantity": quantity, "at": at} for at, quantity in rows]


def test_what_a_quote_carries_over_is_what_the_next_one_takes() -> None:
    """July leaves 60 of the month's bundle; August uses them first, then its own; what is left of July's expires."""
    tariff = load_tariff(f"{HEAD}{BUNDLES}\ncharges:\n{DATA}")
    july = asked(tariff, usage=data(("2023-07-02T01:00:00", "80"), ("2023-07-02T12:00:00", "40")))
    assert (july["total"], july["left"]) == ("0.00", {"night": "20", "month": "60"})
    assert july["carry"] == [{"allowance": "month", "units": "60", "until": "2023-09-01"}]
    august = {"from": "2023-08-01", "to": "2023-09-01"}
    rows = data(("2023-08-02T12:00:00", "50"))
    found = asked(tariff, period=august, usage=rows, carried=july["carry"])
    assert found["left"] == {"night": "100", "month": "100"}
    assert found["carry"] == [{"allowance": "month", "units": "100", "until": "2023-10-01"}]


def test_a_bundle_that_expired_before_the_period_is_no_use() -> None:
    old = [{"allowance": "month", "units": "70", "until": "2023-07-01"}]
    rows = data(("2023-07-02T12:00:00", "120"))
    assert amounts(DATA, BUNDLES, usage=rows, carried=old)["total"] == "20.00"


def test_of_a_total_an_expired_bundle_takes_nothing_and_one_that_lives_into_the_period_all_it_holds() -> None:
    head = 'allowances: [{code: month, meter: data, unit: MB, units: "100", charges: [data]}]'
    for until, total in (("2023-07-01", "20.00"), ("2023-07-02", "0.00")):
        old = [{"allowance": "month", "units": "70", "until": until}]
        assert amounts(DATA, head, usage=[{"meter": "data", "quantity": "120"}], carried=old)["total"] == total


def test_an_allowance_for_a_destination_needs_to_know_it() -> None:
    head = 'destinations: {home: ["07"]}\nallowances: [{code: a, meter: use, unit: kWh, units: "1", charges: [e], to: [home]}]'
    with pytest.raises(CannotRate, match="allowance a: it is for some destinations only"):
        amounts(f'  - {{code: e, {USE}, model: flat, price: "1"}}', head, **used("1"))


def test_export_may_bring_a_bill_below_zero_and_its_tax_with_it() -> None:
    charges = (
        f'  - {{code: e, {USE}, model: flat, price: "2"}}\n'
        '  - {code: sun, type: usage, meter: sun, unit: kWh, model: flat, price: "1", credit: true}\n'
        '  - {code: vat, type: tax, percent: "10", of: [e, sun]}'
    )
    rows = [{"meter": "use", "quantity": "10"}, {"meter": "sun", "quantity": "35"}]
    assert amounts(charges, usage=rows) == {"e": "20.00", "sun": "-35.00", "vat": "-1.50", "total": "-16.50"}


def test_discounts_on_a_line_a_service_and_the_bill_follow_their_order() -> None:
    charges = (
        f'  - {{code: e, {USE}, model: flat, price: "1"}}\n  - {{code: rent, type: fixed, price: "50"}}\n'
        '  - {code: line, type: discount, percent: "10", of: [e]}\n'
        '  - {code: service, type: discount, amount: "30", of: [e, rent, line]}\n'
        '  - {code: bill, type: discount, percent: "50", of: "*", cap: "40"}\n'
        '  - {code: vat, type: tax, percent: "10", of: "*"}'
    )
    found = amounts(charges, **used("100"))
    assert found == {
        "e": "100.00",
        "rent": "50.00",
        "line": "-10.00",
        "service": "-30.00",
        "bill": "-40.00",
        "vat": "7.00",
        "total": "77.00",
    }


@pytest.mark.parametrize(
    ("mode", "amounts_", "total"),
    [
        ("half_up", ["0.13", "-0.13"], "0.00"),
        ("half_even", ["0.12", "-0.12"], "0.00"),
        ("up", ["0.13", "-0.13"], "0.00"),
        ("down", ["0.12", "-0.12"], "0.00"),
    ],
)
def test_every_mode_rounds_a_credit_as_it_rounds_a_charge(mode: str, amounts_: list[str], total: str) -> None:
    head = f'rounding: {{line: "0.01", mode: {mode}}}'
    charges = "\n".join(
        f'  - {{code: {code}, {USE}, model: flat, price: "0.125", credit: {credit}}}'
        for code, credit in (("a", "false"), ("b", "true"))
    )
    found: dict[str, Any] = amounts(charges, head, **used("1"))
    assert ([found["a"], found["b"]], found["total"]) == (amounts_, total)


def test_an_event_is_rounded_and_kept_above_its_minimum_before_the_sum() -> None:
    charge = (
        '  - {code: c, type: event, meter: v, unit: s, round_each: "0.10", '
        'rates: [{steps: [{increment: "1", price: "0.01"}], minimum: "0.25", maximum: "1"}]}'
    )
    rows = [{"meter": "v", "quantity": quantity} for quantity in ("0", "7", "33", "900")]
    assert amounts(charge, usage=rows)["total"] == "1.60"  # 0, then 0.25 up to 0.30, 0.33 to 0.30, 1.00


def test_volume_finds_its_block_by_an_attribute() -> None:
    charge = f'  - {{code: e, {USE}, model: volume, select: {{attribute: amperes}}, tiers: [{{up_to: "16", price: "1"}}, {{price: "3"}}]}}'
    assert amounts(charge, **used("10"), account={"amperes": 16})["total"] == "10.00"
    assert amounts(charge, **used("10"), account={"amperes": 32})["total"] == "30.00"
