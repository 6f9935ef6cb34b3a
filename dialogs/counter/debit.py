"""Every bill collected when it is due: where she agrees to it, and how she ends it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.payments import cards, mandate_pages, mandates
from core.text import say
from dialogs.counter.common import Answer, account_of, follows_here, text_me
from dialogs.model import Asked


async def debit_stands(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """Whether her bills are collected already; else where she can agree."""
    given = await _given(conn, asked)
    told = {"bank": given.masked if given else "", "phone": asked.phone or ""}
    if given:
        return {"is": "given", **told}
    if not await mandate_pages.offered_to(conn, app, account_of(asked)):
        return {"is": "no_page", **told}
    return {"is": "here" if follows_here(asked) else "sms", **told}


async def invite(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """The link to the page where she agrees: on this screen, or by SMS."""
    url = await mandate_pages.invite(conn, app, account_of(asked), key=asked.key)
    if not follows_here(asked):
        words = say(asked.lang, "debit.sms", operator=app.operator.short_name, url=url)
        await text_me(conn, app, asked, words)
    return {"is": "done", "url": url}


async def end_debit(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """From now on she pays each bill herself."""
    await cards.remove(conn, context, account_of(asked), actor=f"customer:{asked.contact_id}")
    return {"is": "done"}


async def _given(conn: AsyncConnection, asked: Asked) -> mandates.Mandate | None:
    account_id = account_of(asked)
    return (await mandates.active_for(conn, [account_id])).get(account_id)
