"""What happens in payments, for others to follow."""

from dataclasses import dataclass

from core.facts import Fact


@dataclass(frozen=True, slots=True)
class PaymentReceived(Fact):
    """Money found its account."""

    receipt_id: int


@dataclass(frozen=True, slots=True)
class PaymentFailed(Fact):
    """A payment failed for good."""

    attempt_id: int


@dataclass(frozen=True, slots=True)
class PaymentReversed(Fact):
    """A receipt was taken back, whole or in part; its bills are open again."""

    receipt_id: int
