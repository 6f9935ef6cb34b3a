"""Vietnam: EVN's household electricity in six steps, and Ho Chi Minh City's water by the person."""

from core.catalog.compile import load_tariff
from tests.bills.paper import bill, example, printed

TAN_HOA_2019 = """
tariff: tan-hoa-water
valid_from: 2013-01-01
currency: VND
charges:
  - {code: water, type: usage, meter: water, unit: m3, model: graduated, blocks: {scale_by: persons},
     tiers: [{up_to: "4", price: "5300"}, {up_to: "6", price: "10200"}, {price: "11400"}]}
  - {code: environment_fee, type: percent, percent: "10", of: [water]}
  - {code: vat, type: tax, percent: "5", of: [water]}
"""


def test_410_kilowatt_hours_climb_all_six_steps() -> None:
    """EVN SPC's own worked example, decision 2256/QD-BCT (2015)."""
    assert bill(example("vietnam-six-steps"), usage=[{"meter": "energy", "quantity": "410"}]) == printed(
        """
        energy 1 | 50 kWh x 1484  |  74200
        energy 2 | 50 kWh x 1533  |  76650
        energy 3 | 100 kWh x 1786 | 178600
        energy 4 | 100 kWh x 2242 | 224200
        energy 5 | 100 kWh x 2503 | 250300
        energy 6 | 10 kWh x 2587  |  25870
        vat      | 10 %           |  82982
        total    |                | 912802 VND
        """
    )


def test_nine_days_of_a_month_have_steps_of_nine_days() -> None:
    """9 of 30 days: steps of 15, 15, 30 ... kWh; computed from the same rates."""
    assert bill(
        example("vietnam-six-steps"),
        period={"from": "2015-06-01", "to": "2015-07-01", "fraction": "9/30"},
        usage=[{"meter": "energy", "quantity": "40"}],
    ) == printed(
        """
        energy 1 | 15 kWh x 1484 | 22260
        energy 2 | 15 kWh x 1533 | 22995
        energy 3 | 10 kWh x 1786 | 17860
        vat      | 10 %          |  6312
        total    |               | 69427 VND
        """
    )


def test_one_person_using_40_cubic_metres_of_water_pays_542200_before_tax() -> None:
    """Decision 25/2019/QD-UBND as worked by lawnet.vn: 542,200 before VAT and the environment fee."""
    assert bill(
        example("water-per-person"), account={"persons": 1}, usage=[{"meter": "water", "quantity": "40"}]
    ) == printed(
        """
        water 1         | 4 m3 x 6700   |  26800
        water 2         | 2 m3 x 12900  |  25800
        water 3         | 34 m3 x 14400 | 489600
        environment_fee | 10 %          |  54220
        vat             | 5 %           |  27110
        total           |               | 623530 VND
        """
    )


def test_two_persons_share_blocks_twice_as_wide() -> None:
    """Tan Hoa's published all-in prices (6,095 and 11,730) times 8 and 4 m3 give the same 95,680."""
    assert bill(
        load_tariff(TAN_HOA_2019), account={"persons": 2}, usage=[{"meter": "water", "quantity": "12"}]
    ) == printed(
        """
        water 1         | 8 m3 x 5300  | 42400
        water 2         | 4 m3 x 10200 | 40800
        environment_fee | 10 %         |  8320
        vat             | 5 %          |  4160
        total           |              | 95680 VND
        """
    )
    assert 8 * 6095 + 4 * 11730 == 95680
