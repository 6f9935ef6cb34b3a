"""The run prices what `hodi quote` prices: random usage, by time, by blocks, over two versions, for a part of the month."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.billing.run.load import Days, Due, Group, Partition
from core.billing.run.rate_partition import TIMED_SERVICES, RatingDesk, reckon
from core.billing.run.sources import Used
from core.billing.run.tariff_versions import grain_of
from core.catalog.compile import load_tariff
from core.config.operator import Billing
from core.metering.consumption.late import Arrivals
from core.rating.model import Events
from core.rating.quote import Row, quote
from core.rating.request import QuoteRequest
from core.rating.times import EPOCH
from tests.core.billing.world import Fake

FIRST, LAST = date(2026, 1, 1), date(2026, 2, 1)
MIDNIGHT = (FIRST - EPOCH).days * 86_400

OLD = """
tariff: tou
valid_from: 2020-01-01
currency: KES
zone: Africa/Nairobi
rounding: {line: "0.01", total: "1"}
times:
  - {code: peak, from: "18:00", to: "22:00", days: mon-fri}
  - {code: off_peak}
charges:
  - {code: usage, type: usage, meter: energy, unit: kWh, model: graduated, tiers: [{up_to: "30", price: {peak: "30.00", off_peak: "9.99"}}, {price: {peak: "40.00", off_peak: "12.01"}}]}
  - {code: rent, type: fixed, price: "150.00", per: month, prorate: true}
  - {code: vat, type: tax, percent: "16", of: "*"}
"""
NEW = OLD.replace("2020-01-01", "2026-01-12").replace('"30.00"', '"33.33"')

usage = st.lists(st.tuples(st.integers(0, 1487), st.integers(0, 3_000_000)), min_size=1, max_size=40)


class Stated(Fake):
    """Half-hours as stated, one list for each service."""

    def __init__(self, texts: tuple[str, ...], half_hours: list[list[tuple[int, int]]]) -> None:
        super().__init__(texts)
        self.half_hours = half_hours

    async def used(self, *args: Any, **more: Any) -> Used:
        services = args[2]
        rows = [
            (at, slot, quantity) for at, one in enumerate(services) for slot, quantity in sorted(self.half_hours[one])
        ]
        account, slot, quantity = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        total = np.zeros(len(services), dtype=np.int64)
        np.add.at(total, account, quantity)
        events = Events(account, MIDNIGHT + slot * 1800, quantity)
        return Used({"energy": total}, {}, events={"energy": events})


def partition(services: int, from_: date = FIRST) -> Partition:
    """So many accounts of one service each, all on the tariff `tou` since `from_`."""
    due = [Due(at, at, from_, str(at), "Amina", "en", 1, None, "KES") for at in range(services)]
    group = Group(*([list(range(services))] * 2), [0] * services, [from_ > FIRST] * services, [False] * services)
    facts: list[dict[str, Any]] = [{"services": {str(at): {}}, "estimated": {}} for at in range(services)]
    return Partition(LAST, due, {Days("tou", FIRST, LAST, from_, LAST): group}, facts)


class Nairobi:
    """All that is asked of a house here."""

    zone = ZoneInfo("Africa/Nairobi")
    operator = SimpleNamespace(billing=Billing())


def desk(sources: Fake) -> RatingDesk:
    return RatingDesk(
        cast("Any", None), cast("Any", Nairobi()), sources, Arrivals(FIRST, datetime(2026, 1, 1, tzinfo=UTC))
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(usage, min_size=1, max_size=4), st.sampled_from([(OLD,), (OLD, NEW)]), st.sampled_from([0, 9]))
async def test_a_bill_is_the_quote_of_the_same_usage(
    half_hours: list[list[tuple[int, int]]], texts: tuple[str, ...], skipped: int
) -> None:
    from_ = FIRST + timedelta(days=skipped)
    half_hours = [[(max(at, 48 * skipped), micro) for at, micro in one] for one in half_hours]
    drafts = await reckon(desk(Stated(texts, half_hours)), partition(len(half_hours), from_), {})
    assert drafts.partition.parked == {}
    versions = [load_tariff(text) for text in texts]
    for at, one in enumerate(half_hours):
        rows = tuple(Row("energy", micro, MIDNIGHT + slot * 1800) for slot, micro in sorted(one))
        there = Fraction(31 - skipped, 31) if skipped else None
        asked = quote(versions, QuoteRequest(FIRST, LAST, rows, fraction=there, opening=bool(skipped)))
        mine = drafts.lines.bill == at
        billed = zip((drafts.specs[spec] for spec in drafts.lines.spec[mine]), drafts.lines.amount[mine], strict=True)
        assert [(spec.code, amount) for spec, amount in billed] == [(line.code, line.amount) for line in asked.lines]
        assert drafts.total[at] == asked.total


async def test_a_group_by_the_time_of_use_is_measured_a_few_services_at_a_time() -> None:
    count = 2 * TIMED_SERVICES + 1
    asked: list[int] = []

    class Counting(Stated):
        async def used(self, *args: Any, **more: Any) -> Used:
            asked.append(len(args[2]))
            return await super().used(*args, **more)

    sources = Counting((OLD,), [[(40, 1_000_000)]] * count)
    drafts = await reckon(desk(sources), partition(count), {})
    assert asked == [TIMED_SERVICES, TIMED_SERVICES, 1]
    assert set(drafts.total.tolist()) == {20900}, (
        "1 kWh of a weekday evening, 30.00, and the rent of 150.00, with 16 % VAT: 208.80"
    )


async def test_free_units_are_the_first_of_the_month_whatever_their_hour() -> None:
    """One kWh in the evening of the 1st (a Thursday) and one at noon; the free one is the noon's, which came first."""
    sources = Stated((OLD,), [[(24, 1_000_000), (40, 1_000_000)]])
    drafts = await reckon(desk(sources), partition(1), {0: 1_000_000})
    assert drafts.reward.tolist() == [-1100], (
        "9.99 and its VAT are 11.59; the bill falls from 220.39 to 208.80, in whole shillings"
    )


@pytest.mark.parametrize(
    ("texts", "grain"),
    [((OLD,), (120, True)), ((OLD, NEW), (120, True))],
)
def test_a_tariff_says_how_finely_it_tells_times_apart(texts: tuple[str, ...], grain: tuple[int, bool]) -> None:
    found = grain_of([load_tariff(text) for text in texts])
    assert found is not None and (found.longest, found.measured) == grain


def test_totals_suffice_for_one_version_and_days_for_two() -> None:
    plain, newer = (load_tariff(Fake().tariff_texts[1].replace("2020", year)) for year in ("2020", "2021"))
    assert grain_of([plain]) is None
    both = grain_of([plain, newer])
    assert both is not None and both.by_day
