"""What a request for another person's agreement is about, as the one who decides needs it: whom, how much, and the way to their pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals.model import Approval
from core.db.engine import AnyRow
from core.db.in_list import in_list
from core.parties.tables import account, party
from core.reasons import word
from core.text.days import written

NAMES = ("account", "from", "to")
"""Values of a payload that are numbers of accounts."""
SUMS = ("amount", "credit", "counted", "expected", "off")
"""Values of a payload that are money, written plainly."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NAME = re.compile(r"[a-z]+(?:_[a-z]+)+")
"""A name of ours, such as `by_hand`."""
PAGES = {"account": "/console/accounts/", "receipt": "/console/receipts/", "ticket": "/console/tickets/"}


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """One thing that will be done: its name, its value in words, and where more of it stands."""

    name: str
    words: str
    link: str = ""


async def facts(conn: AsyncConnection, asked: Sequence[Approval], lang: str) -> dict[int, list[RequestDetail]]:
    """By request, what it says; accounts with the name of whoever holds them."""
    numbers = {str(one.payload[name]) for one in asked for name in NAMES if one.payload.get(name)}
    query = select(account.c.number, account.c.id, party.c.name).join_from(
        account, party, party.c.id == account.c.party_id
    )
    holders = {
        row.number: row for row in await conn.execute(query.where(in_list(conn, account.c.number, sorted(numbers))))
    }
    match = {}
    for one in asked:
        rows = [
            _fact(one, name, value, holders, lang)
            for name, value in one.payload.items()
            if value and name != "currency"
        ]
        kind, _, subject = one.subject.partition(":")
        if kind in PAGES and not any(row.link for row in rows):
            rows.append(RequestDetail(kind, subject, f"{PAGES[kind]}{subject}"))
        match[one.id] = rows
    return match


def _fact(one: Approval, name: str, value: object, holders: dict[str, AnyRow], lang: str) -> RequestDetail:
    parts = value if isinstance(value, list) else [value]
    text = ", ".join(_word(part, lang) for part in map(str, parts))
    held = holders.get(text) if name in NAMES else None
    if held is not None:
        return RequestDetail(name, f"{text}, {held.name}", f"/console/accounts/{held.id}")
    currency = str(one.payload.get("currency", ""))
    if currency and name in SUMS:
        return RequestDetail(name, _money(text, currency, lang))
    kind, _, subject = one.subject.partition(":")
    if name == "receipt" and kind == "receipt":
        return RequestDetail(name, text, f"/console/receipts/{subject}")
    return RequestDetail(name, text)


def _word(text: str, lang: str) -> str:
    if _DAY.fullmatch(text):
        return written(date.fromisoformat(text))
    return word(text, lang) if _NAME.fullmatch(text) else text


def _money(plain: str, currency: str, lang: str) -> str:
    minor = int((Decimal(plain) * 10 ** money.exponent(currency)).to_integral_value())
    return money.show(minor, currency, lang)
