"""A file of the bank's is kept, entry by entry: the same file again, or the same statement in another format, changes nothing.

A statement that does not add up was cut short and is refused whole. What its entries mean for customers is `says.py`; whether each of
them is explained is `core/payments/reconcile`.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.bulk import insert_many
from core.card_numbers import without_cards
from core.db import SPARE_IDS, insert
from core.errors import BadInput
from core.house import House
from core.payments.bank import camt, mt940, pain002
from core.payments.bank.model import Statement, key_of
from core.payments.bank.tables import statement, statement_entry


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file held: entries that are new and known, and refusals of direct debits."""

    statements: int
    new: int
    known: int
    keys: tuple[str, ...] = ()
    refusals: tuple[pain002.Refusal, ...] = ()


_COLUMNS = (
    "id", "statement_id", "key", "account", "booked_on", "amount_minor", "currency", "end_to_end", "mandate", "name",
    "purpose", "bank_ref", "reason", "state",
)  # fmt: skip


def read(path: Path) -> tuple[list[Statement], list[pain002.Refusal]]:
    """A file in whichever format it is: camt.053, pain.002 or MT940. Raises BadInput. Blocking: call it in a thread."""
    raw = path.read_bytes()
    try:
        if raw.lstrip()[:1] != b"<":
            return _whole(mt940.read(raw)), []
        if b"CstmrPmtStsRpt" in raw:
            return [], pain002.read(raw)
        return _whole(camt.read(raw)), []
    except ValueError as why:
        remedy = "Export it again from the bank as camt.053, MT940 or pain.002."
        raise BadInput(str(path), f"cannot be read: {why}.", remedy) from why


def _whole(found: list[Statement]) -> list[Statement]:
    for one in found:
        if one.off_by:
            lacks = money.plain(abs(one.off_by), one.currency)
            raise ValueError(f"statement {one.number} does not add up, by {lacks} {one.currency}")
    return found


async def keep(house: House, path: Path, found: Sequence[Statement]) -> Taken:
    """Write statements down, in one transaction; what was new."""
    await house.db.reserve_ids(sum(len(one.entries) + 1 for one in found) + SPARE_IDS)
    digest = await asyncio.to_thread(_digest, path)
    total = new = 0
    keys: list[str] = []
    async with house.db.writing() as conn:
        for one in found:
            total += len(one.entries)
            fresh = await _keep(conn, house, one, without_cards(path.name), digest)
            new += len(fresh)
            keys += fresh
    return Taken(len(found), new, total - new, tuple(keys))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def _keep(conn: AsyncConnection, house: House, one: Statement, name: str, digest: str) -> list[str]:
    account = _ours(house, one.account)
    row = {
        "id": house.ids.take(), "account": account, "number": one.number, "currency": one.currency,
        "from_on": one.from_on, "to_on": one.to_on, "opening_minor": one.opening_minor,
        "closing_minor": one.closing_minor, "file_name": name, "digest": digest, "imported_at": house.clock.now(),
    }  # fmt: skip
    which = ["account", "number", "from_on"]
    await conn.execute(insert(conn, statement).values(row).on_conflict_do_nothing(index_elements=which))
    kept = select(statement.c.id).where(*(statement.c[name] == row[name] for name in which))
    statement_id = (await conn.execute(kept)).scalar_one()
    keys = [key_of(account, entry) for entry in one.entries]
    known = set(
        (await conn.execute(select(statement_entry.c.key).where(statement_entry.c.account == account))).scalars()
    )
    rows = [
        (
            house.ids.take(), statement_id, key, account, entry.booked_on, entry.amount_minor, one.currency,
            entry.end_to_end, entry.mandate, entry.name[:140], entry.purpose, entry.bank_ref,
            entry.reason or ("returned" if entry.returned else None), "open",
        )
        for key, entry in zip(keys, one.entries, strict=True)
    ]  # fmt: skip
    await insert_many(conn, statement_entry, _COLUMNS, rows, skip_known=True)
    return [key for key in keys if key not in known]


def _ours(house: House, told: str) -> str:
    """The account as we call it: formats write the same account differently (an IBAN, or bank code and number in it)."""
    ours = "".join(house.operator.reconcile.bank_account.split()).upper()
    plain = "".join(letter for letter in told.upper() if letter.isalnum())
    figures = plain.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return ours if ours and len(figures) >= 8 and figures in ours else plain
