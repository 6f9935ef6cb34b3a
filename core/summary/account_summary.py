"""How a caller's accounts stand and what else there is for them: the values of the cheap reads, and the two listed statements.

`core/summary/reader.py` runs them on the driver. Whatever a turn shows before anything was chosen is asked here, in one statement each.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from sqlalchemy import Select, and_, bindparam, exists, func, literal_column, or_, select

from core.balances.tables import bucket, bucket_user
from core.collections.tables import exposure
from core.ledger.tables import balance, ledger_account, open_item
from core.metering.tables import meter, reading
from core.parties.model import SWAP
from core.parties.tables import account, contact, contact_account, service, sim_change


class Left(msgspec.Struct, frozen=True, array_like=True):
    """What is free in one bucket: minor units of a currency, else micro-units. Instants as the database writes them (UTC)."""

    priority: int
    expires_at: str | None
    id: int
    name: dict[str, str]
    unit: str
    free: int
    starts_at: str

    def until(self) -> datetime | None:
        """When it ends."""
        return _instant(self.expires_at) if self.expires_at else None

    def alive(self, now: datetime) -> bool:
        """Whether it may be drawn from at this instant."""
        end = self.until()
        return _instant(self.starts_at) <= now and (end is None or now < end)


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_lefts = msgspec.json.Decoder(list[Left]).decode


class AccountSummary(msgspec.Struct, frozen=True):
    """How one account of a contact stands; without an account when the contact has none."""

    contact_id: int
    party_id: int | None
    language: str
    account_id: int | None
    number: str | None
    currency: str | None
    owed_minor: int
    """Without what is held by a dispute. Negative: to the customer's credit."""
    points: int
    due_on: date | None
    """The earliest due day of what is open and not disputed."""
    buckets: tuple["Left", ...] = ()
    """What it has beforehand, in the order it is drawn."""
    limit: "LimitUse | None" = None
    """Its credit limit, where it has one."""
    parted: float = 0.0
    """When the contact last lost an account (seconds since 1970): what it had open before that is over."""
    swapped: float = 0.0
    """When another SIM came under its number last (seconds since 1970)."""


class LimitUse(msgspec.Struct, frozen=True):
    """How much of a credit limit was used when it was last looked at."""

    limit_minor: int
    used_minor: int
    at: datetime


def _book(code: str, asset: Any) -> tuple[Any, Any, Any, Any]:
    """One book of the account and its balance, each with what it is joined by."""
    book, held = ledger_account.alias(f"{code}_book"), balance.alias(f"{code}_held")
    mine = and_(book.c.code == literal_column(f"'{code}'"), book.c.owner_id == account.c.id, book.c.asset == asset)
    return book, mine, held, held.c.ledger_account_id == book.c.id


def held_buckets(array: Any, gathered: Any, name: Any) -> Any:
    """All open buckets of the account as one JSON text, by the dialect's own functions: `Left` as an array each."""
    b = bucket.c
    fields = (b.priority, b.expires_at, b.id, name, b.unit, b.amount - b.reserved, b.starts_at)
    found = select(gathered(array(*fields))).join_from(bucket_user, bucket)
    mine = found.where(bucket_user.c.account_id == account.c.id, b.state == literal_column("'open'"))
    return mine.correlate(account).scalar_subquery()


