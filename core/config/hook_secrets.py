"""The secret in the address that a provider calls: one for each provider, derived from the house's, so that none can speak for another.

Whoever learns what Africa's Talking calls cannot write a payment note. Two are valid at once, of `HODI_HOOK_SECRET` and of
`HODI_HOOK_SECRET_BEFORE`, so that a secret is changed without an hour in which nobody is heard. The house's own secret in the path,
which every provider once shared, opens as well until `HODI_HOOK_SHARED=false`.
"""

import hmac
from hashlib import sha256

from pydantic import SecretStr

from core.config.operator import Settings

LENGTH = 40
"""Letters of a derived secret: 160 bits, written in hexadecimal (Safaricom refuses some words in an address, none is spelt so)."""


def secret_of(settings: Settings, provider: str) -> str:
    """What stands in the addresses that this provider is given."""
    return _derived(settings.hook_secret, provider)


def opens(settings: Settings, provider: str, said: str) -> bool:
    """Whether the path of a call carries a secret that this provider was given. A house without a secret lets nobody in."""
    secrets = [one for one in (settings.hook_secret, settings.hook_secret_before) if one.get_secret_value()]
    right = [_derived(one, provider) for one in secrets]
    if settings.hook_shared:
        right += [one.get_secret_value() for one in secrets]
    found = False
    for one in right:  # each is compared, in a time that tells nothing
        found |= hmac.compare_digest(said.encode("utf-8", "surrogatepass"), one.encode())
    return found


def _derived(secret: SecretStr, provider: str) -> str:
    return hmac.new(secret.get_secret_value().encode(), f"hodi hook {provider}".encode(), sha256).hexdigest()[:LENGTH]
