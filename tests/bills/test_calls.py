"""Calls and data: the rating cases of the CGRateS test suite (github.com/cgrates/cgrates), and a mobile plan of 1999."""

import pytest

from core.catalog.compile import load_tariff
from tests.bills.paper import asked, bill, example, printed

EVENING = """
tariff: vdf-rif-evening
valid_from: 2012-01-01
currency: EUR
times:
  - {code: day, days: mon-fri, from: "00:00", to: "18:00"}
  - {code: evening}
destinations: {national: ["0256", "0257", "0723"]}
charges:
  - {code: calls, type: event, meter: voice, unit: s,
     rates: [{to: [national], connect: {day: "1", evening: "0"}, steps: [{increment: "1", price: {day: "1", evening: "0.5"}}]}]}
"""

DATA = """
tariff: rt-data-2c
valid_from: 2012-01-01
currency: EUR
rounding: {line: none, total: "0.0001"}
charges:
  - {code: data, type: event, meter: data, unit: unit, rates: [{steps: [{increment: "10", price: "0.002", per: "10"}]}]}
"""

TWENTY_CENTS = """
tariff: rt-20cnt
valid_from: 2012-01-01
currency: EUR
charges:
  - {code: calls, type: event, meter: voice, unit: s, rates: [{connect: "0.4", steps: [
      {increment: "60", price: "0.2", per: "60"}, {from: "60", increment: "1", price: "0.1", per: "60"}]}]}
"""


def test_a_call_over_the_evening_boundary_is_split_there() -> None:
    """17:30 to 18:30: connect 1 of the day, 1800 s at 1, 1800 s at 0.5."""
    call = {"meter": "voice", "at": "2012-02-02T17:30:00Z", "until": "2012-02-02T18:30:00Z", "destination": "0256"}
    given = asked(load_tariff(EVENING), period={"from": "2012-02-01", "to": "2012-03-01"}, usage=[call])
    assert given["total"] == "2701.00"


@pytest.mark.parametrize(
    ("seconds", "total"),
    [("0", "0.00"), ("1", "2.00"), ("1800", "1801.00")],
    ids=["no connect fee for a call of no length", "one second", "up to the boundary"],
)
def test_a_call_pays_the_connect_fee_of_the_time_it_starts_in(seconds: str, total: str) -> None:
    call = {"meter": "voice", "at": "2012-02-02T17:30:00Z", "quantity": seconds, "destination": "0723444"}
    given = asked(load_tariff(EVENING), period={"from": "2012-02-01", "to": "2012-03-01"}, usage=[call])
    assert given["total"] == total


def test_640113_units_of_data_are_64012_started_tens() -> None:
    given = asked(load_tariff(DATA), usage=[{"meter": "data", "quantity": "640113"}])
    assert given["total"] == "128.024"


def test_two_minutes_are_one_first_minute_and_sixty_seconds() -> None:
    """CGRateS asserts 0.7002, because it rounds each second up to five decimals; exactly it is 0.70."""
    given = asked(load_tariff(TWENTY_CENTS), usage=[{"meter": "voice", "quantity": "120"}])
    assert given["total"] == "0.70"


def test_a_month_of_precept_100_uses_its_hundred_minutes_first() -> None:
    """One2One Precept 100 of 1999, computed from its published table: 90 + 20 minutes, 100 of them included."""
    usage = [
        {"meter": "voice", "at": "1999-11-01T09:00:00", "until": "1999-11-01T10:30:00", "destination": "0207123456"},
        {"meter": "voice", "at": "1999-11-02T18:50:00", "until": "1999-11-02T19:10:00", "destination": "07956123456"},
        {"meter": "voice", "at": "1999-11-06T18:50:00", "quantity": "3.02", "destination": "07777123456"},
        {"meter": "sms", "quantity": "12", "destination": "07777123456"},
    ]
    # gross 25.00 + 10 x 0.10 + 3.05 x 0.20 + 1.20 = 27.81, of which VAT 17.5 / 117.5
    assert bill(example("mobile-bundle"), period={"from": "1999-11-01", "to": "1999-12-01"}, usage=usage) == printed(
        """
        included_minutes    | 100 min                       |  0.00
        rental              | 1 month x 25.00               | 21.28
        calls landline      | 0 min x 0.05 / 0.05 / 0.05    |  0.00
        calls own_mobiles   | 10 min x 0.10 / 0.10 / 0.10   |  0.85
        calls other_mobiles | 3.05 min x 0.20 / 0.20 / 0.20 |  0.52
        texts               | 12 message x 0.10             |  1.02
        vat                 | 17.5 %                        |  4.14
        total               |                               | 27.81 GBP
        """
    )
