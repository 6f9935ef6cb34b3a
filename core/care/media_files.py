"""Where the bytes of customers' files lie: a folder beside the database, one file for each digest, shared by all processes of a machine.

They are strangers' bytes, megabytes each, and looked at by hand now and then: in the ledger's tables they would weigh on every backup and
every page. The row of `media` keeps what a file is, how long, and its digest; whoever reads a file proves it by that.
"""

import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path


def put(folder: str, body: bytes, at: datetime) -> str:
    """Keep these bytes, as of an instant; their digest. On the disk before this returns; the same bytes are kept once."""
    digest = hashlib.sha256(body).hexdigest()
    place = _place(folder, digest)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = place.with_name(f".{secrets.token_hex(8)}")
    with fresh.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.utime(fresh, (at.timestamp(), at.timestamp()))
    fresh.replace(place)  # also where it stands already: it is as young as its newest row
    return digest


def get(folder: str, digest: str) -> bytes | None:
    """The bytes of this digest; None: they are not here, or are others."""
    try:
        body = _place(folder, digest).read_bytes()
    except FileNotFoundError:
        return None
    return body if hashlib.sha256(body).hexdigest() == digest else None


def drop(folder: str, digest: str, before: datetime) -> bool:
    """They are needed no more, unless somebody has sent the same bytes since `before`; whether they were here."""
    place = _place(folder, digest)
    if not place.exists() or place.stat().st_mtime >= before.timestamp():
        return False
    place.unlink(missing_ok=True)
    return True


def older_than(folder: str, before: datetime) -> list[str]:
    """The digests of files that were put here before an instant."""
    return [place.name for place in Path(folder).glob("??/*") if place.stat().st_mtime < before.timestamp()]


def _place(folder: str, digest: str) -> Path:
    return Path(folder) / digest[:2] / digest
