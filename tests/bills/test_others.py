"""uMhlathuze, Ergon, Bulb, Nigeria prepaid, Safaricom fibre: published bills that need one thing more each."""

from core.catalog.compile import load_tariff
from tests.bills.paper import asked, bill, example, printed

UMHLATHUZE = """
tariff: umhlathuze-1-phase-80a
valid_from: 2024-07-01
currency: ZAR
rounding: {line: "0.01"}
charges:
  - {code: energy, type: usage, meter: energy, unit: kWh, model: graduated,
     tiers: [{up_to: "50", price: "1.0793"}, {up_to: "350", price: "1.3831"}, {up_to: "600", price: "1.9651"},
             {up_to: "1500", price: "2.0546"}, {price: "2.3430"}]}
  - {code: service, type: fixed, per: month, price: "363.23"}
  - {code: vat, type: tax, percent: "15", of: "*"}
"""

ERGON_14 = """
tariff: ergon-14
valid_from: 2016-07-01
currency: AUD
rounding: {line: none, total: "0.01"}
charges:
  - {code: supply, type: fixed, per: day, price: "0.60514"}
  - {code: usage, type: usage, meter: energy, unit: kWh, model: flat, price: "0.14984"}
  - {code: demand, type: usage, meter: demand, unit: kW, model: demand, price: "61.79", per: month, year_days: "365.25"}
  - {code: gst, type: tax, percent: "10", of: "*"}
"""

BULB = """
tariff: bulb-vari-fair
valid_from: 2017-01-01
currency: GBP
rounding: {line: none, total: "0.01"}
charges:
  - {code: standing, type: fixed, per: day, price: "0.2456"}
  - {code: units, type: usage, meter: energy, unit: kWh, model: flat, price: "0.11949"}
"""

NIGERIA = """
tariff: ng-prepaid
valid_from: 2016-01-01
currency: NGN
buy: {meter: energy, step: "0.1", mode: half_up, taxes: gross}
charges:
  - {code: energy, type: usage, meter: energy, unit: kWh, model: flat, price: "25"}
  - {code: vat, type: tax, percent: "5", of: [energy]}
"""

FIBRE = """
tariff: safaricom-fibre-bronze
valid_from: 2022-01-01
currency: KES
charges:
  - {code: plan, type: fixed, price: "2999"}
fair_use:
  - {code: speed, meter: data, unit: GB, normal: {speed_mbps: "8"}, steps: [{above: "500", set: {speed_mbps: "1"}}]}
"""


def test_687_kilowatt_hours_in_umhlathuze_cost_1727_rand_48() -> None:
    """An exam's municipal tariff of 2024/25 (David Umhlathuze, askfilo.com), VAT on everything."""
    assert bill(load_tariff(UMHLATHUZE), usage=[{"meter": "energy", "quantity": "687"}]) == printed(
        """
        energy 1 | 50 kWh x 1.0793  |   53.97
        energy 2 | 300 kWh x 1.3831 |  414.93
        energy 3 | 250 kWh x 1.9651 |  491.28
        energy 4 | 87 kWh x 2.0546  |  178.75
        service  | 1 month x 363.23 |  363.23
        vat      | 15 %             |  225.32
        total    |                  | 1727.48 ZAR
        """
    )


def test_ergon_12a_charges_summer_afternoons_more() -> None:
    """qld-tariffs asserts 34.55 + 46.39 + 23.92 = 104.86 with GST in each; here GST is its own line."""
    january = {"from": "2017-01-01", "to": "2017-02-01"}
    usage = [
        {"meter": "energy", "quantity": "75.49", "at": "2017-01-03T15:00:00+10:00"},
        {"meter": "energy", "quantity": "109.5", "at": "2017-01-03T21:30:00+10:00"},
    ]
    assert bill(example("ergon-time-of-use"), period=january, usage=usage) == printed(
        """
        supply         | 31 day x 1.01306     |   31.40486
        usage peak     | 75.49 kWh x 0.55865  | 42.1724885
        usage off_peak | 109.5 kWh x 0.19859  |  21.745605
        gst            | 10 %                 | 9.53229535
        rounding       |                      | 0.00475115
        total          |                      | 104.86 AUD
        """
    )


def test_ergon_14_charges_the_highest_demand_by_days_of_an_average_month() -> None:
    """qld-tariffs: 31 days, 183.92 kWh, 0.700 kW give 99.41; the demand is for 31 * 12 / 365.25 months."""
    january = {"from": "2017-01-01", "to": "2017-02-01"}
    usage = [{"meter": "energy", "quantity": "183.92"}, {"meter": "demand", "quantity": "0.700"}]
    given = asked(load_tariff(ERGON_14), period=january, usage=usage)
    assert given["total"] == "99.41"
    lines = {line["code"]: line["amount"] for line in given["lines"]}
    assert (lines["supply"], lines["usage"], lines["demand"]) == ("18.75934", "27.5585728", "44.052336755647")


def test_167_kilowatt_hours_of_bulb_are_27_pounds_57() -> None:
    """Readings 18453 on 2017-07-31 and 18620 on 2017-08-31 (KamilWo/energy-usage)."""
    august = {"from": "2017-07-31", "to": "2017-08-31"}
    assert bill(load_tariff(BULB), period=august, usage=[{"meter": "energy", "quantity": "167"}]) == printed(
        """
        standing | 31 day x 0.2456     |   7.6136
        units    | 167 kWh x 0.11949   | 19.95483
        rounding |                     |  0.00157
        total    |                     | 27.57 GBP
        """
    )


def test_10000_naira_buy_380_units_where_vat_is_taken_of_the_gross() -> None:
    """naijaholic.com (2016); with VAT on the net it would be 380.95."""
    assert bill(load_tariff(NIGERIA), buy="10000") == printed(
        """
        energy | 380 kWh x 25 |  9500.00
        vat    | 5 %          |   500.00
        total  |              | 10000.00 NGN
        units  |              |   380
        """
    )
    net = asked(load_tariff(NIGERIA.replace(", taxes: gross", "")), buy="10000")
    assert net["units"] == "381"


def test_beyond_500_gigabytes_a_fibre_plan_is_slower_and_costs_the_same() -> None:
    """Safaricom Home Fibre Bronze: fair use changes the service, not the price."""
    over = asked(load_tariff(FIBRE), usage=[{"meter": "data", "quantity": "501"}])
    within = asked(load_tariff(FIBRE), usage=[{"meter": "data", "quantity": "500"}])
    assert (over["total"], over["service"]) == ("2999.00", {"speed": {"speed_mbps": "1"}})
    assert (within["total"], within["service"]) == ("2999.00", {"speed": {"speed_mbps": "8"}})
