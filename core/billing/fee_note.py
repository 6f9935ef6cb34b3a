"""A fee on a note of its own: a final invoice of one line in the series `fee`, with its number, journal and open item like any bill.

Issued once a `key`, and taken back whole or not at all: what is still open of it is posted back with the reason.
"""

import secrets
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit, effects
from core.billing import number
from core.billing.due import due_on
from core.billing.tables import invoice, invoice_line, open_item
from core.house import House
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.parties.tables import account, party
from core.text import LANGUAGES, say

SERIES = "fee"


async def issue(conn: AsyncConnection, house: House, *, account_id: int, code: str, minor: int, key: str) -> int | None:
    """Charge `minor` for `bill.line.<code>`; the invoice's id, None when `key` was charged before."""
    if not await effects.first_time(conn, f"fee:{key}", house.clock.now()):
        return None
    today, invoice_id = house.today(), house.ids.take()
    names = select(account.c.number, party.c.name).join(party, party.c.id == account.c.party_id)
    who = (await conn.execute(names.where(account.c.id == account_id))).one()
    values: dict[str, Any] = {
        "id": invoice_id, "account_id": account_id, "series": SERIES, "from_date": today, "to_date": today,
        "revision": await _nth(conn, house, account_id), "state": "final", "token": secrets.token_urlsafe(16),
        "number": f"FEE-{await number.take(conn, SERIES, 1):06}", "currency": house.currency, "total_minor": minor,
        "tax_minor": 0, "rounding_minor": 0, "reward_minor": 0, "estimated": False, "issued_on": today,
        "due_on": due_on(house, today), "before_minor": 0, "finalised_at": house.clock.now(),
        "facts": {"name": who.name, "number": who.number, "services": {}, "estimated": {}},
    }  # fmt: skip
    await conn.execute(insert(invoice).values(values))
    await conn.execute(
        insert(invoice_line).values(
            invoice_id=invoice_id, position=0, service_id=0, code=code, amount_minor=minor, kind="charge",
            label={lang: say(lang, f"bill.line.{code}") for lang in LANGUAGES}, booked_on=today,
        )
    )  # fmt: skip
    posting = Posting(Book("revenue"), receivable(account_id), minor, house.currency, code)
    await post(conn, house, key=f"invoice:{invoice_id}", kind="invoice", booked_on=today, postings=[posting])
    await conn.execute(
        insert(open_item).values(
            invoice_id=invoice_id, account_id=account_id, due_on=values["due_on"], total_minor=minor, open_minor=minor,
            disputed_minor=0,
        )
    )  # fmt: skip
    return invoice_id


async def _nth(conn: AsyncConnection, house: House, account_id: int) -> int:
    """How many fees the account has had today."""
    query = select(func.count()).where(
        invoice.c.account_id == account_id, invoice.c.series == SERIES, invoice.c.from_date == house.today()
    )
    return int((await conn.execute(query)).scalar_one())


async def waive(conn: AsyncConnection, house: House, invoice_id: int, *, reason: str, actor: str) -> int:
    """Take back what is open of a fee; minor units (0: it is paid, waived before, or no fee)."""
    held = select(open_item.c.open_minor, open_item.c.account_id).join(invoice, invoice.c.id == open_item.c.invoice_id)
    held = held.where(open_item.c.invoice_id == invoice_id, invoice.c.series == SERIES).with_for_update(of=open_item)
    row = (await conn.execute(held)).first()
    if row is None or not row.open_minor:
        return 0
    posting = Posting(receivable(row.account_id), Book("revenue"), row.open_minor, house.currency, "waived")
    key = f"waived:{invoice_id}"
    await post(conn, house, key=key, kind="waiver", booked_on=house.today(), postings=[posting])
    closed = update(open_item).where(open_item.c.invoice_id == invoice_id)
    await conn.execute(closed.values(open_minor=0, disputed_minor=0, settled_on=house.today()))
    await audit.note(conn, house, actor, "fee.waived", f"invoice:{invoice_id}", minor=row.open_minor, reason=reason)
    return int(row.open_minor)
