"""The payment providers, one file each; `named` finds the one a table or a route speaks of."""

from core.errors import Refused
from core.house import House
from core.payments.providers.contract import Provider
from core.payments.providers.daraja import Daraja
from core.payments.providers.sandbox import Sandbox

NAMES = ("sandbox", "daraja")


def named(house: House, name: str) -> Provider:
    """The provider of that name, set up from the environment; `Refused` when there is none."""
    settings = house.settings
    match name:
        case "sandbox":
            return Sandbox(settings.sandbox_base_url, settings.sandbox_secret.get_secret_value(), house.clock)
        case "daraja":
            return Daraja(
                base_url=settings.daraja_base_url,
                consumer_key=settings.daraja_consumer_key.get_secret_value(),
                consumer_secret=settings.daraja_consumer_secret.get_secret_value(),
                shortcode=settings.daraja_shortcode,
                passkey=settings.daraja_passkey.get_secret_value(),
                clock=house.clock,
            )
        case _:
            raise Refused("payments.provider.unknown", status=404, provider=name)


def callback_url(house: House, name: str) -> str:
    """Where a provider calls back: its path carries the hook secret, so it is never logged."""
    secret = house.settings.hook_secret.get_secret_value()
    return f"{house.settings.public_url.rstrip('/')}/hooks/payments/{secret}/{name}"
