"""The events that a walk goes along (`walk.py` with NumPy, `fast.py` with numba): columns sorted by account and time."""

from dataclasses import dataclass

import numpy as np

from core.rating.exact import Column
from core.rating.times import Clockface


@dataclass(frozen=True, slots=True)
class Trail:
    """Events of some accounts: those of account i are `starts[i]` up to `starts[i + 1]`; quantities are whole, none negative.

    Their times of use are either `bands` (one per event), or found on `face` by `at`; with neither, all are of one time.
    `top`: a bound of the quantities, where one is known.
    """

    starts: Column
    quantity: Column
    bands: Column | None = None
    at: Column | None = None
    face: Clockface | None = None
    top: int | None = None

    @property
    def size(self) -> int:
        """How many accounts."""
        return len(self.starts) - 1

    def band_of(self, rows: slice, slots: Column) -> Column:
        """The time of use of some events; `slots` is room to work in."""
        if self.bands is not None:
            return self.bands[rows]
        if self.face is None or self.at is None:
            return np.zeros(rows.stop - rows.start, dtype=np.int8)
        return self.face.bands_at(self.at[rows], slots)
