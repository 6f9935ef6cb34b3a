"""In which time zone a customer lives: the zone of her account's branch, else of her phone's country, else the operator's.

The branches that live by another clock stand in operator.yaml (`regions`). A phone tells only where its country (or, where numbers say
so, its city) is not the operator's; a country of several zones whose numbers do not say which counts as the middle one.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone
from phonenumbers.tzdata import TIMEZONE_DATA
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.config.operator import Operator
from core.db.in_list import in_list
from core.parties.tables import account, branch, contact_account

WINTER = datetime(2026, 1, 1, tzinfo=UTC)
"""When zones are put in order from west to east."""


async def of_accounts(conn: AsyncConnection, operator: Operator, account_ids: Collection[int]) -> dict[int, ZoneInfo]:
    """The zones of those accounts whose branch lives by another clock; one query, and none where no branch does."""
    if not operator.regions or not account_ids:
        return {}
    rows = await conn.execute(
        select(account.c.id, branch.c.code)
        .join(branch, branch.c.id == account.c.branch_id)
        .where(in_list(conn, account.c.id, account_ids), branch.c.code.in_(operator.regions))
    )
    return {row.id: ZoneInfo(operator.regions[row.code]) for row in rows}


async def of_contacts(conn: AsyncConnection, operator: Operator, contact_ids: Collection[int]) -> dict[int, ZoneInfo]:
    """The same for contacts, by the first account that each is linked to."""
    if not operator.regions or not contact_ids:
        return {}
    first = (
        select(contact_account.c.contact_id, func.min(contact_account.c.account_id).label("account_id"))
        .where(in_list(conn, contact_account.c.contact_id, contact_ids))
        .group_by(contact_account.c.contact_id)
    )
    accounts = {row.contact_id: row.account_id for row in await conn.execute(first)}
    homes = await of_accounts(conn, operator, set(accounts.values()))
    return {contact_id: homes[one] for contact_id, one in accounts.items() if one in homes}


def of_phone(operator: Operator, phone: str) -> ZoneInfo | None:
    """The zone of a phone that is not at home; None: it is, or it is no phone."""
    home = _home(operator.country)
    if home is not None and phone.startswith(home):
        return None
    return _abroad(phone, operator.zone)


@cache
def _home(country: str) -> str | None:
    """What all numbers of the operator's country begin with, if the whole country lives by one clock."""
    code = str(phonenumbers.country_code_for_region(country))
    known = {zone for begins, zones in TIMEZONE_DATA.items() if begins.startswith(code) for zone in zones}
    return f"+{code}" if len(known) == 1 else None


@lru_cache(20_000)
def _abroad(phone: str, home: str) -> ZoneInfo | None:
    try:
        names = timezone.time_zones_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return None
    names = tuple(name for name in names if name != timezone.UNKNOWN_TIMEZONE)
    if not names or home in names:
        return None
    zones = sorted(
        (ZoneInfo(name) for name in names), key=lambda zone: WINTER.astimezone(zone).utcoffset() or timedelta()
    )
    return zones[len(zones) // 2]
