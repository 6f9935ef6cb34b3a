"""The door of the self-care pages: a one-time code to the phone on file, then a sitting that every page renews (`core/parties/self_care_sessions.py`).

Whether a number is a customer's is never told: whatever was typed, the same work is done, and the same page and cookie follow. Whoever
asks is known by a random cookie, and only that browser can use the code, so a stranger who asks or guesses spoils nobody's. A browser
in which somebody signed in once keeps a cookie for that number, and is not counted with the strangers at its address.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access.attempts import Throttle
from core.access.secrets import digest, fresh, same
from core.context import App
from core.errors import Refused
from core.parties import codes, contacts, self_care_sessions
from core.parties import queries as parties
from core.parties.codes import Asker
from core.parties.model import PHONE, Contact
from core.phone import parse
from core.text import say
from gateway import signed_values
from gateway.address import limited_by
from gateway.admin.auth import same_origin
from gateway.admin.described import described
from gateway.admin.edge import language
from gateway.app_keys import APP
from gateway.pages.page import render

COOKIE, ASKED, DEVICE = "hodi_me", "hodi_me_asked", "hodi_me_device"
WAITS, KNOWN = codes.LIFE, timedelta(days=180)
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex"}
THROTTLE: web.AppKey[Throttle] = web.AppKey("me_throttle", Throttle)


@dataclass(frozen=True, slots=True)
class Her:
    """Who sits there, what they may see, and the token their forms carry."""

    contact: Contact
    accounts: tuple[int, ...]
    csrf: str


Page = Callable[[web.Request, Her], Awaitable[web.Response]]


def theirs(page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A page for whoever signed in; others are led to the door. Their cookie is renewed."""

    async def handle(request: web.Request) -> web.StreamResponse:
        customer = await _sitting(request)
        if customer is None:
            raise web.HTTPSeeOther("/me/enter")
        if request.method == "POST" and not await _ours(request, customer):
            raise web.HTTPForbidden(text=say(customer.contact.language, "me.too_old"))
        answer = await page(request, customer)
        answer.headers.update(PRIVATE)
        _give(request, answer, COOKIE, request.cookies[COOKIE], self_care_sessions.IDLE)
        return answer

    handle.__doc__ = page.__doc__
    return described(summary=(page.__doc__ or "").split("\n")[0])(handle)


@described(summary="Sign in to the self-care pages: which phone?")
async def ask(request: web.Request) -> web.Response:
    """GET /me/enter."""
    return _door(request, "me_phone.html")


@described(summary="A one-time code to the phone on file")
async def send(request: web.Request) -> web.Response:
    """POST /me/enter: `phone`; or `code`, once one was sent."""
    if not same_origin(request):
        raise web.HTTPForbidden(text="This form was sent from another site.")
    form = await request.post()
    app = request.app[APP]
    device = signed_values.opened(app, DEVICE, request.cookies.get(DEVICE, ""))
    if not request.app[THROTTLE].allows(device or limited_by(request)):
        return _door(request, "me_phone.html", wrong="code.too_many_here", status=429)
    if "code" in form:
        return await _enter(request, str(form["code"])[:40])
    return await _send(request, str(form.get("phone", ""))[:40], device)


@described(summary="Sign out of the self-care pages", status=303)
async def leave(request: web.Request) -> web.Response:
    """POST /me/leave."""
    if not same_origin(request):
        raise web.HTTPForbidden(text="This form was sent from another site.")
    app, cookie = request.app[APP], request.cookies.get(COOKIE, "")
    if cookie:
        async with app.db.writing() as conn:
            await self_care_sessions.end(conn, digest(cookie))
    answer = web.Response(status=303, headers={"Location": "/me/enter", **PRIVATE})
    answer.del_cookie(COOKIE, path="/me")
    return answer


