"""Their own pages: balance, bills, use, payments, reports, points, settings. Plain HTML in their language, no scripts, 320 pixels wide.

They ask the questions the dialogs ask and make the changes the dialogs make, by the same verbs of core.
"""

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money, numbers
from core.balances import low
from core.balances import queries as balances
from core.balances.model import LARGEST
from core.billing import queries as bills
from core.care import tickets
from core.journeys.dunning import forecast
from core.ledger import queries as ledger
from core.numbers import Unreadable
from core.overview.listing import ListRequest, page
from core.overview.listings import PAYMENTS
from core.parties import consent, contacts
from core.parties import queries as parties
from core.parties.model import Account
from core.payments import cards, mandate_pages, mandates, methods
from core.payments import doors as payment_doors
from core.payments import request as requests
from core.rewards import points
from core.text import say
from dialogs.counter.contact import NAMES
from gateway.app_keys import APP
from gateway.pages import me_ask, me_door
from gateway.pages.me_chart import bars
from gateway.pages.me_door import Her, theirs
from gateway.pages.me_show import show

LAST = 13


async def _account(conn: AsyncConnection, request: web.Request, customer: Her) -> Account:
    """The account of `?account=`, else them first; 404 when it is not theirs."""
    question = request.query.get("account", "")
    wanted = int(question) if question.isascii() and question.isdigit() and len(question) < 19 else customer.accounts[0]
    match = await parties.account(conn, wanted) if wanted in customer.accounts else None
    if match is None:
        raise web.HTTPNotFound(text=say(customer.contact.language, "choose.gone"))
    return match


@theirs
async def home(request: web.Request, customer: Her) -> web.Response:
    """Balance and what is due, of one account."""
    async with request.app[APP].db.reading() as conn:
        account = await _account(conn, request, customer)
        owing = await bills.owing(conn, account.id)
        balance = await ledger.balance(conn, "receivable", account.id, account.currency)
        last = await bills.last_bills(conn, account.id, 1)
        late = owing.due_on is not None and owing.due_on < request.app[APP].today()
        coming = await forecast.next_step(conn, request.app[APP], account.id) if late else None
        card = "card" in await methods.of_account(conn, request.app[APP], account.id)
        names = (await parties.accounts(conn, customer.accounts)).values()
    payable = owing.open_minor - owing.disputed_minor
    return show(
        request,
        customer,
        account,
        "",
        owing=owing,
        balance=balance - owing.disputed_minor,
        payable=payable,
        last=last,
        coming=coming,
        card=card,
        names=sorted(names, key=lambda one: one.number),
    )


@theirs
async def their_bills(request: web.Request, customer: Her) -> web.Response:
    """The bills of thirteen months, each with its link."""
    async with request.app[APP].db.reading() as conn:
        account = await _account(conn, request, customer)
        match = await bills.last_bills(conn, account.id, LAST)
    return show(request, customer, account, "bills", bills=match)


@theirs
async def use(request: web.Request, customer: Her) -> web.Response:
    """Thirteen months of use as a chart and as a table."""
    async with request.app[APP].db.reading() as conn:
        account = await _account(conn, request, customer)
        match, unit = await bills.use_until(conn, account.id, request.app[APP].today())
    lang = customer.contact.language
    chart = bars(match, unit, lang, say(lang, "me.use_chart", unit=unit)) if match else None
    return show(request, customer, account, "use", use=tuple(reversed(match)), unit=unit, chart=chart)


@theirs
async def payments(request: web.Request, customer: Her) -> web.Response:
    """What arrived, the newest first; and whether their bills are collected, or could be."""
    app = request.app[APP]
    async with app.db.reading() as conn:
        account = await _account(conn, request, customer)
        wanted = [ListRequest("account_id", "in", [account.id])]
        match, _ = await page(conn, PAYMENTS, wanted, branch=None, offset=0, limit=LAST)
        agreed = (await mandates.active_for(conn, [account.id])).get(account.id)
        offered = agreed is None and await mandate_pages.offered_to(conn, app, account.id)
    return show(request, customer, account, "payments", payments=match, agreed=agreed, offered=offered)


@theirs
async def collect(request: web.Request, customer: Her) -> web.Response:
    """POST /me/mandate: to the provider's page on which they agree that every bill is collected."""
    app = request.app[APP]
    async with app.db.reading() as conn:
        account = await _account(conn, request, customer)
    url = await payment_doors.mandate_page(app, account.id, actor=f"customer:{customer.contact.id}")
    return web.Response(status=303, headers={"Location": url})


