"""Where a provider calls back: the path carries a secret of this provider, so it is never logged."""

from core.config import hook_secrets
from core.context import House


def callback_url(house: House, name: str) -> str:
    """The address that is given to a provider."""
    secret = hook_secrets.secret_of(house.settings, name)
    return f"{house.settings.public_url.rstrip('/')}/hooks/payments/{secret}/{name}"
