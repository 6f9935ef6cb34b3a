"""What came of measuring: columns aligned with the services asked for, and who cannot be billed and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import numpy as np

from core.metering.vee.estimate import METHODS, Column
from core.rating.model import Events


@dataclass(frozen=True, slots=True)
class Measured:
    """Usage of services in a period, per meter code (`energy`; `energy_export` for what was fed in).

    Columns are int64, aligned with `service_ids`, 0 where a service has no such meter. `quantity_micro` is what is to be
    billed, of which `estimated_micro` is not measured. `missing` of `expected` intervals (days, where a register is read by
    hand) were not there. `method` names the weakest way it took. `parked`: index of a service -> why it must not be billed.
    """

    service_ids: Sequence[int]
    quantity_micro: Mapping[str, Column]
    estimated_micro: Mapping[str, Column]
    missing: Mapping[str, Column]
    expected: Mapping[str, Column]
    method: Mapping[str, Sequence[str]]
    parked: Mapping[int, str] = field(default_factory=dict)
    events: Mapping[str, Events] = field(default_factory=dict)
    """When it was used, where that was asked for; all together `quantity_micro`."""
    split: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Index of a service -> the codes of a meter with several registers: each has to have its price."""


class Consumed(Protocol):
    """What one service was billed for: a row of `consumption`."""

    @property
    def service_id(self) -> int: ...
    @property
    def meter_code(self) -> str: ...
    @property
    def from_date(self) -> date: ...
    @property
    def to_date(self) -> date: ...
    @property
    def quantity_micro(self) -> int: ...
    @property
    def estimated_micro(self) -> int: ...
    @property
    def missing(self) -> int: ...
    @property
    def method(self) -> str: ...
    @property
    def invoice_id(self) -> int | None: ...


@dataclass(slots=True)
class Tally:
    """The columns of one meter code while they are added up."""

    quantity: Column
    estimated: Column
    missing: Column
    expected: Column
    method: Column

    @classmethod
    def empty(cls, size: int) -> "Tally":
        """Nothing yet, for `size` services."""
        return cls(*(np.zeros(size, dtype=np.int64) for _ in range(5)))


def gathered(service_ids: Sequence[int], tallies: Mapping[str, Tally], parked: Mapping[int, str]) -> Measured:
    """The tallies as the answer they become."""
    return Measured(
        service_ids,
        {code: tally.quantity for code, tally in tallies.items()},
        {code: tally.estimated for code, tally in tallies.items()},
        {code: tally.missing for code, tally in tallies.items()},
        {code: tally.expected for code, tally in tallies.items()},
        {code: [METHODS[at] for at in tally.method.tolist()] for code, tally in tallies.items()},
        parked,
    )
