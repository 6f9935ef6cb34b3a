"""What entries of a statement mean for payments: a direct debit collected, one sent back, a customer's own transfer.

The first two are known by our EndToEndId; a transfer by the one account that its purpose names. An entry that means none of these is left for
the reconciliation (a payout, a deposit) or a person.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.context import Context
from core.db.in_list import in_list
from core.parties.tables import account
from core.payments.bank.model import RETURNS
from core.payments.bank.pain002 import DebitRefusal
from core.payments.bank.tables import statement_entry
from core.payments.providers.contract import ProviderEventIn
from core.payments.tables import attempt

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,33}[A-Za-z0-9]")


async def debits(conn: AsyncConnection, context: Context, keys: Sequence[str]) -> list[ProviderEventIn]:
    """What these entries say of direct debits we handed in."""
    query = select(statement_entry).where(
        in_list(conn, statement_entry.c.key, keys), statement_entry.c.problem.is_(None)
    )
    found = (await conn.execute(query)).all()
    names = [row.end_to_end for row in found if row.end_to_end]
    ours = select(attempt.c.provider_ref).where(
        attempt.c.provider == "sepa", in_list(conn, attempt.c.provider_ref, names)
    )
    known = set((await conn.execute(ours)).scalars())
    return [_debit(context, row) for row in found if row.end_to_end in known]


def _debit(context: Context, row: Row[Any]) -> ProviderEventIn:
    base: dict[str, Any] = {
        "key": f"entry:{row.key}",
        "verified_by": "answer",
        "provider_ref": row.end_to_end,
        "txn": row.end_to_end,
        "amount_minor": abs(row.amount_minor),
        "currency": row.currency,
        "at": start_of(row.booked_on, context.zone),
    }
    if row.amount_minor > 0:
        return ProviderEventIn(kind="succeeded", method="direct_debit", **base)
    why = RETURNS.get(row.reason or "", "returned")
    return ProviderEventIn(kind="failed", state="debit_return", reason=why, **base)


def refused(refusals: Sequence[DebitRefusal]) -> list[ProviderEventIn]:
    """What a status report says: these will not be collected."""
    return [
        ProviderEventIn(
            key=f"refused:{one.end_to_end}",
            kind="failed",
            verified_by="answer",
            provider_ref=one.end_to_end,
            reason=RETURNS.get(one.code, "declined"),
        )
        for one in refusals
    ]


async def transfers(
    conn: AsyncConnection, context: Context, keys: Sequence[str], billed: dict[str, str]
) -> list[ProviderEventIn]:
    """Transfers whose purpose names an account of ours, or a bill (`billed`: bill number -> account number).

    One that names two accounts, or is of a batch whose parts do not add up, waits in suspense with the reason.
    """
    query = select(statement_entry).where(
        in_list(conn, statement_entry.c.key, keys),
        statement_entry.c.amount_minor > 0,
        statement_entry.c.reason.is_(None),
    )
    found = [(row, tokens(f"{row.purpose} {row.end_to_end or ''}")) for row in await conn.execute(query)]
    every = sorted({one for _, names in found for one in names})
    ours = select(account.c.number).where(in_list(conn, account.c.number, every))
    numbers = {number: number for number in (await conn.execute(ours)).scalars()} | billed
    named = [(row, list(dict.fromkeys(numbers[one] for one in names if one in numbers))) for row, names in found]
    return [_transfer(context, row, _reference(row, whose)) for row, whose in named if whose]


def _reference(row: Row[Any], whose: Sequence[str]) -> str:
    """The one account that is named; else why it is nobody's until a person looks."""
    if row.problem:
        return f"{row.problem}. It names {', '.join(whose)}"[:200]
    return whose[0] if len(whose) == 1 else f"It names {len(whose)} accounts: {', '.join(whose)}"[:200]


def tokens(text: str) -> list[str]:
    """What in a text may be a number of ours."""
    return _TOKEN.findall(text)


def _transfer(context: Context, row: Row[Any], number: str) -> ProviderEventIn:
    return ProviderEventIn(
        key=f"entry:{row.key}",
        kind="inbound",
        verified_by="answer",
        txn=row.key,
        method="bank_transfer",
        amount_minor=row.amount_minor,
        currency=row.currency,
        reference=number,
        payer=row.name[:40],
        at=start_of(row.booked_on, context.zone),
    )
