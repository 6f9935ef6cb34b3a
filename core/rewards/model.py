"""Points: what earns them, what they buy. Pure rules over the operator's settings; points are whole, money and energy are integers."""

from dataclasses import dataclass
from datetime import date, datetime

from core.config.operator import Rewards
from core.money import exponent

ASSET = "PTS"
EARNED, BURNED, RETURNED, REVERSED, EXPIRED = (
    "points.earned", "points.burned", "points.returned", "points.reversed", "points.expired"
)  # fmt: skip
"""Why points move: earned = burned - returned + reversed + expired + outstanding, always."""

MICRO = 1_000_000
OVER = ("confirmed", "reversed")


@dataclass(frozen=True, slots=True)
class PaidBill:
    """A bill that is wholly paid, and when."""

    invoice_id: int
    total_minor: int
    currency: str
    paid_on: date
    due_on: date


@dataclass(frozen=True, slots=True)
class Redemption:
    """What points were spent on. `amount`: micro-kWh, or minor units of airtime."""

    id: int
    key: str
    account_id: int
    kind: str
    points: int
    amount: int
    phone: str | None
    state: str
    provider_ref: str | None
    created_at: datetime


def earned_by(bill: PaidBill, rules: Rewards) -> int:
    """Points of a bill: so many for each full 100 units of currency, if it was paid on or before its due day."""
    if bill.paid_on > bill.due_on or bill.total_minor <= 0:
        return 0
    unit: int = 10 ** exponent(bill.currency)
    return bill.total_minor * rules.points_per_100 // (100 * unit)


def price_of_kwh(units: int, rules: Rewards) -> int:
    """Points that buy `units` whole kWh."""
    return units * rules.points_per_kwh


def price_of_airtime(amount_minor: int, currency: str, rules: Rewards) -> int:
    """Points that buy airtime worth `amount_minor`; ValueError for a part of a unit of currency."""
    unit: int = 10 ** exponent(currency)
    units, rest = divmod(amount_minor, unit)
    if rest or units <= 0:
        raise ValueError(f"airtime is sold in whole {currency}")
    return units * rules.points_per_airtime_unit
