"""Where a provider calls back: the path carries a secret of this provider, so it is never logged."""

from core.config import hook_secrets
from core.context import App


def callback_url(app: App, name: str) -> str:
    """The address that is given to a provider."""
    secret = hook_secrets.secret_of(app.settings, name)
    return f"{app.site.public_url}/hooks/payments/{secret}/{name}"
