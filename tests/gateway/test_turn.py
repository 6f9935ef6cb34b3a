from pathlib import Path

from core.house import House
from tests.gateway.talking import Phone, a_customer, counter


async def test_a_customer_dials_and_her_balance_stands_on_the_first_line(house: House, tmp_path: Path) -> None:
    await a_customer(house)
    async with counter(house, tmp_path) as client:
        screen = await Phone(client).dial()
    assert screen.startswith("CON Mwangaza Power\nYou owe nothing\n1. Balance\n")
