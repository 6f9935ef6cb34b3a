"""The port of a vending system: an amount becomes a token for a meter, once for a key.

Answers are the outcomes of every remote system (`core/outcome.py`): refused and not reached say that nothing was vended; what is unknown is
asked about by its key, and never asked for again.
"""

from dataclasses import dataclass
from typing import Protocol

from core.outcome import Done, NotReached, Refusal, Unknown


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What we ask for. `units_micro` is what our tariff makes of the amount; None leaves it to the vending system."""

    key: str
    serial: str
    amount_minor: int
    currency: str
    units_micro: int | None


@dataclass(frozen=True, slots=True)
class Vended(Done):
    """A token: its digits as a text."""

    token: str
    units_micro: int
    provider_ref: str


Answer = Vended | Refusal | NotReached | Unknown
"""Asked about a key, a refusal with the code `UNKNOWN_TO_PROVIDER` says that nothing was vended under it."""


class Vendor(Protocol):
    """A vending system."""

    async def vend(self, wanted: TokenRequest) -> Answer:
        """Ask for a token."""

    async def query(self, key: str) -> Answer:
        """What became of a key."""
