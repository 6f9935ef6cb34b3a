"""`Settings`: what the environment says, `HODI_...`: where things are, and secrets, which refuse to print themselves."""

import ipaddress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.config.payments import ProviderSettings

EXAMPLE_SECRET = "change-me-to-something-long-and-random"  # noqa: S105 - refused by `Settings` outside the demo


DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")
"""The two databases, by their drivers."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks_of(told: str) -> tuple[Network, ...]:
    words = [word.strip() for word in told.split(",") if word.strip()]
    try:
        return tuple(ipaddress.ip_network(word, strict=False) for word in words)
    except ValueError as why:
        raise ValueError(f"{why}: write addresses or networks, `10.0.0.2, 172.16.0.0/12`") from None


class Settings(ProviderSettings, BaseSettings):
    """The environment, `HODI_...`: every provider's base URL can be pointed at a double."""

    model_config = SettingsConfigDict(env_prefix="HODI_", frozen=True, extra="ignore")

    database_url: str = "sqlite+aiosqlite:///hodi.db"
    redis_url: str | None = None
    operator: Path | None = None
    public_url: str = "http://127.0.0.1:8080"
    secret_key: SecretStr = SecretStr("")
    hook_secret: SecretStr = SecretStr("")
    hook_secret_before: SecretStr = SecretStr("")
    """The one before, valid as well while providers are given their new addresses (`core/config/hook_secrets.py`)."""
    hook_shared: bool = True
    """Whether the hook secret itself opens every provider's address, as it did before each had its own."""
    sessions_path: str = "hodi-sessions.db"
    spool_path: str = "hodi-spool"
    """A folder: what comes in while the database is away is kept there. Like the sessions' file, on a disk of this machine."""
    media_path: str = "hodi-media"
    """A folder: the files that customers send. All processes share it; back it up beside the database."""
    strangers_mb_a_day: Annotated[int, Field(ge=1)] = 1000
    """Megabytes of files that are kept in a day, in all, of those who have no account."""
    trusted_proxies: str = ""
    """Addresses and networks of the proxies that stand before us, `10.0.0.2, 172.16.0.0/12`: whose word about who asks is believed."""
    phone_page: bool = False
    bill_engine: Literal["local", "processes", "dask"] = "local"
    """Where bill runs are reckoned."""
    dask_scheduler: str | None = None
    """The cluster of `bill_engine: dask`, such as `tcp://10.0.0.1:8786`."""

    africastalking_username: str = "sandbox"
    africastalking_api_key: SecretStr = SecretStr("")
    africastalking_base_url: str = "https://api.sandbox.africastalking.com"
    africastalking_sender: str | None = None

    telegram_token: SecretStr = SecretStr("")
    telegram_secret: SecretStr = SecretStr("")
    telegram_base_url: str = "https://api.telegram.org/bot"

    whatsapp_token: SecretStr = SecretStr("")
    whatsapp_app_secret: SecretStr = SecretStr("")
    whatsapp_verify_token: SecretStr = SecretStr("")
    whatsapp_phone_id: str = ""
    whatsapp_base_url: str = "https://graph.facebook.com/v21.0"

    kannel_base_url: str = "http://127.0.0.1:13013"
    kannel_username: str = ""
    kannel_password: SecretStr = SecretStr("")
    kannel_smsc: str = ""
    """The `smsc-id` of our binds, with commas between: what smsbox brings from others is not for us. Empty: all of it is."""
    kannel_sender: str | None = None
    """The short code or name that messages come from, unless they answer one that was written to."""

    network_url: str = ""
    """Where bars are told by HTTP; empty: by RADIUS if `radius_host` is set, else by nobody."""
    network_secret: SecretStr = SecretStr("")
    radius_host: str = ""
    radius_secret: SecretStr = SecretStr("")
    radius_auth_port: int = 1812
    radius_coa_host: str = ""
    """The access server (or the proxy before many) that ends sessions; empty: `radius_host`."""
    radius_coa_port: int = 3799

    @field_validator("database_url")
    @classmethod
    def _driver(cls, url: str) -> str:
        scheme, found, rest = url.partition("://")
        if not found or scheme not in DRIVERS:
            kind = "postgresql+asyncpg" if scheme.startswith("postgres") else "sqlite+aiosqlite"
            raise ValueError(
                f"{scheme + '://' if found else 'it'} cannot be used here: write {kind}://{rest if kind.startswith('sqlite') else '...'}"
            )
        return url

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, told: str) -> str:
        _networks_of(told)
        return told

    @cached_property
    def proxies(self) -> tuple[Network, ...]:
        """The networks of `trusted_proxies`."""
        return _networks_of(self.trusted_proxies)

    @property
    def network_connected(self) -> bool:
        """Whether somebody can be told to restrict a service; if not, none is."""
        return bool(self.network_url or self.radius_host)

    def sms_sender(self, provider: str) -> str | None:
        """The name or short code that a provider's SMS come from, where none of the operator's routes says otherwise."""
        return {"africastalking": self.africastalking_sender, "kannel": self.kannel_sender}.get(provider)

    smtp_url: SecretStr = SecretStr("")
    """`smtp://user:password@host:587` or `smtps://...`."""
    email_sender: str = ""
    email_addresses: str = ""
    """Addresses that customers write to besides that of the sender (and of the mailbox), with commas between: letters to other mailboxes of
    our domain are not ours."""
    imap_url: SecretStr = SecretStr("")
    """The mailbox that letters to us lie in: `imaps://user:password@host:993/INBOX`. Empty: the mail server pipes them to us."""
    imap_seconds: Annotated[float, Field(gt=0)] = 30
