"""The port of a vending system: an amount becomes a token for a meter, once for a key.

Answers are values. `Declined` and `Unreached` say that nothing was vended, `Unanswered` that nobody knows: that one is asked about
by its key, and never asked for again.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What we ask for. `units_micro` is what our tariff makes of the amount; None leaves it to the vending system."""

    key: str
    serial: str
    amount_minor: int
    currency: str
    units_micro: int | None


@dataclass(frozen=True, slots=True)
class Vended:
    """A token: its digits as a text."""

    token: str
    units_micro: int
    provider_ref: str


@dataclass(frozen=True, slots=True)
class Declined:
    """It said no, for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    """It does not know the key: nothing was vended under it."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """It surely never heard us."""

    why: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A timeout, a broken connection, an answer that says nothing: there may be a token."""

    why: str


Answer = Vended | Declined | Unreached | Unanswered
Told = Vended | Declined | Missing | Unreached | Unanswered


class Vendor(Protocol):
    """A vending system."""

    async def vend(self, wanted: TokenRequest) -> Answer:
        """Ask for a token."""

    async def query(self, key: str) -> Told:
        """What became of a key."""
