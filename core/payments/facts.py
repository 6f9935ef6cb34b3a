"""What happens in payments, for others to follow."""

from dataclasses import dataclass

from core.facts import Fact


@dataclass(frozen=True, slots=True)
class Received(Fact):
    """Money found its account."""

    receipt_id: int


@dataclass(frozen=True, slots=True)
class Failed(Fact):
    """A payment failed for good."""

    attempt_id: int


@dataclass(frozen=True, slots=True)
class Reversed(Fact):
    """A receipt was taken back, whole or in part; its bills are open again."""

    receipt_id: int
