"""What stands in the spool: an entry for each thing that came in, sealed with a key made of HODI_SECRET_KEY.

A PIN or a card number that came while the database was away is not to be read from a disk. Who changes that key empties the spool first.
"""

import base64
import hashlib

import msgspec
from cryptography.fernet import Fernet, InvalidToken


class SpoolEntry(msgspec.Struct, array_like=True, frozen=True):
    """One thing that came in: for which room, about which channel or provider, of which kind, when (seconds since 1970, UTC)."""

    room: str
    about: str
    kind: str
    what: msgspec.Raw
    at: float


_entries = msgspec.msgpack.Decoder(SpoolEntry)


class Seal:
    """Closes and opens entries."""

    def __init__(self, secret: str) -> None:
        self._seal = Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"spool:{secret}".encode()).digest()))

    def closed(self, entry: SpoolEntry) -> bytes:
        """As it goes to the disk."""
        return self._seal.encrypt(msgspec.msgpack.encode(entry))

    def opened(self, raw: bytes) -> bytes:
        """What stands in it, as MessagePack."""
        return self._seal.decrypt(raw)

    def entry(self, raw: bytes) -> SpoolEntry:
        """What stands in it."""
        return _entries.decode(self.opened(raw))

    def came_at(self, raw: bytes | None) -> float:
        """When it came in; what nobody can read goes first, and is laid aside."""
        try:
            return self.entry(raw or b"").at
        except (InvalidToken, msgspec.DecodeError):
            return 0.0
