"""A service that pays by the use in one period: what all its uses come to by now, and the difference to what was charged before.

So the charges of a period are its bill whatever the tariff counts over the period, and in whatever order the uses came. The period is
that of the bill run: the account's month, the days of it on this plan, the versions of the tariff that hold in them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import spend
from core.balances.give_back import give_back
from core.balances.model import Want
from core.billing.periods import whole_period
from core.billing.run.load import Days
from core.billing.run.tariff_versions import in_force
from core.billing.tables import cycle
from core.catalog import queries as catalog
from core.context import Context
from core.db.engine import AnyRow
from core.errors import Refused
from core.metering.events.clock import seconds
from core.metering.events.queries import ANSWER
from core.metering.live import store
from core.metering.live.store import LivePeriod, StoredUse
from core.parties.tables import account, service, service_plan
from core.rating.errors import CannotRate
from core.rating.live import not_live, owed
from core.rating.quote import QuoteRequest, Row
from core.rating.tariff import Tariff
from core.rating.times import EPOCH

QUARTER = 900
"""Seconds in which no zone changes its clock."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days of a service on one plan within the whole period of its account, and the versions of the tariff in them."""

    served: AnyRow
    days: Days
    versions: tuple[Tariff, ...]
    zone: ZoneInfo


async def served(conn: AsyncConnection, service_id: int, *, ended: bool = False) -> AnyRow:
    """A service and what is known of its account, locked until the commit: its uses are charged one after the other."""
    a, s = account.c, service.c
    columns = (s.id, s.account_id, s.payment_mode, s.started_on, s.ended_on, a.currency, a.bill_day, a.persons)
    mine = select(*columns).join_from(service, account, a.id == s.account_id).where(s.id == service_id)
    if not ended:
        mine = mine.where(s.state != "ended")
    row = (await conn.execute(mine.with_for_update(of=service))).first()
    if row is None:
        raise Refused("bucket.no_service", 404)
    return row


async def stretch_at(conn: AsyncConnection, context: Context, of: AnyRow, instant: datetime) -> Stretch:
    """Where an instant falls. Refused `bucket.no_price` where the service has no plan then, or the plan no tariff."""
    match = await stretch_on(conn, context, of, instant.astimezone(context.zone).date())
    day = instant.astimezone(match.zone).date()
    return match if match.days.from_ <= day < match.days.to else await stretch_on(conn, context, of, day)


async def stretch_on(conn: AsyncConnection, context: Context, of: AnyRow, day: date) -> Stretch:
    """The same of a day."""
    p = service_plan.c
    on_day = (p.from_date <= day) & or_(p.to_date.is_(None), p.to_date > day)
    plan = (await conn.execute(select(p.tariff, p.from_date, p.to_date).where(p.service_id == of.id, on_day))).first()
    whole_from, whole_to = whole_period(of.bill_day, day)
    if plan is None or day < of.started_on or (of.ended_on is not None and day >= of.ended_on):
        raise Refused("bucket.no_price")
    first = max(whole_from, of.started_on, plan.from_date)
    last = min(one for one in (whole_to, of.ended_on, plan.to_date) if one is not None)
    days, versions = await _versions(conn, Days(plan.tariff, whole_from, whole_to, first, last), day)
    if versions[-1].currency != of.currency:
        raise Refused("bucket.no_price")
    for one in versions:
        if why := not_live(one):
            raise Refused(f"bucket.not_live.{why}", 409)
    timed = next((one for one in versions if one.times is not None), None)
    return Stretch(of, days, versions, context.zone if timed is None else ZoneInfo(timed.zone))


async def _versions(conn: AsyncConnection, days: Days, day: date) -> tuple[Days, tuple[Tariff, ...]]:
    """The versions of the tariff in these days; where some of them have none, in those around `day` that do: who has a price for
    today is served today. Refused `tariff.unknown`, `bucket.no_price` where that day has none."""
    await catalog.tariff_on(conn, days.tariff, day)
    try:
        match = await catalog.versions_between(conn, days.tariff, days.from_, days.to)
    except Refused:
        match = await catalog.versions_between(conn, days.tariff, day, days.to)
    run, first, last = around(match, days, day)
    days = replace(days, from_=first, to=last)
    versions = in_force(run, days)
    if isinstance(versions, str):
        raise Refused("bucket.no_price")
    return days, versions


def around(found: Sequence[Tariff], days: Days, day: date) -> tuple[list[Tariff], date, date]:
    """Those of the versions that follow each other without a gap around a day, and the days they have together."""
    run, first, last = list[Tariff](), days.from_, days.from_
    for number, one in enumerate(found):
        after = found[number + 1].valid_from if number + 1 < len(found) else days.to
        begin, end = max(one.valid_from, days.from_), min(after, one.valid_to or after, days.to)
        if begin >= end:
            continue
        if begin > last or not run:
            if last > day:
                break
            run, first = [], begin
        run.append(one)
        last = end
    return run, first, last


async def billed(conn: AsyncConnection, context: Context, stretch: Stretch) -> bool:
    """Whether a bill was made of these days already, without any use charged live."""
    days, of, c = stretch.days, stretch.served, cycle.c
    if of.payment_mode == "prepaid" or context.today() < days.whole_to:
        return False
    mine = (c.account_id == of.account_id) & (c.from_date < days.to) & (c.to_date > days.from_)
    return (await conn.execute(select(c.id).where(mine, c.state.in_(("built", "final"))).limit(1))).first() is not None


