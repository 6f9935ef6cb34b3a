"""A statement (or a status report) of the bank comes in: it is kept, direct debits settle or fall through, transfers pay bills.

Payments do not know bills' numbers, so the transfers that name one are told here whose it is. Safe to repeat, and to kill: what was
kept and not yet told is told by the next import of any file.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import invoice
from core.context import App
from core.db.in_list import in_list
from core.parties.tables import account
from core.payments import inbox
from core.payments.bank import entry_payloads, import_file
from core.payments.bank.tables import statement_entry


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file held, and what became of what it said."""

    statements: int
    new: int
    known: int
    refusals: int
    told: Counter[str]
    otherwise: list[str]
    """What was known and is told otherwise now: a person has to look."""
    doubts: list[str]
    """What was kept and is nobody's until a person looks."""


async def bring_in(app: App, path: Path) -> Imported:
    """Import a camt.052, camt.053, camt.054, MT940 or pain.002 file. Raises BadInput when it cannot be read or does not add up."""
    match, refusals = await asyncio.to_thread(import_file.read, path)
    kept = await import_file.keep(app, path, match)
    told = await inbox.tell(app, "sepa", entry_payloads.refused(refusals))
    async with app.db.reading() as conn:
        keys = list(
            (await conn.execute(select(statement_entry.c.key).where(statement_entry.c.state == "open"))).scalars()
        )
        debits = await entry_payloads.debits(conn, app, keys)
        transfers = await entry_payloads.transfers(conn, app, keys, await _billed(conn, keys))
    debited = {event.key for event in debits}
    told += await inbox.tell(app, "sepa", debits)
    told += await inbox.tell(app, "bank", [event for event in transfers if event.key not in debited])
    return Imported(kept.statements, kept.new, kept.known, len(refusals), told, kept.otherwise, kept.doubts)


async def _billed(conn: AsyncConnection, keys: list[str]) -> dict[str, str]:
    """Bill number -> account number, of the bills that open entries name."""
    texts = await conn.execute(select(statement_entry.c.purpose).where(in_list(conn, statement_entry.c.key, keys)))
    named = sorted({one for text in texts.scalars() for one in entry_payloads.tokens(text)})
    query = (
        select(invoice.c.number, account.c.number)
        .join_from(invoice, account, invoice.c.account_id == account.c.id)
        .where(in_list(conn, invoice.c.number, named))
    )
    return {row[0]: row[1] for row in await conn.execute(query)}
