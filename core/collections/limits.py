"""How far an account has used its credit limit, and what crossing a threshold leads to. Pure.

Exposure is what no bill has yet, what is open of bills, and what is being paid just now, because that payment may not arrive; less what
was paid beforehand. A contested cent is no part of it. Each crossing tells its two thresholds once; it is over when less than the warning
is used again.
"""

from dataclasses import dataclass, replace

WARNED, REACHED = 1, 2


@dataclass(frozen=True, slots=True)
class Owes:
    """What an account has used and not paid, in minor units; `pending` is never a part of `open`."""

    unbilled_minor: int = 0
    open_minor: int = 0
    pending_minor: int = 0
    credit_minor: int = 0
    guessed: bool = False

    @property
    def total_minor(self) -> int:
        """The exposure."""
        return max(0, self.unbilled_minor + self.open_minor + self.pending_minor - self.credit_minor)


@dataclass(frozen=True, slots=True)
class Exposure:
    """An account's exposure against its limit, and what was told of it. None as the limit: there is none (any more)."""

    account_id: int
    limit_minor: int | None
    owes: Owes
    round: int = 0
    told: int = 0
    barred: bool = False
    why: str | None = None

    @property
    def percent(self) -> int:
        """How much of the limit is used, in whole percent downwards."""
        if self.limit_minor is None:
            return 0
        if not self.limit_minor:
            return 100 if self.owes.total_minor else 0
        return self.owes.total_minor * 100 // self.limit_minor

    @property
    def reached(self) -> bool:
        """Whether the limit is used up."""
        return self.percent >= 100

    @property
    def key(self) -> str:
        """Of the word that the limit is reached, in this crossing."""
        return f"limit:{self.account_id}:{self.round}:{REACHED}"


def moved_on(before: Exposure, warn_percent: int) -> tuple[Exposure, int]:
    """The exposure with what is to be told noted in it, and which threshold that is (0: none); the higher where two are jumped."""
    stands = REACHED if before.reached else WARNED if before.percent >= warn_percent else 0
    if stands > before.told:
        return replace(before, told=stands), stands
    if not stands and before.told:
        return replace(before, told=0, round=before.round + 1, why=None), 0
    return before, 0
