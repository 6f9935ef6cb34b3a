"""Random secrets and how they are kept: shown once, stored as a digest, compared in constant time.

SHA-256 is enough for 256 random bits, because there is nothing to guess; what a person chose (a password, a PIN) goes through
argon2 instead (`core/access/staff.py`).
"""

import hashlib
import hmac
import secrets


def fresh() -> str:
    """256 random bits, as 43 letters that are safe in a URL, a header and a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What the database keeps of a random secret."""
    return hashlib.sha256(as_sent(secret)).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that tells nothing."""
    return hmac.compare_digest(as_sent(one), as_sent(other))


def as_sent(text: str) -> bytes:
    """The bytes of a text out of a header or a cookie, which need not be UTF-8."""
    return text.encode("utf-8", "surrogateescape")
