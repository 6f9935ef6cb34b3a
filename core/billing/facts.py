"""What happens in billing, for others to follow."""

from dataclasses import dataclass

from core.billing.model import FinalBill
from core.facts import Fact


@dataclass(frozen=True, slots=True)
class Finalised(Fact):
    """A partition of a run became final: these bills, all of one closing day and one currency."""

    bills: tuple[FinalBill, ...]
