"""The door of the self-care pages: a one-time code to the phone on file, then a signed cookie for half an hour.

Whether a number is a customer's is never told: the same page follows whatever was typed. The cookie says which contact sits there
and until when, under our key; it can be neither guessed nor altered, and every page of hers renews it.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access.secrets import as_sent, same
from core.errors import Refused
from core.house import House
from core.parties import codes, contacts
from core.parties import queries as parties
from core.parties.model import Contact
from core.phone import parse
from core.text import say
from gateway.address import limited_by
from gateway.admin.auth import same_origin
from gateway.admin.described import described
from gateway.admin.edge import language
from gateway.admin.throttle import Throttle
from gateway.desk import HOUSE
from gateway.pages.page import render

COOKIE, ASKED = "hodi_me", "hodi_me_asked"
SITS, WAITS = timedelta(minutes=30), codes.LIFE
MICRO = timedelta(microseconds=1)
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex"}
THROTTLE: web.AppKey[Throttle] = web.AppKey("me_throttle", Throttle)


@dataclass(frozen=True, slots=True)
class Her:
    """Who sits there, what she may see, and the token her forms carry."""

    contact: Contact
    accounts: tuple[int, ...]
    csrf: str


Page = Callable[[web.Request, Her], Awaitable[web.Response]]


def hers(page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A page for whoever signed in; others are led to the door. Her cookie is renewed."""

    async def handle(request: web.Request) -> web.StreamResponse:
        her = await _sitting(request)
        if her is None:
            raise web.HTTPSeeOther("/me/enter")
        if request.method == "POST" and not await _ours(request, her):
            raise web.HTTPForbidden(text=say(her.contact.language, "me.too_old"))
        answer = await page(request, her)
        answer.headers.update(PRIVATE)
        _give(request, answer, COOKIE, her.contact.id, SITS)
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
    told = await request.post()
    if not request.app[THROTTLE].allows(limited_by(request)):
        return _door(request, "me_phone.html", wrong="code.too_many", status=429)
    if "code" in told:
        return await _enter(request, str(told["code"])[:40])
    return await _send(request, str(told.get("phone", ""))[:40])


@described(summary="Sign out of the self-care pages", status=303)
async def leave(request: web.Request) -> web.Response:
    """POST /me/leave."""
    if not same_origin(request):
        raise web.HTTPForbidden(text="This form was sent from another site.")
    answer = web.Response(status=303, headers={"Location": "/me/enter", **PRIVATE})
    answer.del_cookie(COOKIE, path="/me")
    return answer


async def _send(request: web.Request, typed: str) -> web.Response:
    house = request.app[HOUSE]
    phone = parse(typed, house.operator.country)
    if phone is None:
        return _door(request, "me_phone.html", wrong="phone.not_a_number", status=400)
    contact_id = 0
    async with house.db.writing() as conn:
        known = await contacts.find(conn, "sms", phone)
        if known is not None and await parties.accounts_of(conn, known.id):
            contact_id = known.id
            try:
                await codes.send(conn, house, purpose="page", asker_id=known.id, to_contact_id=known.id)
            except Refused:
                contact_id = known.id  # the earlier code still opens
    answer = _door(request, "me_code.html")
    _give(request, answer, ASKED, contact_id, WAITS)
    return answer


async def _enter(request: web.Request, typed: str) -> web.Response:
    house, (contact_id, _) = request.app[HOUSE], _read(request, ASKED)
    if contact_id is None:
        return _door(request, "me_phone.html", wrong="code.none", status=400)
    proven, wrong = None, "me.wrong_code"
    if contact_id:
        async with house.db.writing() as conn:
            try:
                proven = await codes.prove(conn, house, purpose="page", asker_id=contact_id, typed=typed)
            except Refused as refused:
                wrong = refused.code
    if proven is None:
        return _door(request, "me_code.html", wrong=wrong, status=400)
    answer = web.Response(status=303, headers={"Location": "/me", **PRIVATE})
    answer.del_cookie(ASKED, path="/me")
    _give(request, answer, COOKIE, contact_id, SITS)
    return answer


def _door(request: web.Request, template: str, *, wrong: str = "", status: int = 200) -> web.Response:
    spoken = request.app[HOUSE].operator.languages
    asked = language(request)
    answer = render(request, template, status=status, lang=asked if asked in spoken else spoken[0], wrong=wrong)
    answer.headers.update(PRIVATE)
    return answer


async def _sitting(request: web.Request) -> Her | None:
    contact_id, until = _read(request, COOKIE)
    if not contact_id:
        return None
    async with request.app[HOUSE].db.reading() as conn:
        her = await _her(conn, contact_id, _sign(request.app[HOUSE], "csrf", str(contact_id)))
    if her is None or (her.contact.parted_at and _exactly(her.contact.parted_at) > until - SITS // MICRO):
        return None
    return her


async def _her(conn: AsyncConnection, contact_id: int, csrf: str) -> Her | None:
    contact = await contacts.by_id(conn, contact_id)
    accounts = tuple(account.id for account in await parties.accounts_of(conn, contact_id))
    return Her(contact, accounts, csrf) if contact and accounts else None


async def _ours(request: web.Request, her: Her) -> bool:
    sent = (await request.post()).get("csrf", "")
    return same_origin(request) and isinstance(sent, str) and same(sent, her.csrf)


def _give(request: web.Request, answer: web.StreamResponse, name: str, contact_id: int, lasts: timedelta) -> None:
    house = request.app[HOUSE]
    until = _exactly(house.clock.now() + lasts)
    told = f"{contact_id}.{until}"
    secure = house.settings.public_url.startswith("https:")
    answer.set_cookie(
        name, f"{told}.{_sign(house, name, told)}", max_age=int(lasts.total_seconds()), path="/me", httponly=True,
        samesite="Lax", secure=secure,
    )  # fmt: skip


def _read(request: web.Request, name: str) -> tuple[int | None, int]:
    """The contact of a cookie of ours that has not run out, and until when it lasts (`_exactly`)."""
    told, _, signature = request.cookies.get(name, "").rpartition(".")
    house = request.app[HOUSE]
    if not told or not same(_sign(house, name, told), signature):
        return None, 0
    contact_id, _, until = told.partition(".")
    ends = int(until)
    return (int(contact_id), ends) if ends > _exactly(house.clock.now()) else (None, 0)


def _exactly(at: datetime) -> int:
    """Microseconds since 1970: what was opened is told from what was parted within the same second."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // MICRO


def _sign(house: House, purpose: str, told: str) -> str:
    key = house.settings.secret_key.get_secret_value().encode()
    return hmac.new(key, as_sent(f"{purpose}:{told}"), hashlib.sha256).hexdigest()


def routes() -> list[web.AbstractRouteDef]:
    """The door."""
    return [web.get("/me/enter", ask), web.post("/me/enter", send), web.post("/me/leave", leave)]


def setup(app: web.Application) -> None:
    """What keeps strangers from guessing."""
    app[THROTTLE] = Throttle(burst=10, per_seconds=60)
