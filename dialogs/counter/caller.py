"""Who is calling, and how their accounts stand: the cheap reads of almost every turn."""

from datetime import timedelta
from typing import Any

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.parties import contacts, sim
from core.parties import queries as parties
from core.summary.account_summary import AccountSummary, Left
from dialogs.answers import Answer, Identified, ListAnswer, ListRow
from dialogs.counter.common import medium_of, private
from dialogs.model import CounterRequest, SummaryReader
from dialogs.session import SessionContact
from dialogs.values import Text, amount, cut, day, left, lines, moment, named, word

MOST_BUCKETS = 3
"""More nobody reads on a small screen."""
STRANGER = Identified(outcome="new")


class StandingLine(Answer, frozen=True):
    """The one line of the first menu."""

    line: Text
    several: bool


class BalanceLines(Answer, frozen=True):
    """Each kind an account has, a line each."""

    account: str | None
    lines: Text
    owes: bool
    late: bool


class HereLine(Answer, frozen=True):
    """What has no account."""

    here: Text


class MoreOffers(Answer, frozen=True):
    """What else there is for this account: a meter they may read, a prepaid meter."""

    reads: bool
    prepaid: bool


class AccountRow(ListRow, frozen=True):
    """An account by number and, once it is proven who asks, by name."""

    number: str
    place: str


class Accounts(ListAnswer, frozen=True):
    """The accounts a contact may ask about."""

    rows: tuple[AccountRow, ...]


async def caller(reader: SummaryReader, _context: Context, request: CounterRequest) -> Identified:
    """The contact and its accounts; the only account is chosen at once."""
    rows = await reader.standing()
    if not rows:
        return STRANGER
    accounts = tuple([row.account_id for row in rows if row.account_id is not None])
    first = rows[0]
    return _identified(
        request, SessionContact(first.contact_id, first.party_id, accounts, first.parted), first.language
    )


async def meet(conn: AsyncConnection, context: Context, request: CounterRequest) -> Identified:
    """The first meeting: a contact is made, and linked where the phone is on file."""
    contact = await contacts.find_or_make(conn, context, request.channel, request.user, request.phone)
    proves = not await sim.swapped(conn, context, contact.id)
    accounts = tuple(account.id for account in await parties.accounts_of(conn, contact.id)) if proves else ()
    return _identified(
        request, SessionContact(contact.id, contact.party_id, accounts, contact.parted), contact.language
    )


def _identified(request: CounterRequest, who: SessionContact, lang: str) -> Identified:
    """Their own pages were opened by a code, which proves as much as a PIN."""
    return Identified(
        who,
        lang,
        medium_of(request),
        True if request.traits.opened_by_code else UNSET,
        who.accounts[0] if len(who.accounts) == 1 else UNSET,
        outcome="known",
    )


async def standing(reader: SummaryReader, context: Context, request: CounterRequest) -> StandingLine:
    """The one line of the first menu."""
    rows = await reader.standing()
    several = len(rows) > 1
    row = _chosen(rows, request)
    if row is None:
        return StandingLine(word("home.line.several", count=len(rows)), several)
    if private(context, request):
        return StandingLine(word("home.line.private"), several)
    return StandingLine(_owed("home.line", context, row), several)


async def balances(reader: SummaryReader, context: Context, request: CounterRequest) -> BalanceLines:
    """Each kind the account has (owed, prepaid money, bundles, points), as of now: these are the live books."""
    row = _chosen(await reader.standing(), request)
    if row is None:
        raise Refused("choose.gone")
    at = moment(context.clock.now())
    values = [_owed("balance", context, row, at=at), *_limit(context, row), *_beforehand(context, row, at)]
    values.append(word("balance.points", points=row.points, at=at))
    late = row.owed_minor > 0 and row.due_on is not None and row.due_on < context.today()
    return BalanceLines(row.number, lines(values), row.owed_minor > 0, late)


def _limit(context: Context, row: AccountSummary) -> list[list[Any]]:
    """How much of a credit limit is used, as it was last looked at."""
    limit = row.limit
    if limit is None:
        return []
    percent = limit.used_minor * 100 // limit.limit_minor if limit.limit_minor else 100
    most = amount(limit.limit_minor, row.currency or context.currency)
    return [word("balance.limit", percent=percent, limit=most, at=moment(limit.at))]


def _beforehand(context: Context, row: AccountSummary, at: list[Any]) -> list[list[Any]]:
    """Prepaid money and bundles, in the order in which they are drawn; beyond the first few only how many more."""
    alive = [bucket for bucket in row.buckets if bucket.alive(context.clock.now())]
    values = [_bucket(context, bucket, at) for bucket in alive[:MOST_BUCKETS]]
    return values + ([word("bucket.more", count=len(alive) - MOST_BUCKETS)] if len(alive) > MOST_BUCKETS else [])


def _bucket(context: Context, bucket: Left, at: list[Any]) -> list[Any]:
    name = named({lang: cut(words, 16) for lang, words in bucket.name.items()} or {"en": bucket.unit})
    end = bucket.until()
    if end is None:
        return word("bucket.line", name=name, left=left(bucket.free, bucket.unit), at=at)
    until = day(end.astimezone(context.zone).date())
    return word("bucket.line_until", name=name, left=left(bucket.free, bucket.unit), until=until, at=at)


async def here(reader: SummaryReader, context: Context, request: CounterRequest) -> HereLine:
    """What has no account: a phone and a chat are not spoken of alike, and a number with another SIM is closed."""
    rows = await reader.standing()
    since = context.clock.now() - timedelta(hours=sim.COOLING_HOURS)
    closed = bool(rows) and rows[0].account_id is None and rows[0].swapped > since.timestamp()
    return HereLine(word("home.here.swapped") if closed else word(f"home.here.{medium_of(request)}"))


async def offers(reader: SummaryReader, context: Context, request: CounterRequest) -> MoreOffers:
    """What else there is for this account: a meter they may read, a prepaid meter."""
    if request.account_id is None or request.account_id not in request.accounts:
        return MoreOffers(bool(request.accounts), bool(request.accounts))
    reads, prepaid = await reader.offers(request.account_id, context.today())
    return MoreOffers(reads and context.operator.readings.self_read_days > 0, prepaid)


def _chosen(rows: list[AccountSummary], request: CounterRequest) -> AccountSummary | None:
    for row in rows:
        if row.account_id is not None and row.account_id == request.account_id:
            return row
    return None


def _owed(stem: str, context: Context, row: AccountSummary, **params: Any) -> list[Any]:
    owed = amount(abs(row.owed_minor), row.currency or context.currency)
    if row.owed_minor < 0:
        return word(f"{stem}.credit", amount=owed, **params)
    if row.owed_minor == 0:
        return word(f"{stem}.clear", **params)
    if row.due_on is None:
        return word(f"{stem}.owing", amount=owed, **params)
    key = "overdue" if row.due_on < context.today() else "owed"
    return word(f"{stem}.{key}", amount=owed, due=day(row.due_on), **params)


async def accounts(conn: AsyncConnection, context: Context, request: CounterRequest) -> Accounts:
    """The accounts this contact may ask about, by number and, once it is proven who asks, by name."""
    hidden = private(context, request)
    return Accounts(
        tuple(
            AccountRow(account.id, account.number, "" if hidden else cut(account.name, 16))
            for account in await parties.accounts_of(conn, request.contact_id or 0)
            if account.id in request.accounts
        )
    )
