"""SEPA direct debit by file: a collection begun here goes into the next pain.008 (`core/payments/debit_files.py`).

Nobody is called: the bank takes files from a clerk, and tells what became of them by files (pain.002, camt.053). Until one of those
speaks, a collection is awaited; asked about, nobody answers. The EndToEndId is the attempt's key, so every file finds it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.context import Context
from core.payments.providers.contract import (
    Begun,
    Forged,
    Method,
    ProviderEventIn,
    Queried,
    Started,
    StartRequest,
    StatusQuery,
    Told,
)


@dataclass(frozen=True, slots=True)
class Sepa:
    """Our own bank, reached by files."""

    name: str = "sepa"
    step_minor: int = 1
    most_minor: int | None = None
    methods: frozenset[Method] = frozenset({"direct_debit"})

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """Nobody calls."""
        return {}

    async def start(self, wanted: StartRequest) -> Started:
        """It waits for the next file."""
        return Begun(end_to_end(wanted.key))

    async def query(self, asked: StatusQuery) -> Told:
        """Still awaited: only a file of the bank's says otherwise."""
        return Queried("awaiting_customer", end_to_end(asked.key))

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """A bank does not call back."""
        raise Forged("a bank does not call back")


def end_to_end(key: str) -> str:
    """The attempt's key in letters a bank takes (at most 35): `collection:1000042:1` is `C1000042-1`."""
    return key.replace("collection:", "C").replace(":", "-")[:35]


def opened(_house: Context) -> Sepa:
    """Our bank."""
    return Sepa()