async def _send(request: web.Request, typed: str, device: str | None) -> web.Response:
    app = request.app[APP]
    phone = parse(typed, app.operator.country)
    if phone is None:
        return _door(request, "me_phone.html", wrong="phone.not_a_number", status=400)
    browser = signed_values.opened(app, ASKED, request.cookies.get(ASKED, "")) or fresh()
    own = device is not None and device.startswith(_of_phone(app, phone))
    browser = device if device and own else browser
    asker = Asker(f"browser:{digest(browser)}", own, limited_by(request))
    try:
        async with app.db.writing() as conn:
            known = await contacts.find(conn, PHONE, phone)
            linked = await parties.accounts_of(conn, known.id if known else 0)
            await codes.send(
                conn, app, purpose="page", asker=asker, to_contact_id=known.id if known and linked else None, to=phone
            )
    except Refused as refused:
        if refused.code == "code.too_many_here":
            return _door(request, "me_phone.html", wrong=refused.code, status=429)
        # of nothing else a word: an earlier code of this browser still opens
    answer = _door(request, "me_code.html")
    _give(request, answer, ASKED, signed_values.sealed(app, ASKED, browser), WAITS)
    return answer


async def _enter(request: web.Request, typed: str) -> web.Response:
    app = request.app[APP]
    browser = signed_values.opened(app, ASKED, request.cookies.get(ASKED, ""))
    if browser is None:
        return _door(request, "me_phone.html", wrong="code.none", status=400)
    proven, wrong, cookie = None, "me.wrong_code", fresh()
    async with app.db.writing() as conn:
        try:
            proven = await codes.prove(conn, app, purpose="page", asker=f"browser:{digest(browser)}", typed=typed)
        except Refused as refused:
            wrong = refused.code
        known = await contacts.by_id(conn, proven.contact_id) if proven else None
        if known:
            await self_care_sessions.begin(conn, app, known.id, digest(cookie))
    if known is None:
        return _door(request, "me_code.html", wrong=wrong, status=400)
    answer = web.Response(status=303, headers={"Location": "/me", **PRIVATE})
    answer.del_cookie(ASKED, path="/me")
    _give(request, answer, COOKIE, cookie, self_care_sessions.IDLE)
    device = _of_phone(app, known.phone or known.channel_user) + fresh()
    _give(request, answer, DEVICE, signed_values.sealed(app, DEVICE, device), KNOWN)
    return answer


def _door(request: web.Request, template: str, *, wrong: str = "", status: int = 200) -> web.Response:
    spoken = request.app[APP].operator.languages
    question = language(request)
    answer = render(request, template, status=status, lang=question if question in spoken else spoken[0], wrong=wrong)
    answer.headers.update(PRIVATE)
    return answer


async def _sitting(request: web.Request) -> Her | None:
    app, cookie = request.app[APP], request.cookies.get(COOKIE, "")
    if not cookie:
        return None
    name = digest(cookie)
    async with app.db.reading() as conn:
        match = await self_care_sessions.whose(conn, app, name)
        customer = await _them(conn, match[0], signed_values.sign(app, "csrf", name)) if match else None
    if customer and match and match[1]:
        async with app.db.writing() as conn:
            await self_care_sessions.renew(conn, app, name)
    return customer


async def _them(conn: AsyncConnection, contact_id: int, csrf: str) -> Her | None:
    contact = await contacts.by_id(conn, contact_id)
    accounts = tuple(account.id for account in await parties.accounts_of(conn, contact_id))
    return Her(contact, accounts, csrf) if contact and accounts else None


async def _ours(request: web.Request, customer: Her) -> bool:
    sent = (await request.post()).get("csrf", "")
    return same_origin(request) and isinstance(sent, str) and same(sent, customer.csrf)


def _give(request: web.Request, answer: web.StreamResponse, name: str, value: str, lasts: timedelta) -> None:
    secure = request.app[APP].settings.public_url.startswith("https:")
    answer.set_cookie(
        name, value, max_age=int(lasts.total_seconds()), path="/me", httponly=True, samesite="Lax", secure=secure
    )


def _of_phone(app: App, phone: str) -> str:
    """How the name of a browser begins in which the holder of this number signed in."""
    return signed_values.sign(app, "phone", phone)[:32]


def routes() -> list[web.AbstractRouteDef]:
    """The door."""
    return [web.get("/me/enter", ask), web.post("/me/enter", send), web.post("/me/leave", leave)]


def setup(app: web.Application) -> None:
    """What keeps strangers from guessing."""
    app[THROTTLE] = Throttle(burst=10, per_seconds=60)
