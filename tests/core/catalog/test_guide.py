"""The guide's tariffs are tariffs: every YAML block of it compiles, on its own or put into a whole one."""

import re
from pathlib import Path

import pytest
import yaml

from core.catalog.compile import load_tariff

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "write-a-tariff.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
WHOLE = """
tariff: guide
valid_from: 2026-01-01
currency: KES
"""
SHARED = {
    "times": "times: [{code: peak, to: '06:00'}, {code: off_peak}]\n",
    "charges": (
        "charges:\n  - {code: data, type: usage, meter: data, unit: MB, model: flat, price: '1'}\n"
        "  - {code: units, type: usage, meter: energy, unit: kWh, model: flat, price: '1'}\n"
    ),
}


@pytest.mark.parametrize("block", BLOCKS, ids=[block.strip().splitlines()[0][:40] for block in BLOCKS])
def test_a_block_of_the_guide_is_a_tariff(block: str) -> None:
    text = block if block.startswith("tariff:") else WHOLE + (block if block[0] != " " else "charges:\n" + block)
    text = text.replace("meter: data, unit: GB", "meter: cap, unit: GB")
    for name, more in SHARED.items():
        if name not in yaml.safe_load(text):
            text += more
    assert load_tariff(text).charges
