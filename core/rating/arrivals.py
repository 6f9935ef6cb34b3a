"""Events of many accounts priced in the order they arrive, unsorted: a counter for each account, the price of an event is what
its account's total rises by.

The same integers as `online.price_of`, one event at a time: a compiled loop where numba is installed and there are many
events, else sorted columns, else (where 64 bits are not enough) Python's integers.
"""

from dataclasses import dataclass

import numpy as np

from core.rating import fast
from core.rating.errors import CannotRate
from core.rating.exact import LIMIT, Column, largest
from core.rating.online import Counter, Steps, price_of, steps_of
from core.rating.tariff import Tariff
from core.rating.times import Clockface
from core.rating.walk import extent, running_before, starts_of, sums


@dataclass(frozen=True, slots=True)
class Till:
    """Prices one measured charge for accounts 0 up to the length of `used`, which holds what each has used, in micro-units.

    Amounts are in minor units / `steps.denominator`.
    """

    tariff: Tariff
    code: str
    steps: Steps
    used: Column

    @staticmethod
    def of(tariff: Tariff, code: str, accounts: int) -> "Till":
        """A till on which nothing was used yet. Raises `CannotRate` for a charge that needs the whole period."""
        return Till(tariff, code, steps_of(tariff, code), np.zeros(accounts, dtype=np.int64))

    def take(self, account: Column, at: Column, quantity: Column) -> Column:
        """What each event costs; the counters move on. `at` are local seconds, `quantity` micro-units."""
        least, most = extent(quantity)
        first, last = extent(account)
        if least < 0 or first < 0 or last >= len(self.used):
            raise CannotRate(f"charge {self.code}", "an event is negative or of no known account", "correct the event")
        if len(account) == 0:
            return np.zeros(0, dtype=np.int64)
        dearest = max(max(row) for row in self.steps.prices)
        if max(most * max(dearest, 1), largest(self.used) + most * len(quantity)) > LIMIT:
            return self._one_by_one(account, at, quantity)
        face = None
        if self.steps.timed and self.tariff.times is not None:
            face = Clockface.over(self.tariff.times, *extent(at))
        if fast.worthwhile(len(account)):
            return fast.arrived(account, at, quantity, face, self.steps.table(), self.used)
        return self._sorted(account, at, quantity, face)

    def _sorted(self, account: Column, at: Column, quantity: Column, face: Clockface | None) -> Column:
        """With NumPy: each account's events brought together, in their order."""
        order = np.argsort(account, kind="stable")
        starts = starts_of(account[order], len(self.used))
        assert starts is not None
        sizes = quantity[order]
        before = running_before(starts, sizes) + self.used[account[order]]
        band = face.bands_at(at[order]) if face else np.zeros(len(order), dtype=np.int8)
        ends, prices = self.steps.table()
        cost, low = np.zeros(len(order), dtype=np.int64), 0
        for block, high in enumerate(ends):
            inside = np.clip(before + sizes, low, high) - np.clip(before, low, high)
            cost += inside * prices[:, block][band]
            low = high
        self.used[:] += sums(starts, sizes)
        result = np.empty_like(cost)
        result[order] = cost
        return result

    def _one_by_one(self, account: Column, at: Column, quantity: Column) -> Column:
        """With Python's integers, which know no largest."""
        price = price_of(self.tariff, self.code)
        costs = np.empty(len(account), dtype=object)
        for i, (who, moment, size) in enumerate(zip(account.tolist(), at.tolist(), quantity.tolist(), strict=True)):
            counter = Counter(int(self.used[who]))
            costs[i] = price(counter, moment, size)
            self.used[who] = counter.used
        return costs
