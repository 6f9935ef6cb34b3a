"""Pictures of pages for the docs. Each carries a digest of the words it shows, so that a page that says something else makes it stale."""

import re
import struct
import zlib
from hashlib import sha256

from tests.house.sources import ROOT

PICTURES = ROOT / "docs" / "pictures"
SIGN = b"\x89PNG\r\n\x1a\n"
WORD = b"page-words"
VARIES = re.compile(r"http://\S+|\b[A-Z0-9]*\d[A-Z0-9]*\b")
"""What is another one each time a page is made: ports, references, ids. Amounts and days are left to the pages' own tests."""


def digest(words: str) -> str:
    """Of what a page says, whatever its numbers and its spaces are."""
    return sha256(" ".join(VARIES.sub("#", words).split()).encode()).hexdigest()[:32]


def signed(png: bytes, words: str) -> bytes:
    """The picture with the digest of its words, in a text chunk after the head."""
    head = len(SIGN) + 25
    body = WORD + b"\0" + digest(words).encode()
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    return png[:head] + chunk + png[head:]


def digest_in(png: bytes) -> str | None:
    """The digest that a picture carries; None where it was not taken here."""
    at = png.find(b"tEXt" + WORD + b"\0")
    return None if at < 0 else png[at + 5 + len(WORD) : at + 5 + len(WORD) + 32].decode()