def standing_statement(user: Any, buckets: Any) -> Select[Any]:
    """`user` is the condition on the contact's channel user. A row for each open bill of each account, at least one."""
    owes, owes_on, owed, owed_on = _book("receivable", account.c.currency)
    points, points_on, has, has_on = _book("points", literal_column("'PTS'"))
    number = func.coalesce(contact.c.phone, contact.c.channel_user)
    swapped = (
        select(func.max(sim_change.c.changed_at))
        .where(sim_change.c.phone == number, sim_change.c.kind == literal_column(f"'{SWAP}'"))
        .correlate(contact)
        .scalar_subquery()
    )
    unpaid = and_(open_item.c.account_id == account.c.id, open_item.c.open_minor > literal_column("0"))
    return (
        select(
            contact.c.channel_user,
            contact.c.id,
            contact.c.party_id,
            contact.c.language,
            account.c.id,
            account.c.number,
            account.c.currency,
            owed.c.amount,
            has.c.amount,
            open_item.c.open_minor,
            open_item.c.disputed_minor,
            open_item.c.due_on,
            exposure.c.limit_minor,
            exposure.c.total_minor,
            exposure.c.at,
            buckets,
            contact.c.parted_at,
            swapped,
        )
        .select_from(contact)
        .outerjoin(contact_account, contact_account.c.contact_id == contact.c.id)
        .outerjoin(account, account.c.id == contact_account.c.account_id)
        .outerjoin(owes, owes_on)
        .outerjoin(owed, owed_on)
        .outerjoin(points, points_on)
        .outerjoin(has, has_on)
        .outerjoin(open_item, unpaid)
        .outerjoin(exposure, exposure.c.account_id == account.c.id)
        .where(contact.c.channel == bindparam("channel"), user)
    )


def offers_statement() -> Select[bool, bool]:
    """Of the account `account` on the day `today`: has it a dial its owner may read (`core/metering/self_read.py`), is it prepaid."""
    m, r, s = meter.c, reading.c, service.c
    mine = and_(s.account_id == bindparam("account"), s.state != literal_column("'ended'"))
    registers = (
        select(func.count(r.register.distinct())).where(r.meter_id == m.id, r.state == literal_column("'accepted'"))
    ).scalar_subquery()
    reads = exists().where(
        mine,
        m.service_id == s.id,
        m.kind == literal_column("'register'"),
        m.installed_on <= bindparam("today"),
        or_(m.removed_on.is_(None), m.removed_on > bindparam("today")),
        registers <= literal_column("1"),
    )
    prepaid = exists().where(mine, s.payment_mode == literal_column("'prepaid'"))
    return select(reads, prepaid)


def standings(rows: Sequence[Any]) -> list[AccountSummary]:
    """The rows of one contact, an entry an account, by number."""
    if len(rows) == 1:
        return [_standing(rows[0], rows)]
    accounts: dict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        accounts[row[4]].append(row)
    return sorted((_standing(mine[0], mine) for mine in accounts.values()), key=lambda one: one.number or "")


def _standing(first: Any, rows: Sequence[Any]) -> AccountSummary:
    """One account: each row has another of its open bills."""
    (
        _,
        contact_id,
        party_id,
        language,
        account_id,
        number,
        currency,
        owed,
        points,
        *_,
        most,
        used,
        at,
        held,
        parted,
        swapped,
    ) = first
    all_disputed, earliest = 0, None
    for row in rows:
        unpaid, disputed, due = row[9:12]
        if due is not None:
            all_disputed += disputed
            if unpaid > disputed and (earliest is None or due < earliest):
                earliest = due
    if isinstance(earliest, str):
        earliest = date.fromisoformat(earliest)
    lefts = tuple(sorted(_lefts(held), key=_drawn)) if held and held != "[]" else ()
    return AccountSummary(
        contact_id,
        party_id,
        language,
        account_id,
        number,
        currency,
        (owed or 0) - all_disputed,
        points or 0,
        earliest,
        lefts,
        None if most is None else LimitUse(most, used, _instant(at) if isinstance(at, str) else at),
        _seconds(parted),
        _seconds(swapped),
    )


def nobodys(one: AccountSummary) -> AccountSummary:
    """The contact of this row, without its accounts."""
    return AccountSummary(
        one.contact_id, one.party_id, one.language, None, None, None, 0, 0, None, parted=one.parted, swapped=one.swapped
    )


def _seconds(at: "datetime | str | None") -> float:
    return 0.0 if at is None else (_instant(at) if isinstance(at, str) else at).timestamp()


def _drawn(left: Left) -> tuple[int, str, int]:
    """The order in which buckets are drawn."""
    return left.priority, left.expires_at or "9999", left.id
