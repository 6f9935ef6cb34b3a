"""What happens to purchases of units, for others to follow."""

from dataclasses import dataclass

from core.facts import Fact
from core.vending.model import Vend


@dataclass(frozen=True, slots=True)
class NotVended(Fact):
    """There will be no token, and the money for the units is free again."""

    vend: Vend
