"""One event as a file says it, and the key it is known by.

The key tells apart what one service began in the same second: the source's own number of the record where it has one, else what
the record says (use, destination, quantity, value). So the same record is a duplicate in whatever file it comes, and files are
never compared by their names.
"""

import hashlib
from typing import NamedTuple

UNIT_OF = {"voice": "s", "sms": "event", "mms": "event", "data": "MB"}
"""The unit of each kind of use we know; another unit is refused. Kinds of an operator's own may have any."""


class Call(NamedTuple):
    """An event. `at`: the second it began as the operator's clock shows it; `offset_minutes`: how far that is ahead of UTC."""

    row: int
    line: str
    party: str
    use: str
    unit: str
    at: int
    offset_minutes: int
    quantity_micro: int
    destination: str | None
    value_minor: int | None
    key: int


class Filtered(NamedTuple):
    """A record that its source says is no usage of a customer's."""

    row: int


class Declared(NamedTuple):
    """The file's last record says how many records it has."""

    records: int


def key_of(*parts: object) -> int:
    """63 bits of what the record is; beside service and second that is more than enough."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
