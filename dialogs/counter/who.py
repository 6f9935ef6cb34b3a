"""Who is calling, and how her accounts stand: the cheap reads of almost every turn."""

from datetime import date, timedelta
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.parties import contacts, sim
from core.parties import queries as parties
from core.summary.account_summary import Left, Standing
from dialogs.counter.common import PAGE, Answer, medium_of, private
from dialogs.model import Asked
from dialogs.values import amount, cut, day, left, lines, moment, named, word

MOST_BUCKETS = 3
"""More nobody reads on a small screen."""


class Glance(Protocol):
    """The cheap read of a turn, asked once and remembered for the rest of the turn."""

    async def standing(self) -> list[Standing]:
        """How the caller's accounts stand; empty when we have never met."""

    async def offers(self, account_id: int, today: date) -> tuple[bool, bool]:
        """Whether there is a dial she may read, and whether the account is prepaid."""


async def caller(glance: Glance, _house: Context, asked: Asked) -> Answer:
    """The contact and its accounts; the only account is chosen at once."""
    rows = await glance.standing()
    if not rows:
        return {"is": "new"}
    ids = [row.account_id for row in rows if row.account_id is not None]
    who = {"contact_id": rows[0].contact_id, "party_id": rows[0].party_id, "accounts": ids, "parted": rows[0].parted}
    chosen = {"account_id": ids[0]} if len(ids) == 1 else {}
    return {"is": "known", "who": who, "lang": rows[0].language, **_from_where(asked), **chosen}


async def meet(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The first meeting: a contact is made, and linked where the phone is on file."""
    met = await contacts.find_or_make(conn, context, asked.channel, asked.user, asked.phone)
    proves = not await sim.swapped(conn, context, met.id)
    ids = [account.id for account in await parties.accounts_of(conn, met.id)] if proves else []
    who = {"contact_id": met.id, "party_id": met.party_id, "accounts": ids, "parted": met.parted}
    chosen = {"account_id": ids[0]} if len(ids) == 1 else {}
    return {"is": "known", "who": who, "lang": met.language, **_from_where(asked), **chosen}


def _from_where(asked: Asked) -> Answer:
    """Where she speaks from; her own pages were opened by a code, which proves as much as a PIN."""
    return {"medium": medium_of(asked)} | ({"proven": True} if asked.channel == PAGE else {})


async def standing(glance: Glance, context: Context, asked: Asked) -> Answer:
    """The one line of the first menu."""
    rows = await glance.standing()
    several = len(rows) > 1
    row = _chosen(rows, asked)
    if row is None:
        return {"line": word("home.line.several", count=len(rows)), "several": several}
    if private(context, asked):
        return {"line": word("home.line.private"), "several": several}
    return {"line": _owed("home.line", context, row), "several": several}


async def balances(glance: Glance, context: Context, asked: Asked) -> Answer:
    """Each kind the account has (owed, prepaid money, bundles, points), as of now: these are the live books."""
    row = _chosen(await glance.standing(), asked)
    if row is None:
        raise Refused("choose.gone")
    at = moment(context.clock.now())
    told = [_owed("balance", context, row, at=at), *_limit(context, row), *_beforehand(context, row, at)]
    told.append(word("balance.points", points=row.points, at=at))
    late = row.owed_minor > 0 and row.due_on is not None and row.due_on < context.today()
    return {"account": row.number, "lines": lines(told), "owes": row.owed_minor > 0, "late": late}


def _limit(context: Context, row: Standing) -> list[list[Any]]:
    """How much of her credit limit is used, as it was last looked at."""
    if row.limit is None:
        return []
    one = row.limit
    percent = one.used_minor * 100 // one.limit_minor if one.limit_minor else 100
    most = amount(one.limit_minor, row.currency or context.currency)
    return [word("balance.limit", percent=percent, limit=most, at=moment(one.at))]


def _beforehand(context: Context, row: Standing, at: list[Any]) -> list[list[Any]]:
    """Prepaid money and bundles, in the order in which they are drawn; beyond the first few only how many more."""
    alive = [one for one in row.buckets if one.alive(context.clock.now())]
    told = [_bucket(context, one, at) for one in alive[:MOST_BUCKETS]]
    return told + ([word("bucket.more", count=len(alive) - MOST_BUCKETS)] if len(alive) > MOST_BUCKETS else [])


def _bucket(context: Context, one: Left, at: list[Any]) -> list[Any]:
    what = named({lang: cut(words, 16) for lang, words in one.name.items()} or {"en": one.unit})
    end = one.until()
    if end is None:
        return word("bucket.line", name=what, left=left(one.free, one.unit), at=at)
    until = day(end.astimezone(context.zone).date())
    return word("bucket.line_until", name=what, left=left(one.free, one.unit), until=until, at=at)


async def here(glance: Glance, context: Context, asked: Asked) -> Answer:
    """What has no account: a phone and a chat are not spoken of alike, and a number with another SIM is closed."""
    rows = await glance.standing()
    since = context.clock.now() - timedelta(hours=sim.COOLING_HOURS)
    closed = bool(rows) and rows[0].account_id is None and rows[0].swapped > since.timestamp()
    return {"here": word("home.here.swapped") if closed else no_account(asked)}


def no_account(asked: Asked) -> list[Any]:
    """That what she writes from belongs to no account, in the words of its medium."""
    return word(f"home.here.{medium_of(asked)}")


async def offers(glance: Glance, context: Context, asked: Asked) -> Answer:
    """What else there is for this account: a meter she may read, a prepaid meter."""
    if asked.account_id is None or asked.account_id not in asked.accounts:
        return {"reads": bool(asked.accounts), "prepaid": bool(asked.accounts)}
    reads, prepaid = await glance.offers(asked.account_id, context.today())
    return {"reads": reads and context.operator.readings.self_read_days > 0, "prepaid": prepaid}


def _chosen(rows: list[Standing], asked: Asked) -> Standing | None:
    for row in rows:
        if row.account_id is not None and row.account_id == asked.account_id:
            return row
    return None


def _owed(stem: str, context: Context, row: Standing, **params: Any) -> list[Any]:
    owed = amount(abs(row.owed_minor), row.currency or context.currency)
    if row.owed_minor < 0:
        return word(f"{stem}.credit", amount=owed, **params)
    if row.owed_minor == 0:
        return word(f"{stem}.clear", **params)
    if row.due_on is None:
        return word(f"{stem}.owing", amount=owed, **params)
    key = "overdue" if row.due_on < context.today() else "owed"
    return word(f"{stem}.{key}", amount=owed, due=day(row.due_on), **params)


async def accounts(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The accounts this contact may ask about, by number and, once it is proven who asks, by name."""
    hidden = private(context, asked)
    found = [one for one in await parties.accounts_of(conn, asked.contact_id or 0) if one.id in asked.accounts]
    return {
        "rows": [{"value": one.id, "number": one.number, "place": "" if hidden else cut(one.name, 16)} for one in found]
    }
