"""How fast rating is against its limit: reading the same columns and writing the result once, in the same run.

The load is the one of performance.md: events of accounts with twenty each, sorted, an allowance, four graduated blocks and
two times of use, through the general engine (`rate`), not through a kernel made for it.

`--big` (or `HODI_BENCH_EVENTS=10000000`) adds the largest size.
"""

import os
import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.catalog.compile import load_tariff
from core.rating import fast
from core.rating.arrivals import Till
from core.rating.model import Batch, Events, Rated
from core.rating.online import Counter, price_of
from core.rating.quote import QuoteRequest, Row, quote
from core.rating.rate import rate
from core.rating.sheet import Worksheet
from core.rating.times import DAY_SECONDS, EPOCH
from core.rating.trail import Trail
from core.rating.walk import through

Figure = dict[str, Any]
SIZES = (10_000, 100_000, 1_000_000)
EVENTS_EACH = 20
JULY = (date(2023, 7, 1), date(2023, 8, 1))
START = (JULY[0] - EPOCH).days * DAY_SECONDS

TARIFF = """
tariff: bench
valid_from: 2023-01-01
currency: KES
times: [{code: peak, days: mon-fri, from: "07:00", to: "22:00"}, {code: off_peak}]
allowances: [{code: free, meter: energy, unit: kWh, units: "20", charges: [energy]}]
charges:
  - {code: energy, type: usage, meter: energy, unit: kWh, model: graduated, tiers: [
      {up_to: "50", price: {peak: "12.23", off_peak: "6.10"}}, {up_to: "100", price: {peak: "16.54", off_peak: "8.20"}},
      {up_to: "200", price: {peak: "20.58", off_peak: "10.30"}}, {price: {peak: "25.00", off_peak: "12.50"}}]}
"""
BOUNDS = (20_000_000, 70_000_000, 120_000_000, 220_000_000)
PRICES = ((0, 0), (1223, 610), (1654, 820), (2058, 1030), (2500, 1250))


