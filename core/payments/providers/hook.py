"""Where a provider calls back: the path carries a secret of this provider, so it is never logged."""

from core import hooks
from core.house import House


def callback_url(house: House, name: str) -> str:
    """The address that is given to a provider."""
    secret = hooks.secret_of(house.settings, name)
    return f"{house.settings.public_url.rstrip('/')}/hooks/payments/{secret}/{name}"
