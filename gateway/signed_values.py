"""Names that we gave to browsers, under our signature: what somebody else wrote is not believed, and costs nothing to refuse."""

import hashlib
import hmac

from core.access.secrets import as_sent, same
from core.context import App


def sign(app: App, purpose: str, told: str) -> str:
    """Our signature under what was told for this purpose."""
    key = app.settings.secret_key.get_secret_value().encode()
    return hmac.new(key, as_sent(f"{purpose}:{told}"), hashlib.sha256).hexdigest()


def sealed(app: App, purpose: str, name: str) -> str:
    """A random name that we gave, as its cookie."""
    return f"{name}.{sign(app, purpose, name)}"


def opened(app: App, purpose: str, cookie: str) -> str | None:
    """The name in a cookie of ours; None: it is not."""
    name, _, signature = cookie.rpartition(".")
    return name if name and same(sign(app, purpose, name), signature) else None
