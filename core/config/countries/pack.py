"""What a country's law may say about money that is late: fields that differ from what holds everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALWAYS_PROTECTED = ({"kind": "life_support"}, {"kind": "medical"}, {"kind": "vulnerable"})
"""Kinds of customers whose service no operator of ours restricts, wherever it is."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One country's. `ladder` and `fees` are fields of `Ladder` and `Fees` of `core/config/collections.py`, which proves them."""

    ladder: Mapping[str, Any] = field(default_factory=dict)
    fees: Mapping[str, Any] = field(default_factory=dict)
    charge_while_off: bool = True
    """Whether days on which a line was shut may be charged for."""
