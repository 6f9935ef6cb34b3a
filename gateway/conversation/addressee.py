"""Whether what a provider brought is meant for us, and who it is from: what only the house knows and no channel does.

A network may bring what was written to other numbers of the business, and names its own country's subscribers as they are dialled there.
"""

from msgspec.structs import replace

from channels.contract import Channel, Event
from core.context import App
from core.message import Inbound, OptOut
from core.parties.senders import same
from core.phone import from_network


def for_us(app: App, channel: Channel, event: Event) -> Event | None:
    """The event with its sender in full; None when it is for somebody else."""
    if not channel.cellular:
        return event
    if isinstance(event, Inbound):
        return _message(app, event)
    if isinstance(event, OptOut):
        phone = from_network(event.user, app.operator.country)
        return OptOut(event.channel, phone or event.user, event.sender, event.stopped, event.at)
    return event


def _message(app: App, said: Inbound) -> Inbound | None:
    """Who writes under a name or from a short code is a machine that no answer reaches: it stands in the log."""
    ours = app.operator.sms.receives
    if ours and said.service is not None and not any(same(one, said.service) for one in ours):
        return None
    phone = from_network(said.user, app.operator.country)
    if phone is None:
        return replace(said, details={**said.details, "answer": "none", "what": said.text})
    return said if phone == said.phone else replace(said, user=phone, phone=phone)
