"""Where a provider calls back: the path carries the hook secret, so it is never logged."""

from core.house import House


def callback_url(house: House, name: str) -> str:
    """The address that is given to a provider."""
    secret = house.settings.hook_secret.get_secret_value()
    return f"{house.settings.public_url.rstrip('/')}/hooks/payments/{secret}/{name}"
