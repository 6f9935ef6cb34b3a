"""Which channels there are: one row each, which stands in its provider's file. A channel is open when the operator has set what it needs.

Of several open rows with the same name the first sends, unless the operator routes; all of them hear.
"""

from collections.abc import Mapping

from pydantic import SecretStr

from channels import kannel, webchat
from channels.africastalking import sms, ussd
from channels.contract import Channel, ChannelRow, Tools
from channels.email import channel as email
from channels.telegram import channel as telegram
from channels.whatsapp import channel as whatsapp
from core.config.operator import Operator
from core.errors import BadInput

ROWS: tuple[ChannelRow, ...] = (
    ussd.ROW,
    sms.ROW,
    kannel.ROW,
    whatsapp.ROW,
    telegram.ROW,
    email.ROW,
    webchat.ROW,
)


def open_rows(tools: Tools) -> dict[str, Channel]:
    """Every channel whose settings are there by channel and provider (`sms.kannel`), in the order of the table: all of them hear."""
    rows = [row for row in ROWS if all(_is_set(getattr(tools.settings, name)) for name in row.needs)]
    return {f"{row.name}.{row.provider}": row.make(tools) for row in rows}


def senders(opened: Mapping[str, Channel]) -> dict[str, Channel]:
    """Who sends: by channel the first of those open, and by channel and provider where the table has several."""
    sending: dict[str, Channel] = {}
    names = [row.name for row in ROWS]
    for line, channel in opened.items():
        sending.setdefault(channel.name, channel)
        if names.count(channel.name) > 1:
            sending[line] = channel
    return sending


def check_routes(operator: Operator) -> None:
    """`BadInput` when a route of operator.yaml names a provider that nobody knows: its messages would silently go another way."""
    known = [row.provider for row in ROWS if row.name == "sms"]
    for number, route in enumerate(operator.sms.routes, start=1):
        if route.provider not in known:
            raise BadInput(
                f"operator.yaml, sms.routes, the {number}. route",
                f"no provider is called {route.provider!r}.",
                f"Write one of {', '.join(known)}.",
            )


def open_channels(tools: Tools) -> dict[str, Channel]:
    """The channels that send, by name."""
    return senders(open_rows(tools))


def _is_set(value: object) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)
