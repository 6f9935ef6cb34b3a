"""A compiled tariff: frozen values that the catalogue makes from a document and that rating reads and never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.terms import Condition, Terms


class Charge(Protocol):
    """One entry of the tariff's `charges`."""

    @property
    def code(self) -> str:
        """Its name on the bill."""
        ...

    @property
    def kind(self) -> str:
        """usage, event, fixed, percent, tax, discount, minimum, maximum or commitment."""
        ...

    @property
    def when(self) -> Condition | None:
        """When it applies; None is always."""
        ...

    def parts(self, sheet: Worksheet) -> Sequence[Part]:
        """Its lines before rounding; the same number of them for every batch."""
        ...


@dataclass(frozen=True, slots=True)
class Tariff(Terms):
    """A tariff of one version, ready to price: its terms and its charges in bill order."""

    charges: tuple[Charge, ...] = ()
