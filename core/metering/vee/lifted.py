"""Services that a person wants billed though their usage is not fit to be billed: by what is there, else by so much that they said.

The bill is marked as an estimate. What comes in later puts it right like any other estimate (`late.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from core.metering.consumption.measured import Tally
from core.metering.consumption.timed import Grain, Run
from core.metering.vee.estimate import AVERAGE
from core.rating.times import DAY_MINUTES, DAY_SECONDS, EPOCH

Lifted = dict[int, dict[str, int]]
"""Service -> what its meters (by the tariff's code) are to be billed for, in micro-units, where they say too little themselves."""


def share(micro: int, whole: tuple[date, date], part: tuple[date, date]) -> int:
    """The part of a quantity that falls on some days of a period; the parts of a period come to the whole."""
    days = (whole[1] - whole[0]).days
    first, last = (min(max(0, (day - whole[0]).days), days) for day in part)
    return micro * last // days - micro * first // days


def put(
    tallies: dict[str, Tally],
    size: int,
    silent: Mapping[int, str],
    service_ids: Sequence[int],
    lifted: Lifted,
    days: int,
) -> list[int]:
    """Write what was said for the `silent` services of `lifted` into the tallies; their indexes."""
    text = [at for at in silent if lifted.get(service_ids[at])]
    for at in text:
        for code, micro in lifted[service_ids[at]].items():
            tally = tallies.setdefault(code, Tally.empty(size))
            tally.quantity[at] = tally.estimated[at] = micro
            tally.missing[at] = tally.expected[at] = days
            tally.method[at] = AVERAGE
    return text


def runs(
    told: Sequence[int], service_ids: Sequence[int], lifted: Lifted, from_: date, to: date, grain: Grain
) -> list[Run]:
    """The same spread evenly over the days, as finely as a tariff asks for."""
    minutes = DAY_MINUTES if grain.by_day else grain.exactly or grain.longest
    slots = (to - from_).days * (DAY_MINUTES // minutes)
    at = (from_ - EPOCH).days * DAY_SECONDS + np.arange(slots, dtype=np.int64) * minutes * 60
    rows = []
    for index in told:
        for code, micro in lifted[service_ids[index]].items():
            edges = np.array([micro * slot // slots for slot in range(slots + 1)], dtype=np.int64)
            rows.append(Run(index, code, at, np.diff(edges)))
    return rows
