"""The vending systems, one file each; `vendor_of` gives the operator's."""

from core.context import App
from core.vending.contract import Vendor
from core.vending.providers.sandbox import SandboxVendor


def vendor_of(app: App) -> Vendor:
    """The operator's vending system, set up from the environment."""
    settings = app.settings
    return SandboxVendor(settings.sandbox_base_url, settings.sandbox_secret.get_secret_value())
