"""Payments that others took for us (agents, another system), as a CSV: each is known by its transaction on its day.

The columns `txn`, `account`, `amount` and `date`; a payment whose account nobody has waits in suspense like any other. A number that comes
again on another day with another amount or account is another payment, because agents' books begin anew; one that comes again and says
something else of the same payment is refused with both, and never counted as there already.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.clock import start_of
from core.context import App, Context
from core.dates import DateLayout
from core.db.engine import AnyRow
from core.db.in_list import in_list
from core.numbers import Notation
from core.payments import inbox
from core.payments.model import masked
from core.payments.named_rows import Ways, rows, text_of
from core.payments.providers.contract import ProviderEventIn
from core.payments.providers.parse import short, words
from core.payments.tables import receipt

COLUMNS = ("txn", "account", "amount", "date")
"""What a file must have."""
MORE = ("payer", "method", "currency", "provider")
"""What it may have (whose payments they are is said once, by `--fill provider=`)."""


@dataclass(frozen=True, slots=True)
class Brought:
    """In which states the payments ended, those there already, and the rows that could not be taken."""

    told: Counter[str]
    rejected: tuple[tuple[int, str], ...]
    new: int = 0
    known: int = 0


async def bring_in(app: App, path: Path, provider: str = "agent", *, ways: Ways | None = None) -> Brought:
    """Import payments taken by `provider`; `ways` says how the file calls and writes things."""
    ways = ways or Ways()
    layout = ways.layout(path)
    read: dict[int, ProviderEventIn] = {}
    wrong: list[tuple[int, str]] = []
    for number, told in rows(path, await text_of(path), ways, COLUMNS, MORE):
        try:
            read[number] = _payment(app, told, layout, ways.notation)
        except ValueError as why:
            wrong.append((number, str(why)))
    async with app.db.reading() as conn:
        events, refused, known = await _new(conn, app, provider, read)
    told_states = await inbox.tell(app, provider, events)
    return Brought(told_states, tuple(sorted([*wrong, *refused])), len(events) - known, known)


def _payment(context: Context, told: Mapping[str, str], layout: DateLayout, notation: Notation) -> ProviderEventIn:
    currency = told["currency"].upper() or context.currency
    minor = money.read(told["amount"], currency, notation)
    if minor <= 0:
        raise ValueError("the amount is not above zero")
    txn = short(told["txn"])
    return ProviderEventIn(
        key=f"file:{txn}",
        kind="inbound",
        verified_by="answer",
        txn=txn,
        method=told["method"] or "cash_agent",
        amount_minor=minor,
        currency=currency,
        reference=words(told["account"], 80),
        payer=masked(told["payer"])[:40],
        at=start_of(layout.day(told["date"]), context.zone),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """A payment under its number: of the books, or of an earlier row."""

    on: date
    minor: int
    currency: str
    whose: str

    def __str__(self) -> str:
        return f"{money.plain(self.minor, self.currency)} {self.currency} of {self.on} for {self.whose or 'nobody'}"


async def _new(
    conn: AsyncConnection, context: Context, provider: str, read: dict[int, ProviderEventIn]
) -> tuple[list[ProviderEventIn], list[tuple[int, str]], int]:
    """Which rows are new payments, which contradict what is known, and how many are there already."""
    known = await _known(conn, context, provider, list(read.values()))
    events: list[ProviderEventIn] = []
    wrong: list[tuple[int, str]] = []
    there = 0
    for number, event in read.items():
        mine = _facts(context, event)
        txn, own = event.txn or "", f"{event.txn}@{mine.on}"
        before = known.get(own) or known.get(txn)
        if before is None:
            known[txn] = mine
            events.append(event)
        elif _same(before, mine):
            there += 1
            events.append(event if known.get(own) is None else replace(event, key=f"file:{own}", txn=own))
        elif before.on != mine.on and (before.minor, _name(before)) != (mine.minor, _name(mine)):
            known[own] = mine
            events.append(replace(event, key=f"file:{own}", txn=own))
        else:
            wrong.append((number, f"{txn} is there with other content: {before}, and here {mine}"))
    return events, wrong, there


def _facts(context: Context, event: ProviderEventIn) -> _Known:
    at = event.at or context.clock.now()
    return _Known(at.astimezone(context.zone).date(), event.amount_minor or 0, event.currency, event.reference)


def _same(one: _Known, other: _Known) -> bool:
    return (one.on, one.minor, one.currency, _name(one)) == (other.on, other.minor, other.currency, _name(other))


def _name(one: _Known) -> str:
    """The account as it was written, however it was spaced."""
    return "".join(letter for letter in one.whose.casefold() if letter.isalnum())


async def _known(
    conn: AsyncConnection, context: Context, provider: str, read: Sequence[ProviderEventIn]
) -> dict[str, _Known]:
    """What the books have under these numbers."""
    names = {name for event in read for name in (event.txn or "", f"{event.txn}@{_facts(context, event).on}")}
    query = select(
        receipt.c.provider_txn, receipt.c.received_at, receipt.c.amount_minor, receipt.c.currency, receipt.c.reference
    ).where(receipt.c.provider == provider, in_list(conn, receipt.c.provider_txn, sorted(names)))
    return {row.provider_txn: _of_receipt(context, row) for row in await conn.execute(query)} if names else {}


def _of_receipt(context: Context, row: AnyRow) -> _Known:
    return _Known(row.received_at.astimezone(context.zone).date(), row.amount_minor, row.currency, row.reference)
