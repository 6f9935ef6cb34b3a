"""Which channels there are: one row each. A channel is open when the operator has set what it needs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

import aiohttp
from pydantic import SecretStr

from channels import kannel
from channels.africastalking.messaging import Account
from channels.africastalking.sms import AfricasTalkingSms
from channels.africastalking.ussd import AfricasTalkingUssd
from channels.contract import Channel
from channels.email.channel import Email
from channels.kannel import KannelSms
from channels.telegram.channel import Telegram
from channels.webchat import WebChat
from channels.whatsapp import channel as whatsapp
from channels.whatsapp.channel import WhatsApp
from core import hooks
from core.config import Operator, Settings
from core.errors import BadInput
from core.message import Notice


@dataclass(frozen=True, slots=True)
class Tools:
    """What the composition root hands to every channel it opens."""

    settings: Settings
    http: aiohttp.ClientSession
    push: Callable[[Notice], Awaitable[bool]]
    """Shows a notice in an open web chat; False when none is open."""


@dataclass(frozen=True, slots=True)
class Row:
    """One provider of one channel; of several open rows with the same name the first sends, unless the operator routes."""

    name: str
    provider: str
    needs: tuple[str, ...]
    """The settings (`HODI_...` in small letters) without which it stays shut."""
    make: Callable[[Tools], Channel]


def _account(tools: Tools) -> Account:
    settings = tools.settings
    return Account(
        settings.africastalking_username,
        settings.africastalking_api_key,
        settings.africastalking_base_url,
        settings.africastalking_sender,
    )


def _whatsapp(tools: Tools) -> WhatsApp:
    settings = tools.settings
    account = whatsapp.Account(
        settings.whatsapp_phone_id,
        settings.whatsapp_token,
        settings.whatsapp_app_secret,
        settings.whatsapp_verify_token,
        settings.whatsapp_base_url,
    )
    return WhatsApp(account, tools.http)


def _telegram(tools: Tools) -> Telegram:
    settings = tools.settings
    return Telegram(
        settings.telegram_token, settings.telegram_secret, settings.telegram_base_url, tools.http, settings.public_url
    )


def _kannel(tools: Tools) -> KannelSms:
    settings = tools.settings
    account = kannel.Account(
        settings.kannel_base_url,
        settings.kannel_username,
        settings.kannel_password,
        f"{settings.public_url.rstrip('/')}/hooks/kannel/{hooks.secret_of(settings, 'kannel')}",
        settings.secret_key,
        settings.kannel_sender,
        frozenset(settings.kannel_smsc.replace(",", " ").split()),
    )
    return KannelSms(account, tools.http)


def _email(tools: Tools) -> Email:
    settings, sender = tools.settings, tools.settings.email_sender
    reader = unquote(urlsplit(settings.imap_url.get_secret_value()).username or "")
    also = [*settings.email_addresses.replace(",", " ").split(), *([reader] if "@" in reader else [])]
    return Email(settings.smtp_url, sender, parseaddr(sender)[0] or sender, also)


ROWS: tuple[Row, ...] = (
    Row("ussd", "africastalking", (), lambda tools: AfricasTalkingUssd()),
    Row(
        "sms",
        "africastalking",
        ("africastalking_api_key",),
        lambda tools: AfricasTalkingSms(_account(tools), tools.http),
    ),
    Row("sms", "kannel", ("kannel_username", "kannel_password"), _kannel),
    Row("whatsapp", "meta", ("whatsapp_phone_id", "whatsapp_token", "whatsapp_app_secret"), _whatsapp),
    Row("telegram", "telegram", ("telegram_token", "telegram_secret"), _telegram),
    Row("email", "smtp", ("smtp_url", "email_sender"), _email),
    Row("webchat", "hodi", (), lambda tools: WebChat(tools.push)),
)


def open_rows(tools: Tools) -> dict[str, Channel]:
    """Every channel whose settings are there by channel and provider (`sms.kannel`), in the order of the table: all of them hear."""
    rows = [row for row in ROWS if all(_is_set(getattr(tools.settings, name)) for name in row.needs)]
    return {f"{row.name}.{row.provider}": row.make(tools) for row in rows}


def senders(opened: Mapping[str, Channel]) -> dict[str, Channel]:
    """Who sends: by channel the first of those open, and by channel and provider where the table has several."""
    made: dict[str, Channel] = {}
    names = [row.name for row in ROWS]
    for line, channel in opened.items():
        made.setdefault(channel.name, channel)
        if names.count(channel.name) > 1:
            made[line] = channel
    return made


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
