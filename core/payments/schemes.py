"""What each scheme of direct debits asks for: how long before it a debit is announced, and how early it has to be handed in.

SEPA core: 14 calendar days' notice unless agreed otherwise, the file two bank days ahead; its bank days are the euro area's (TARGET).
GoCardless announces by itself; how early it wants a collection on a named day depends on the scheme it collects by, and so do the bank
days. Ours are a day more than its own, because a tick may run late. Cards and the sandbox ask for neither.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from core import bankdays
from core.context import House


@dataclass(frozen=True, slots=True)
class Scheme:
    """Calendar days of notice, bank days between handing in and collection, and whose bank days (None: the country's)."""

    notice_days: int = 0
    submit_days: int = 0
    bank_calendar: str | None = None


PLAIN = Scheme()
SEPA = Scheme(14, 2, "ECB")
GOCARDLESS = {
    "sepa_core": Scheme(0, 4, "ECB"), "sepa_cor1": Scheme(0, 3, "ECB"), "bacs": Scheme(0, 4, "BACS"),
    "faster_payments": Scheme(0, 0, "BACS"), "ach": Scheme(0, 4, "US"), "autogiro": Scheme(0, 4, "SE"),
    "becs": Scheme(0, 4, "AU"), "becs_nz": Scheme(0, 4, "NZ"), "betalingsservice": Scheme(0, 8, "DK"),
    "pad": Scheme(0, 4, "CA"), "pay_to": Scheme(0, 0, "AU"),
}  # fmt: skip
"""Scheme as GoCardless calls it (`HODI_GOCARDLESS_SCHEME`)."""
EARLY = ("sepa", "gocardless")
"""Providers that want a debit some days ahead."""


def scheme_of(house: House, provider: str) -> Scheme:
    """The scheme a provider collects by."""
    if provider == "gocardless":
        return GOCARDLESS.get(house.settings.gocardless_scheme, Scheme(0, 4))
    return SEPA if provider == "sepa" else PLAIN


def calendar(house: House, provider: str) -> str:
    """Whose bank days a provider's debits fall on."""
    return scheme_of(house, provider).bank_calendar or house.operator.country


def bank_day(house: House, provider: str, day: date) -> date:
    """The first day on or after `day` on which the provider's banks work."""
    return bankdays.on_or_after(day, calendar(house, provider))


def earliest(house: House, provider: str) -> date:
    """The first day on which a debit announced today may be collected."""
    agreed = house.operator.direct_debit.notice_days
    days = scheme_of(house, provider).notice_days if agreed is None else agreed
    return house.today() + timedelta(days=days)


def hand_in_until(house: House, provider: str, on: date) -> date:
    """Debits of up to this day have to be handed in on `on`."""
    day = on
    for _ in range(scheme_of(house, provider).submit_days):
        day = bank_day(house, provider, day + timedelta(days=1))
    return day
