"""WMD Drenthe: a year of drinking water, with a tax on a tax."""

from tests.bills.paper import bill, example, printed

YEAR = {"from": "2015-01-01", "to": "2016-01-01"}


def test_120_cubic_metres_in_2015_cost_175_euro_54() -> None:
    """wmdenergie.nl, "Wat betaal ik eigenlijk voor drinkwater": the state's tax is in the base of the VAT."""
    assert bill(example("dutch-water"), period=YEAR, usage=[{"meter": "water", "quantity": "120"}]) == printed(
        """
        drinkwater | 120 m3 x 0.55    |  66.00
        vastrecht  | 1 period x 60.00 |  60.00
        bol 1      | 120 m3 x 0.330   |  39.60
        btw        | 6 %              |   9.94
        total      |                  | 175.54 EUR
        """
    )


def test_the_tax_on_tap_water_ends_at_300_cubic_metres() -> None:
    assert bill(example("dutch-water"), period=YEAR, usage=[{"meter": "water", "quantity": "350"}]) == printed(
        """
        drinkwater | 350 m3 x 0.55    | 192.50
        vastrecht  | 1 period x 60.00 |  60.00
        bol 1      | 300 m3 x 0.330   |  99.00
        bol 2      | 50 m3 x 0        |   0.00
        btw        | 6 %              |  21.09
        total      |                  | 372.59 EUR
        """
    )