async def came_to(conn: AsyncConnection, stretch: Stretch, uses: Sequence[StoredUse], *, closed: bool) -> int:
    """What these uses come to, `closed` with what stands beside them. Refused `bucket.no_price`."""
    question = await _asked(conn, stretch)
    try:
        return await asyncio.to_thread(_owed, stretch, question, uses, closed)
    except CannotRate as why:
        raise Refused("bucket.no_price") from why


def _owed(stretch: Stretch, asked: QuoteRequest, uses: Sequence[StoredUse], closed: bool) -> int:
    reader = _Reader(stretch)
    return owed(stretch.versions, replace(asked, rows=tuple(reader.row(one) for one in uses)), closed=closed)


async def settle(
    conn: AsyncConnection,
    context: Context,
    of: AnyRow,
    period: LivePeriod,
    target: int,
    *,
    key: str,
    use: str | None = None,
    partly: bool = False,
) -> int:
    """Take (or give back) the difference between what the period comes to and what was charged; that difference.

    All or nothing (Refused `bucket.short`); `partly` takes what is there, and the rest stays owed.
    """
    minor = target - period.charged_minor
    why, owed_minor, changes = use or "period", period.owed_minor, dict[int, int]()
    if minor > 0:
        want = Want(of.account_id, of.currency, minor, use, of.id)
        spent = await spend.deduct(conn, context, want, key=key, why=why, partly=partly)
        owed_minor += spent.short
        changes = {part.bucket_id: part.amount for part in spent.parts}
    elif minor < 0:
        forgiven = min(-minor, owed_minor)
        owed_minor -= forgiven
        if -minor > forgiven:
            paid = await store.paid_by(conn, period.id)
            back = await give_back(
                conn, context, of.account_id, of.currency, -minor - forgiven, paid=paid, key=f"{key}:back", why=why
            )
            changes = {bucket_id: -amount for bucket_id, amount in back.items()}
    await store.pay(conn, period.id, changes)
    await store.keep(conn, replace(period, charged_minor=target, owed_minor=owed_minor))
    return minor


async def _asked(conn: AsyncConnection, stretch: Stretch) -> QuoteRequest:
    """The question of the bill run about these days, without any use."""
    days, of = stretch.days, stretch.served
    there, whole = (days.to - days.from_).days, (days.whole_to - days.whole_from).days
    return QuoteRequest(
        days.whole_from,
        days.whole_to,
        history=await _history(conn, stretch),
        attributes={} if of.persons is None else {"persons": of.persons},
        fraction=None if there == whole else Fraction(there, whole),
        opening=days.from_ == of.started_on,
        closing=days.to == of.ended_on,
        began=(days.from_ - days.whole_from).days,
    )


async def _history(conn: AsyncConnection, stretch: Stretch) -> dict[str, tuple[int, ...]]:
    """What the service used in its periods before, for a tariff that asks."""
    wanted = {meter: count for tariff in stretch.versions for meter, count in tariff.history.items()}
    if not wanted:
        return {}
    before = await store.earlier(conn, stretch.served.id, stretch.days.from_, max(wanted.values()))
    return {meter: tuple(_total(stretch.versions[-1], meter, one) for one in before) for meter in wanted}


def _total(tariff: Tariff, meter: str, sums: Any) -> int:
    return sum(_in_unit(tariff, use, unit, micro) for (use, unit), micro in sums.items() if use == meter)


class _Reader:
    """Uses as rating takes them; what an hour of the zone and a number called mean is worked out once for each."""

    def __init__(self, stretch: Stretch) -> None:
        self.versions, self.zone = stretch.versions, stretch.zone
        self.ahead: dict[int, int] = {}
        self.codes: dict[tuple[date, str], int] = {}

    def row(self, one: StoredUse) -> Row:
        """A use in the version of the tariff in which it began."""
        at = one.at + self._ahead(one.at // QUARTER)
        tariff = self.versions[0]
        if len(self.versions) > 1:
            day = EPOCH + timedelta(seconds=at)
            tariff = next((each for each in reversed(self.versions) if each.valid_from <= day), tariff)
        quantity = _in_unit(tariff, one.use, one.unit, one.quantity_micro)
        return Row(one.use, quantity, at, self._code(tariff, one.destination), one.value_minor, one.at)

    def _ahead(self, quarter: int) -> int:
        """How many seconds the zone is ahead of UTC; its clock changes between two quarters of an hour only."""
        if quarter not in self.ahead:
            moment = datetime.fromtimestamp(quarter * QUARTER, UTC)
            self.ahead[quarter] = seconds(moment.astimezone(self.zone)) - quarter * QUARTER
        return self.ahead[quarter]

    def _code(self, tariff: Tariff, number: str | None) -> int | None:
        if tariff.destinations is None or number is None:
            return None
        key = (tariff.valid_from, number)
        if key not in self.codes:
            self.codes[key] = tariff.destinations.code(number)
        return self.codes[key]


def _in_unit(tariff: Tariff, use: str, used_in: str, micro: int) -> int:
    """The quantity in the unit the tariff counts this use in."""
    unit = tariff.meters.get(use)
    per = 1 if unit == used_in or (used_in == "event" and unit) else ANSWER.get(used_in, {}).get(unit or "")
    if per is None:
        raise Refused("bucket.no_price")
    return micro // per
