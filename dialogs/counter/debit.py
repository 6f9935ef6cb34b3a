"""Every bill collected when it is due: where the customer agrees to it, and how they end it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.payments import cards, mandate_pages, mandates
from core.text import say
from dialogs.answers import DONE, Answer
from dialogs.counter.common import account_of, actor_of, follows_here, text_me
from dialogs.model import CounterRequest


class DebitStands(Answer, frozen=True):
    """Bills are collected (`given`), or the customer can agree `here`, by a link that comes by `sms`, or nowhere (`no_page`)."""

    bank: str
    phone: str


class DebitLink(Answer, frozen=True):
    """The page where the customer agrees."""

    url: str


async def debit_stands(conn: AsyncConnection, app: App, request: CounterRequest) -> DebitStands:
    """Whether the bills are collected already; else where the customer can agree."""
    account_id = account_of(request)
    mandate = (await mandates.active_for(conn, [account_id])).get(account_id)
    if mandate:
        outcome = "given"
    elif not await mandate_pages.offered_to(conn, app, account_id):
        outcome = "no_page"
    else:
        outcome = "here" if follows_here(request) else "sms"
    return DebitStands(mandate.masked if mandate else "", request.phone or "", outcome=outcome)


async def invite(conn: AsyncConnection, app: App, request: CounterRequest) -> DebitLink:
    """The link to the page where the customer agrees: on this screen, or by SMS."""
    url = await mandate_pages.invite(conn, app, account_of(request), key=request.key)
    if not follows_here(request):
        words = say(request.lang, "debit.sms", operator=app.operator.short_name, url=url)
        await text_me(conn, app, request, words)
    return DebitLink(url)


async def end_debit(conn: AsyncConnection, context: Context, request: CounterRequest) -> Answer:
    """From now on the customer pays each bill themselves."""
    await cards.remove(conn, context, account_of(request), actor=actor_of(request))
    return DONE
