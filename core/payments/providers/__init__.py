"""The payment providers, one file and one row each; `named` finds the one a table or a route speaks of."""

from collections.abc import Callable, Mapping

from core.context import App
from core.errors import Refused
from core.payments.providers import daraja, flutterwave, flutterwave_v4, gocardless, paystack, sandbox, sepa, stripe
from core.payments.providers.contract import Method, Provider
from core.payments.providers.hook import callback_url as callback_url

OPENED: Mapping[str, Callable[[App], Provider]] = {
    "sandbox": sandbox.opened,
    "daraja": daraja.opened,
    "stripe": stripe.opened,
    "paystack": paystack.opened,
    "flutterwave": flutterwave.opened,
    "flutterwave_v4": flutterwave_v4.opened,
    "gocardless": gocardless.opened,
    "sepa": sepa.opened,
}
"""Name -> how it is set up from the settings."""

SAVES_BY_PAYING = frozenset({"paystack", "flutterwave"})
"""Providers whose page saves a card only by a payment: a small one, which is the customer's credit."""

BY_HAND = ("cash", "bank")
"""Ways money comes in that nobody can be asked about: over the counter, and straight into the bank account."""


def named(app: App, name: str) -> Provider:
    """The provider of that name, set up from the environment; `Refused` when there is none."""
    opened = OPENED.get(name)
    if opened is None:
        raise Refused("payments.provider.unknown", status=404, provider=name)
    return opened(app)


def can(app: App, name: str, method: Method) -> bool:
    """Whether the provider can be asked for that."""
    return name in OPENED and method in named(app, name).methods
