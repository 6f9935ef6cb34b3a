"""What a request for another person's agreement is about, as the one who decides needs it: whom, how much, and the way to their pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals.model import Approval
from core.db import AnyRow
from core.parties.tables import account, party
from core.sets import among

NAMES = ("account", "from", "to")
"""Values of a payload that are numbers of accounts."""
PAGES = {"account": "/console/accounts/", "receipt": "/console/receipts/", "ticket": "/console/tickets/"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that will be done: its name, its value in words, and where more of it stands."""

    name: str
    words: str
    link: str = ""


async def facts(conn: AsyncConnection, asked: Sequence[Approval], lang: str) -> dict[int, list[Fact]]:
    """By request, what it says; accounts with the name of whoever holds them."""
    numbers = {str(one.payload[name]) for one in asked for name in NAMES if one.payload.get(name)}
    query = select(account.c.number, account.c.id, party.c.name).join_from(
        account, party, party.c.id == account.c.party_id
    )
    holders = {
        row.number: row for row in await conn.execute(query.where(among(conn, account.c.number, sorted(numbers))))
    }
    found = {}
    for one in asked:
        rows = [
            _fact(one, name, value, holders, lang)
            for name, value in one.payload.items()
            if value and name != "currency"
        ]
        kind, _, subject = one.subject.partition(":")
        if kind in PAGES and not any(row.link for row in rows):
            rows.append(Fact(kind, subject, f"{PAGES[kind]}{subject}"))
        found[one.id] = rows
    return found


def _fact(one: Approval, name: str, value: object, holders: dict[str, AnyRow], lang: str) -> Fact:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    held = holders.get(text) if name in NAMES else None
    if held is not None:
        return Fact(name, f"{text}, {held.name}", f"/console/accounts/{held.id}")
    currency = str(one.payload.get("currency", ""))
    if currency and name in ("amount", "counted", "expected", "off"):
        return Fact(name, _money(text, currency, lang))
    kind, _, subject = one.subject.partition(":")
    if name == "receipt" and kind == "receipt":
        return Fact(name, text, f"/console/receipts/{subject}")
    return Fact(name, text)


def _money(plain: str, currency: str, lang: str) -> str:
    minor = int((Decimal(plain) * 10 ** money.exponent(currency)).to_integral_value())
    return money.show(minor, currency, lang)
