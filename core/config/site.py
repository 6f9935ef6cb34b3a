"""What of the deployment a use case may know: where links lead, what digests are keyed with, which connections there are. No credential."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from core.config.environment import Settings

SMS_PROVIDERS = ("africastalking", "kannel")


@dataclass(frozen=True, slots=True)
class Site:
    """Drawn from `Settings` once, at the composition root."""

    public_url: str
    """Without a slash at its end."""
    secret_key: SecretStr
    """Keys the digests of PINs, codes and texts."""
    media_path: str
    strangers_mb_a_day: int
    network_connected: bool
    """Whether a network lets services through or not by our word."""
    sms_senders: Mapping[str, str | None]
    """Provider of SMS -> the sender that its messages come from."""
    sms_provider: str
    """The provider that is set up first."""
    gocardless_scheme: str
    daraja_shortcode: str


def site_of(settings: Settings) -> Site:
    """What use cases see of the settings."""
    return Site(
        public_url=settings.public_url.rstrip("/"),
        secret_key=settings.secret_key,
        media_path=settings.media_path,
        strangers_mb_a_day=settings.strangers_mb_a_day,
        network_connected=settings.network_connected,
        sms_senders={provider: settings.sms_sender(provider) for provider in SMS_PROVIDERS},
        sms_provider="africastalking" if settings.africastalking_api_key.get_secret_value() else "kannel",
        gocardless_scheme=settings.gocardless_scheme,
        daraja_shortcode=settings.daraja_shortcode,
    )
