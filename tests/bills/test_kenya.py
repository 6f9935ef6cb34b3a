"""Kenya Power, domestic ordinary: bills of the `stima-data` simulator (GitHub bmurithi/stima-data), rates of May 2021 and July 2023."""

from core.catalog.compile import load_tariff
from tests.bills.paper import bill, example, printed

MAY_2021 = """
tariff: kplc-dc-o
valid_from: 2021-05-01
currency: KES
rounding: {line: "0.01", total: "1", mode: half_up, code: rounding_adjustment}
charges:
  - {code: consumption, type: usage, meter: energy, unit: kWh, model: flat, price: "15.80"}
  - {code: fuel_cost, type: usage, meter: energy, unit: kWh, model: flat, price: "2.92"}
  - {code: forex, type: usage, meter: energy, unit: kWh, model: flat, price: "0.67"}
  - {code: inflation, type: usage, meter: energy, unit: kWh, model: flat, price: "0.37"}
  - {code: erc_epra, type: usage, meter: energy, unit: kWh, model: flat, price: "0.03"}
  - {code: rep, type: percent, percent: "5", of: [consumption]}
  - {code: wra, type: usage, meter: energy, unit: kWh, model: flat, price: "0.0180"}
  - {code: vat, type: tax, percent: "16", of: [consumption, fuel_cost, forex, inflation]}
"""

PREPAID = """
tariff: kplc-prepaid
valid_from: 2013-12-01
currency: KES
rounding: {line: "0.01"}
buy: {meter: energy, step: "0.1", mode: half_up}
charges:
  - {code: fixed, type: fixed, price: "150", first_purchase: true}
  - {code: energy, type: usage, meter: energy, unit: kWh, model: graduated,
     tiers: [{up_to: "50", price: "2.50"}, {up_to: "1500", price: "13.68"}, {price: "20.57"}]}
  - {code: fuel_cost, type: usage, meter: energy, unit: kWh, model: flat, price: "5.71"}
  - {code: forex, type: usage, meter: energy, unit: kWh, model: flat, price: "0.17"}
  - {code: wra, type: usage, meter: energy, unit: kWh, model: flat, price: "0.05"}
  - {code: inflation, type: usage, meter: energy, unit: kWh, model: flat, price: "0.18"}
  - {code: rep, type: percent, percent: "5", of: [energy]}
  - {code: erc, type: usage, meter: energy, unit: kWh, model: flat, price: "0.03"}
  - {code: vat, type: tax, percent: "16", of: [fixed, energy, fuel_cost, forex]}
"""


def test_one_kilowatt_hour_in_may_2021_is_24_shillings() -> None:
    assert bill(load_tariff(MAY_2021), usage=[{"meter": "energy", "quantity": "1"}]) == printed(
        """
        consumption         | 1 kWh x 15.80  | 15.80
        fuel_cost           | 1 kWh x 2.92   |  2.92
        forex               | 1 kWh x 0.67   |  0.67
        inflation           | 1 kWh x 0.37   |  0.37
        erc_epra            | 1 kWh x 0.03   |  0.03
        rep                 | 5 %            |  0.79
        wra                 | 1 kWh x 0.0180 |  0.02
        vat                 | 16 %           |  3.16
        rounding_adjustment |                |  0.24
        total               |                | 24.00 KES
        """
    )


def test_the_block_of_july_2023_is_found_by_the_average_of_three_months() -> None:
    """Published for 0.07 kWh in band DC02; the printed bill leaves its rounding of 0.12 out."""
    months = [{"meter": "energy", "quantity": kwh} for kwh in ("45", "50", "55")]
    assert bill(example("kenya-domestic"), usage=[{"meter": "energy", "quantity": "0.07"}], history=months) == printed(
        """
        consumption 2 | 0.07 kWh x 16.54  | 1.16
        fuel_cost     | 0.07 kWh x 4.00   | 0.28
        forex         | 0.07 kWh x 1.73   | 0.12
        inflation     | 0.07 kWh x 0.23   | 0.02
        epra          | 0.07 kWh x 0.08   | 0.01
        wra           | 0.07 kWh x 0.0150 | 0.00
        rep           | 5 %               | 0.06
        vat           | 16 %              | 0.23
        rounding      |                   | 0.12
        total         |                   | 2.00 KES
        """
    )


def test_42_kilowatt_hours_of_a_new_customer_are_priced_by_their_own_use() -> None:
    """The quote of the contract: no history, so this period's own quantity finds the block."""
    assert bill(
        example("kenya-domestic"), account={"persons": 4}, usage=[{"meter": "energy", "quantity": "42"}]
    ) == printed(
        """
        consumption 2 | 42 kWh x 16.54  | 694.68
        fuel_cost     | 42 kWh x 4.00   | 168.00
        forex         | 42 kWh x 1.73   |  72.66
        inflation     | 42 kWh x 0.23   |   9.66
        epra          | 42 kWh x 0.08   |   3.36
        wra           | 42 kWh x 0.0150 |   0.63
        rep           | 5 %             |  34.73
        vat           | 16 %            | 138.03
        rounding      |                 |   0.25
        total         |                 | 1122.00 KES
        """
    )


def test_500_shillings_buy_32_point_3_units_at_the_first_purchase_of_the_month() -> None:
    """pulselive.co.ke, "How Kenya Power tokens work"; its lines are those of 32.3 units and sum to 500.42."""
    assert bill(load_tariff(PREPAID), buy="500") == printed(
        """
        fixed     | 1 period x 150    | 150.00
        energy 1  | 32.3 kWh x 2.50   |  80.75
        fuel_cost | 32.3 kWh x 5.71   | 184.43
        forex     | 32.3 kWh x 0.17   |   5.49
        wra       | 32.3 kWh x 0.05   |   1.62
        inflation | 32.3 kWh x 0.18   |   5.81
        rep       | 5 %               |   4.04
        erc       | 32.3 kWh x 0.03   |   0.97
        vat       | 16 %              |  67.31
        rounding  |                   |  -0.42
        total     |                   | 500.00 KES
        units     |                   |  32.3
        """
    )


def test_the_second_purchase_of_the_month_pays_no_fixed_charge_and_reaches_the_second_block() -> None:
    """Units 32.4 to 50 at the first price, the rest at the second; computed from the same rates."""
    assert bill(load_tariff(PREPAID), billed=[{"meter": "energy", "quantity": "32.3"}], buy="500") == printed(
        """
        energy 1  | 17.7 kWh x 2.50  |  44.25
        energy 2  | 13.6 kWh x 13.68 | 186.05
        fuel_cost | 31.3 kWh x 5.71  | 178.73
        forex     | 31.3 kWh x 0.17  |   5.32
        wra       | 31.3 kWh x 0.05  |   1.56
        inflation | 31.3 kWh x 0.18  |   5.64
        rep       | 5 %              |  11.51
        erc       | 31.3 kWh x 0.03  |   0.94
        vat       | 16 %             |  66.29
        rounding  |                  |  -0.29
        total     |                  | 500.00 KES
        units     |                  |  31.3
        """
    )
