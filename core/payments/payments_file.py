"""Payments that others took for us (agents, another system), as a CSV: each is known by its transaction for ever.

The columns `txn`, `account`, `amount` and `date`; a payment whose account nobody has waits in suspense like any other.
"""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core import money
from core.clock import start_of
from core.errors import BadInput
from core.house import House
from core.numbers import UNSTATED, Notation, delimiter_of
from core.payments import inbox
from core.payments.model import NOTHING, Follow, masked
from core.payments.providers.contract import ProviderEventIn
from core.payments.providers.said import short, words

COLUMNS = ("txn", "account", "amount", "date")
"""What a file must have; `payer`, `method` and `currency` it may have."""


@dataclass(frozen=True, slots=True)
class Brought:
    """In which states the payments ended, and the rows that could not be taken."""

    told: Counter[str]
    rejected: tuple[tuple[int, str], ...]


async def bring_in(
    house: House,
    path: Path,
    provider: str = "agent",
    *,
    columns: Mapping[str, str] | None = None,
    notation: Notation = UNSTATED,
    then: Follow = NOTHING,
) -> Brought:
    """Import payments taken by `provider`; `columns` says how the file calls ours, `notation` how it writes amounts."""
    names = {name: name for name in (*COLUMNS, "payer", "method", "currency")} | dict(columns or {})
    text = await asyncio.to_thread(path.read_text, "utf-8-sig")
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter_of(text.partition("\n")[0]))
    lacking = [names[name] for name in COLUMNS if names[name] not in (reader.fieldnames or ())]
    if lacking:
        raise BadInput(str(path), f"has no column {', '.join(lacking)}.", "Name yours: --column account=YOURS.")
    events, wrong = [], []
    for number, told in enumerate(reader, 2):
        try:
            said = {name: (told.get(column) or "").strip() for name, column in names.items()}
            events.append(_payment(house, said, notation))
        except ValueError as why:
            wrong.append((number, str(why)))
    return Brought(await inbox.tell(house, provider, events, then), tuple(wrong))


def _payment(house: House, told: Mapping[str, str], notation: Notation) -> ProviderEventIn:
    currency = told["currency"].upper() or house.currency
    minor = money.read(told["amount"], currency, notation)
    if minor <= 0:
        raise ValueError("the amount is not above zero")
    txn = short(told["txn"])
    return ProviderEventIn(
        key=f"file:{txn}", kind="inbound", verified_by="answer", txn=txn, method=told["method"] or "cash_agent",
        amount_minor=minor, currency=currency, reference=words(told["account"], 80), payer=masked(told["payer"])[:40],
        at=start_of(date.fromisoformat(told["date"][:10]), house.zone),
    )  # fmt: skip
