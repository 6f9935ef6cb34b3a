"""What each scheme of direct debits asks for: how long before it a debit is announced, and how early it has to be handed in.

SEPA core: 14 calendar days' notice unless agreed otherwise, the file two bank days ahead; its bank days are the euro area's (TARGET).
Cards and the sandbox ask for neither. GoCardless announces by itself, and needs four bank days to collect on a named day.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from core import bankdays
from core.house import House


@dataclass(frozen=True, slots=True)
class Scheme:
    """Calendar days of notice, bank days between handing in and collection, and whose bank days (None: the country's)."""

    notice_days: int = 0
    submit_days: int = 0
    bank_calendar: str | None = None


PLAIN = Scheme()
SCHEMES = {"sepa": Scheme(14, 2, "ECB"), "gocardless": Scheme(0, 4)}
"""Provider -> its scheme; what is not named asks for nothing."""


def scheme_of(provider: str) -> Scheme:
    """The scheme a provider collects by."""
    return SCHEMES.get(provider, PLAIN)


def bank_day(house: House, provider: str, day: date) -> date:
    """The first day on or after `day` on which the provider's banks work."""
    return bankdays.on_or_after(day, scheme_of(provider).bank_calendar or house.operator.country)


def earliest(house: House, provider: str) -> date:
    """The first day on which a debit announced today may be collected."""
    agreed = house.operator.direct_debit.notice_days
    days = scheme_of(provider).notice_days if agreed is None else agreed
    return house.today() + timedelta(days=days)


def hand_in_until(house: House, provider: str, on: date) -> date:
    """Debits of up to this day have to be handed in on `on`."""
    day = on
    for _ in range(scheme_of(provider).submit_days):
        day = bank_day(house, provider, day + timedelta(days=1))
    return day
