"""The events that a walk goes along (`walk.py` with NumPy, `fast.py` with numba): columns sorted by account and time."""

from dataclasses import dataclass

import numpy as np

from core.rating.exact import Column


@dataclass(frozen=True, slots=True)
class Trail:
    """Events of `size` accounts, sorted by account and time: quantities (whole numbers, none negative) and their periods.

    Either `bands` (a period per event), or `face` (slot table, origin and slot seconds) with `at`; with neither, all
    events are of one period. `top`: a bound of the quantities, where one is known.
    """

    size: int
    account: Column
    quantity: Column
    bands: Column | None = None
    at: Column | None = None
    face: tuple[Column, int, int] | None = None
    top: int | None = None

    def band_of(self, rows: slice) -> Column | None:
        """The period of some events."""
        if self.bands is not None:
            return self.bands[rows]
        if self.face is None or self.at is None:
            return None
        table, origin, seconds = self.face
        return np.asarray(table[(self.at[rows] - origin) // seconds])
