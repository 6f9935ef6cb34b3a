"""What the law of a country asks for: one pack a country, each rule with its source. An operator may be kinder, and says so in its own file.

A new country is a file here and a row of `PACKS`; what a pack leaves out is as everywhere (`core/config/collections.py`, the defaults of
`Ladder` and `Fees`). Holidays, telephone numbers, currencies and zones come from the libraries that follow them, not from here.
"""

from collections.abc import Mapping

from core.config.countries import belgium, britain, kenya, nigeria
from core.config.countries.pack import Pack

DEFAULT = "default"
PACKS: Mapping[str, Pack] = {
    DEFAULT: Pack(),
    "KE": kenya.PACK,
    "NG": nigeria.PACK,
    "GB": britain.PACK,
    "BE": belgium.PACK,
}
"""ISO 3166 code -> its pack."""


def pack_of(country: str) -> Pack:
    """The pack of a country; without one, what holds everywhere."""
    return PACKS.get(country, PACKS[DEFAULT])
