"""They agreed instalments or promised to pay: the ladder stops, what was restricted is lifted, and they have it in writing."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.collections import arrange
from core.collections.arrange import Agreed
from core.context import Context
from core.journeys.dunning import restore
from core.outbox import queue
from core.parties import queries as parties
from core.text import days


async def agree(
    conn: AsyncConnection, context: Context, account_id: int, instalments: int, key: str, *, actor: str = "customer"
) -> Agreed:
    """Agree so many instalments, and what follows."""
    return await _follow(conn, context, await arrange.agree(conn, context, account_id, instalments, key, actor=actor))


async def promise(
    conn: AsyncConnection, context: Context, account_id: int, by: date, key: str, *, actor: str = "customer"
) -> Agreed:
    """Promise to pay by a day, and what follows."""
    return await _follow(conn, context, await arrange.promise(conn, context, account_id, by, key, actor=actor))


async def _follow(conn: AsyncConnection, context: Context, made: Agreed) -> Agreed:
    account = await parties.account(conn, made.account_id)
    lang = account.language if account else "en"
    day, minor = made.instalments[0]
    await queue.enqueue(
        conn,
        context,
        key=f"arranged:{made.id}",
        kind="notice",
        template="notice.arranged",
        account_id=made.account_id,
        params={
            "amount": money.show(minor, context.currency, lang),
            "date": days.spoken(lang, day),
            "count": len(made.instalments),
        },
        resend_unknown=True,
    )
    await restore.reconsider(conn, context, made.account_id, "arrangement")
    return made
