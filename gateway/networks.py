"""The networks that let services through or not: one file each, the port in `core/provisioning/contract.py`; which one is a setting."""

from functools import partial

from core.context import App
from core.provisioning import compare, provision
from core.provisioning.contract import Network
from core.provisioning.providers.http import HttpNetwork
from core.provisioning.providers.radius import RadiusNetwork
from scheduler.handover import Handler


def network_of(app: App) -> Network | None:
    """The network that is set up; None: commands stay visible as differences in the console."""
    settings = app.settings
    if settings.network_url:
        return HttpNetwork(settings.network_url, settings.network_secret.get_secret_value(), app.clock)
    if settings.radius_host:
        return RadiusNetwork.from_settings(settings)
    return None


def network_handlers(app: App) -> dict[str, Handler]:
    """What the dispatcher does with outbox rows for the network."""
    network = network_of(app)
    return {
        "provision": partial(provision.send, network=network),
        "compare": partial(compare.compare, network=network),
    }
