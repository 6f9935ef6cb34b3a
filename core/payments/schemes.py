"""What each scheme of direct debits asks for: how long before it a debit is announced, and how early it has to be handed in.

SEPA core: 14 calendar days' notice unless agreed otherwise, the file two bank days ahead; its bank days are the euro area's (TARGET).
GoCardless announces by itself; how early it wants a collection on a named day depends on the scheme it collects by, and so do the bank
days. Ours are a day more than its own, because a tick may run late. Cards and the sandbox ask for neither.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from core import bankdays
from core.context import Context


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


def scheme_of(context: Context, provider: str) -> Scheme:
    """The scheme a provider collects by."""
    if provider == "gocardless":
        return GOCARDLESS.get(context.site.gocardless_scheme, Scheme(0, 4))
    return SEPA if provider == "sepa" else PLAIN


def calendar(context: Context, provider: str) -> str:
    """Whose bank days a provider's debits fall on."""
    return scheme_of(context, provider).bank_calendar or context.operator.country


def bank_day(context: Context, provider: str, day: date) -> date:
    """The first day on or after `day` on which the provider's banks work."""
    return bankdays.on_or_after(day, calendar(context, provider))


def earliest(context: Context, provider: str) -> date:
    """The first day on which a debit announced today may be collected."""
    agreed = context.operator.direct_debit.notice_days
    days = scheme_of(context, provider).notice_days if agreed is None else agreed
    return context.today() + timedelta(days=days)


def hand_in_until(context: Context, provider: str, on: date) -> date:
    """Debits of up to this day have to be handed in on `on`."""
    day = on
    for _ in range(scheme_of(context, provider).submit_days):
        day = bank_day(context, provider, day + timedelta(days=1))
    return day