@theirs
async def collect_no_more(request: web.Request, customer: Her) -> web.Response:
    """POST /me/mandate/end: their bills are collected no more, and the card or mandate is forgotten here."""
    app = request.app[APP]
    async with app.db.writing() as conn:
        account = await _account(conn, request, customer)
        if account.id in await mandates.active_for(conn, [account.id]):
            await cards.remove(conn, app, account.id, actor=f"customer:{customer.contact.id}")
    where = f"?account={account.id}" if len(customer.accounts) > 1 else ""
    return web.Response(status=303, headers={"Location": f"/me/payments{where}"})


@theirs
async def reports(request: web.Request, customer: Her) -> web.Response:
    """What they reported and where it stands."""
    async with request.app[APP].db.reading() as conn:
        account = await _account(conn, request, customer)
        match = await tickets.tickets_of(conn, contact_id=customer.contact.id)
    return show(request, customer, account, "reports", tickets=match)


@theirs
async def their_points(request: web.Request, customer: Her) -> web.Response:
    """Their points."""
    async with request.app[APP].db.reading() as conn:
        account = await _account(conn, request, customer)
        has = await points.balance(conn, account.id)
    return show(request, customer, account, "points", points=has)


@theirs
async def settings(request: web.Request, customer: Her) -> web.Response:
    """Their language, and what we may write to them."""
    app = request.app[APP]
    async with app.db.reading() as conn:
        account = await _account(conn, request, customer)
        least = (await low.amounts(conn, app, [account.id]))[account.id]
        purse = await balances.purse(conn, account.id, account.currency)
    spoken = [(lang, NAMES.get(lang, lang)) for lang in app.operator.languages]
    return show(
        request,
        customer,
        account,
        "settings",
        spoken=spoken,
        contact=customer.contact,
        saved="saved" in request.query,
        least=numbers.show(least, money.exponent(account.currency), customer.contact.language) if least else "",
        purse=purse is not None,
    )


@theirs
async def change(request: web.Request, customer: Her) -> web.Response:
    """POST /me/settings: `language`, `offers`, `messages`, `low` (an amount; empty: they are not told)."""
    app, told = request.app[APP], await request.post()
    async with app.db.writing() as conn:
        if "low" in told:
            account = await _account(conn, request, customer)
            await low.choose(
                conn, app, account.id, _amount(str(told["low"]), account.currency, customer.contact.language)
            )
        if told.get("language") in app.operator.languages:
            await contacts.set_language(conn, customer.contact.id, str(told["language"]))
        if told.get("messages") == "stop":
            await consent.stop(conn, app, customer.contact.id, channel="web", word="page")
        elif customer.contact.stopped_at is not None:
            await consent.start(conn, app, customer.contact.id, channel="web", word="page")
        if told.get("messages") != "stop":
            wanted = "offers" in told
            await consent.set_marketing(conn, app, customer.contact.id, wanted=wanted, channel="web", word="page")
    return web.Response(status=303, headers={"Location": "/me/settings?saved"})


def _amount(text: str, currency: str, lang: str) -> int:
    """Minor units of what was written, in the notation of the page; nothing is 0."""
    try:
        minor = money.typed(text.strip() or "0", currency, lang)
    except Unreadable as why:
        raise web.HTTPBadRequest(text=say(lang, why.key, **why.params)) from None
    if not 0 <= minor <= LARGEST:
        raise web.HTTPBadRequest(
            text=say(lang, "number.too_large" if minor > 0 else "pay.not_an_amount", text=text[:40])
        )
    return minor


@theirs
async def pay(request: web.Request, customer: Her) -> web.Response:
    """POST /me/pay: to the paylink of all that is open; one a day, so that a second press leads to the same charge."""
    app = request.app[APP]
    async with app.db.writing() as conn:
        account = await _account(conn, request, customer)
        link = await requests.paylink(conn, app, account.id, key=f"me:{account.id}:{app.today()}")
    return web.Response(status=303, headers={"Location": f"/p/{link.token}"})


def routes() -> list[web.AbstractRouteDef]:
    """`/me` and all behind it."""
    pages = {
        "": home,
        "/bills": their_bills,
        "/use": use,
        "/payments": payments,
        "/reports": reports,
        "/points": their_points,
        "/settings": settings,
    }
    return [
        *me_door.routes(),
        *me_ask.routes(),
        *[web.get(f"/me{path}", handler) for path, handler in pages.items()],
        web.post("/me/settings", change),
        web.post("/me/pay", pay),
        web.post("/me/mandate", collect),
        web.post("/me/mandate/end", collect_no_more),
    ]


def setup(app: web.Application) -> None:
    """What the door needs."""
    me_door.setup(app)