def made(events: int) -> Batch:
    """A batch of that many events, the same each time."""
    random = np.random.default_rng(1)
    size = max(events // EVENTS_EACH, 1)
    account = np.repeat(np.arange(size, dtype=np.int64), EVENTS_EACH)[:events]
    at = random.integers(0, 31 * DAY_SECONDS, (size, EVENTS_EACH)) + START
    at.sort(axis=1)
    quantity = random.integers(0, 20_000_000, events)
    return Batch(size, *JULY, events={"energy": Events(account, at.ravel()[:events], quantity)})


def best(work: Callable[[], object], times: int = 3, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of the quickest of some runs: of the processor, which other work on the machine does not take from us."""
    found = []
    for _ in range(times):
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)


def reading(batch: Batch) -> Callable[[], None]:
    """The limit: read the columns once and write what is the result once, a quantity per account, time and block."""
    events = batch.events["energy"]
    columns = [column for column in (events.account, events.at, events.quantity) if column is not None]
    out = np.empty(batch.size * 10, dtype=np.int64)

    def touch() -> None:
        for column in columns:
            column.max()
        out.fill(1)

    return touch


def paired(
    limit: Callable[[], object], work: Callable[[], object], times: int = 7, threads: int = 1
) -> tuple[float, float]:
    """Seconds of the limit and of the work, taken in turns so that a busy machine slows both; of the wall for threads."""
    clock = time.process_time if threads == 1 else time.perf_counter
    pairs = [(best(limit, 1, clock), best(work, 1, clock)) for _ in range(times)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def by_hand(batch: Batch) -> NDArray[np.int64]:
    """The same bill written in NumPy for this one tariff, as one would at first."""
    events = batch.events["energy"]
    account, at, quantity = events.account, events.at, events.quantity
    assert at is not None
    minute = at // 60 % 1440
    weekday = (at // DAY_SECONDS + 3) % 7
    off = ~((weekday < 5) & (minute >= 420) & (minute < 1320))
    running = np.cumsum(quantity)
    first = np.searchsorted(account, np.arange(batch.size))
    after = running - (running[first] - quantity[first])[account]
    cost = np.zeros(len(account), dtype=np.int64)
    low = 0
    for bound, (peak, cheap) in zip((*BOUNDS, 2**62), PRICES, strict=True):
        inside = np.clip(after, low, bound) - np.clip(after - quantity, low, bound)
        cost += inside * np.where(off, cheap, peak)
        low = bound
    return np.asarray(np.add.reduceat(cost, first))


def peak_mb(work: Callable[[], object]) -> float:
    """Most memory at once that the work itself took."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def figure(name: str, events: int, seconds: tuple[float, float], peak: float) -> Figure:
    """Millions of events a second, against the limit."""
    limit, ours = seconds
    return {
        "name": name,
        "value": events / ours / 1e6,
        "unit": "M events/s",
        "limit": events / limit / 1e6,
        "ratio": limit / ours,
        "peak_mb": peak,
    }


def whole_runs(events: int) -> list[Figure]:
    """Batches through `rate`, with numba and without, one thread and two, and by hand."""
    tariff, batch = load_tariff(TARIFF), made(events)
    limit = reading(batch)
    columns = batch.events["energy"].quantity.nbytes * 3 / 2**20
    figures = [
        figure(f"rating by hand in NumPy, {events:,} events", events, paired(limit, lambda: by_hand(batch), 3), columns)
    ]
    engines = [("NumPy", False)] + ([("numba", True)] if fast.installed() else [])
    for engine, used in engines:
        fast.USED = used
        if used:
            rate(tariff, made(fast.MANY_EVENTS))
        peak = columns + peak_mb(lambda: rate(tariff, batch))
        figures.append(_memory(engine, events, peak, columns + out_mb(rate(tariff, batch))))
        for threads in (1, 2):
            work = partial(rate, tariff, batch, threads)
            seconds = paired(limit, work, threads=threads)
            name = f"rating, {engine}, {threads} thread{'s' * (threads > 1)}, {events:,} events"
            figures.append(figure(name, events, seconds, peak))
        figures.append(
            figure(f"its walk alone, {engine}, {events:,} events", events, paired(limit, walking(batch)), peak)
        )
        figures.append(
            figure(f"online, unsorted, {engine}, {events:,} events", events, paired(limit, arriving(batch), 3), 0.0)
        )
    fast.USED = True
    return figures


def arriving(batch: Batch) -> Callable[[], object]:
    """The same events in no order, each priced as it arrives against its account's counter."""
    tariff, events = load_tariff(TARIFF), batch.events["energy"]
    order = np.random.default_rng(2).permutation(len(events))
    assert events.at is not None
    account, at, quantity = events.account[order], events.at[order], events.quantity[order]
    return lambda: Till.of(tariff, "energy", batch.size).take(account, at, quantity)


def out_mb(rated: Rated) -> float:
    """What the result takes: every column of it once."""
    columns = [rated.total, *(left.units for buckets in rated.left.values() for left in buckets)]
    for line in rated.lines:
        columns += [line.amount, line.present, *([] if line.quantity is None else [line.quantity])]
    return sum(column.nbytes for column in {id(column): column for column in columns}.values()) / 2**20


def _memory(engine: str, events: int, peak: float, least: float) -> Figure:
    """Most memory at once, against one and a half times the columns in and out."""
    name, limit = f"peak memory, {engine}, {events:,} events", 1.5 * least
    return {"name": name, "value": peak, "unit": "MB", "limit": limit, "ratio": limit / peak, "peak_mb": peak}


def walking(batch: Batch) -> Callable[[], object]:
    """Only the walk of the events through allowance, blocks and times of use, without lines, rounding and totals."""
    sheet, events = Worksheet(load_tariff(TARIFF), batch), batch.events["energy"]
    face = sheet.face("energy", "energy")
    starts, top = sheet.starts("energy"), sheet.top("energy")
    trail = Trail(starts, events.quantity, at=events.at, face=face, top=top)
    bounds = np.array(BOUNDS, dtype=np.int64).reshape(len(BOUNDS), 1)
    return lambda: through(trail, bounds, 2)


def one_event() -> list[Figure]:
    """One event as it arrives, against the same sum written by hand for this tariff."""
    price, counter = price_of(load_tariff(TARIFF), "energy"), Counter()
    used, at, quantity = [0], START + 3600, 100_000

    def ours() -> None:
        price(counter, at, quantity)

    def hand() -> None:
        before = used[0]
        after = used[0] = before + quantity
        off = 0 if (at // DAY_SECONDS + 3) % 7 < 5 and 420 <= at // 60 % 1440 < 1320 else 1
        cost, block = 0, 0
        while block < 4 and BOUNDS[block] <= before:
            block += 1
        while block < 4 and BOUNDS[block] < after:
            cost += (BOUNDS[block] - before) * PRICES[block][off]
            before = BOUNDS[block]
            block += 1
        cost += (after - before) * PRICES[block][off]

    many = 20_000

    def again(one: Callable[[], object]) -> None:
        for _ in range(many):
            one()

    ours_us, hand_us = (best(partial(again, one)) / many * 1e6 for one in (ours, hand))
    return [_time("one event as it arrives", ours_us, hand_us)]


def one_quote() -> list[Figure]:
    """A quote of one account, against a batch of one by hand."""
    tariff = load_tariff(TARIFF)
    request = QuoteRequest(*JULY, rows=(Row("energy", 42_000_000, START),))
    batch = made(EVENTS_EACH)
    ours, hand = (best(work, 50) * 1e6 for work in (lambda: quote(tariff, request), lambda: by_hand(batch)))
    return [_time("one quote", ours, hand)]


def _time(name: str, value: float, limit: float) -> Figure:
    return {"name": name, "value": value, "unit": "us", "limit": limit, "ratio": limit / value, "peak_mb": 0.0}


def run() -> list[Figure]:
    """Every figure of rating, and how its cost grows with size (1.0 is linear)."""
    big = " 10000000" if os.environ.get("HODI_BENCH_BIG") else ""
    sizes = (*SIZES, *(int(size) for size in (os.environ.get("HODI_BENCH_EVENTS", "") + big).split()))
    by_size = [whole_runs(events) for events in sizes]
    pairs = zip(by_size[1], by_size[-1], strict=True)
    growths = [_growth(first, last, sizes) for first, last in pairs if last["unit"] != "MB"]
    return [*(found for figures in by_size for found in figures), *growths, *one_event(), *one_quote()]


def _growth(first: Figure, last: Figure, sizes: tuple[int, ...]) -> Figure:
    """The exponent of cost against size, from the second size to the largest."""
    cost = (sizes[-1] / last["value"]) / (sizes[1] / first["value"])
    exponent = float(np.log(cost) / np.log(sizes[-1] / sizes[1]))
    name = f"growth: {last['name'].removesuffix(f', {sizes[-1]:,} events')}"
    return {"name": name, "value": exponent, "unit": "exponent", "limit": 1.0, "ratio": 1.0 / exponent, "peak_mb": 0.0}
