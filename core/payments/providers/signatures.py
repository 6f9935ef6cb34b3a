"""How callbacks are signed, and refused when they are not: a MAC of the raw body, compared in constant time.

Stripe and the sandbox sign `t.body` with a stamp and several signatures, so that a recorded callback is stale after five minutes;
the others sign the body alone, and a repeat of theirs is caught by the event's key.
"""

import hmac
from datetime import datetime
from hashlib import sha256
from typing import Any

from core.access.secrets import same
from core.payments.providers.contract import Forged

TOLERANCE_SECONDS = 300


def mac(secret: str, body: bytes, digest: Any = sha256) -> bytes:
    """The HMAC of `body`."""
    return hmac.new(secret.encode(), body, digest).digest()


def stamped(secret: str, body: bytes, at: int) -> str:
    """`t=...,v1=...`: the header of `body` sent at `at` (unix seconds)."""
    return f"t={at},v1={mac(secret, f'{at}.'.encode() + body).hex()}"


def verify(secret: str, given: str, expected: str, status: int = 403) -> None:
    """Raise `Forged` unless `given` is `expected`; an empty secret trusts nobody."""
    if not secret or not given or not same(given, expected):
        raise Forged("a wrong signature" if given else "no signature", status)


def verify_stamped(secret: str, header: str, body: bytes, now: datetime) -> None:
    """Raise `Forged` unless one signature of `header` is that of `body`, made within the tolerance of `now`."""
    pairs = [part.strip().split("=", 1) for part in header.split(",") if "=" in part]
    stamps = [value for name, value in pairs if name == "t"]
    stamp = stamps[0] if stamps else ""
    if not secret or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Forged("no signature")
    if abs(int(now.timestamp()) - int(stamp)) > TOLERANCE_SECONDS:
        raise Forged("a stale signature")
    expected = mac(secret, f"{stamp}.".encode() + body).hex()
    if not any(name == "v1" and same(value, expected) for name, value in pairs):
        raise Forged("a wrong signature")
