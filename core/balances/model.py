"""What a bucket is, which bucket pays for what, and when a customer is told: pure, so that every rule can be tried without a database.

Drawn first: the lowest priority, then what expires soonest, then the oldest. A bucket pays only for the uses and the service it is
for, between its first instant and its last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core import money

THRESHOLDS = (50, 80, 100)
"""Percent used at which a customer is told, once each for every filling."""
OPEN, EXPIRED = "open", "expired"
HELD, USED, RELEASED = "held", "used", "released"
LARGEST = 10**15
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def is_money(unit: str) -> bool:
    """Whether amounts of this unit are minor units of a currency."""
    return money.known(unit)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket as it stands. Amounts in minor units of a currency, else in micro-units."""

    id: int
    account_id: int
    service_id: int | None
    code: str
    name: Mapping[str, str]
    unit: str
    uses: Sequence[str]
    priority: int
    granted: int
    amount: int
    reserved: int
    basis: int
    round: int
    told: int
    starts_at: datetime
    expires_at: datetime | None
    rollovers: int
    rollover_cap: int | None
    state: str
    at: datetime

    @property
    def free(self) -> int:
        """What nobody holds."""
        return self.amount - self.reserved

    def alive(self, now: datetime) -> bool:
        """Whether it may be drawn from at this instant."""
        return self.state == OPEN and self.starts_at <= now and (self.expires_at is None or now < self.expires_at)

    def pays_for(self, use: str | None, service_id: int | None) -> bool:
        """Whether it is for this kind of use and this service."""
        return (not self.uses or use in self.uses) and (self.service_id is None or self.service_id == service_id)


@dataclass(frozen=True, slots=True)
class Want:
    """What is asked for: `amount` of `unit` for an account, for a kind of use (voice, sms, data) of one of its services.

    `bucket_id` asks one bucket only.
    """

    account_id: int
    unit: str
    amount: int
    use: str | None = None
    service_id: int | None = None
    bucket_id: int | None = None

    def asked(self) -> dict[str, object]:
        """The same as plain JSON: a key that comes again must ask for the same."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class BucketPart:
    """So much of one bucket."""

    bucket_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What was drawn, from where, and what nobody could pay."""

    parts: tuple[BucketPart, ...]
    short: int = 0

    @property
    def amount(self) -> int:
        """All that was drawn."""
        return sum(part.amount for part in self.parts)


def draw_order(bucket: Bucket) -> tuple[int, datetime, int]:
    """What is drawn first: the lowest priority, then what expires soonest, then the oldest."""
    return bucket.priority, bucket.expires_at or _NEVER, bucket.id


def draw(buckets: Iterable[Bucket], want: Want, now: datetime) -> Spent:
    """Which buckets pay, in order, and how much is left unpaid."""
    fit = [one for one in buckets if one.alive(now) and one.free > 0 and one.pays_for(want.use, want.service_id)]
    fit = [one for one in fit if want.bucket_id in (None, one.id)]
    parts, left = [], want.amount
    for one in sorted(fit, key=draw_order):
        if not left:
            break
        taken = min(one.free, left)
        parts.append(BucketPart(one.id, taken))
        left -= taken
    return Spent(tuple(parts), left)


def runs_low(bucket: Bucket, drawn: int, least: int) -> bool:
    """Whether drawing so much took a purse (money for any use) from at least `least` to less. Once a crossing: only more money undoes it."""
    purse = is_money(bucket.unit) and not bucket.uses
    return purse and 0 < bucket.amount < least <= bucket.amount + drawn


def passed(bucket: Bucket, amount: int) -> int | None:
    """The highest threshold that is passed when `amount` is left and has not been told; None when there is nothing to tell."""
    used = bucket.basis - amount
    new = [percent for percent in THRESHOLDS if percent > bucket.told and used * 100 >= percent * bucket.basis > 0]
    return max(new, default=None)
