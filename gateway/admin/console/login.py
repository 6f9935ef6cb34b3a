"""In and out of the console. A wrong name and a wrong password look alike and cost alike; too many tries must wait."""

from aiohttp import web
from yarl import URL

from core.access import sessions, staff
from core.access.attempts import Throttle
from core.access.secrets import fresh
from gateway import signed_values
from gateway.address import limited_by
from gateway.admin.auth import CONSOLE, COOKIE, NEXT, own_path
from gateway.admin.console.language import speaks
from gateway.admin.console.navigation import SECTIONS, first_page
from gateway.admin.console.section import Action, Section
from gateway.admin.console.shared import form
from gateway.admin.described import ANYBODY, described, description
from gateway.admin.edge import UNREAD
from gateway.app_keys import APP
from gateway.pages.page import render

KNOWN, KNOWN_LASTS = "hodi_console_known", 180 * 24 * 3600
"""The mark of a browser in which somebody has signed in: what strangers try under that name does not count against it."""
THROTTLE: web.AppKey[Throttle] = web.AppKey("login_throttle", Throttle)


@described(summary="Sign in to the console")
async def ask(request: web.Request) -> web.Response:
    """GET /console/login."""
    return _page(request)


@described(summary="Sign in to the console", status=303)
async def sign_in(request: web.Request) -> web.StreamResponse:
    """POST /console/login: `name`, `password`."""
    text, app = await form(request), request.app[APP]
    name = text.get("name", "").lower()[:60]
    purpose, marked = f"{KNOWN}:{name}", request.cookies.get(KNOWN, "")
    browser = signed_values.opened(app, purpose, marked)
    if not request.app[THROTTLE].allows(browser or limited_by(request)):
        return _page(request, 429, "Too many tries. Wait a minute, then try again.")
    address = limited_by(request)
    cookie = await staff.sign_in(app, name, text.get("password", ""), address=address, browser=browser)
    if cookie is None:
        wrong = "Name and password do not go together. After five wrong tries the name is locked here for a quarter of an hour."
        return _page(request, 403, wrong)
    answer = web.Response(status=303, headers={"Location": await _leads(request, cookie)})
    secure = app.settings.public_url.startswith("https:")
    lasts = int(sessions.LASTS.total_seconds())
    answer.set_cookie(COOKIE, cookie, max_age=lasts, path="/console", httponly=True, samesite="Strict", secure=secure)
    mark = marked if browser else signed_values.sealed(app, purpose, fresh())
    answer.set_cookie(
        KNOWN, mark, max_age=KNOWN_LASTS, path="/console", httponly=True, samesite="Strict", secure=secure
    )
    answer.del_cookie(NEXT, path=CONSOLE)
    return answer


def _page(request: web.Request, status: int = 200, wrong: str = "") -> web.Response:
    return render(request, "console_login.html", status=status, lang=speaks(), wrong=wrong)


async def _leads(request: web.Request, cookie: str) -> str:
    """Where somebody who signed in goes: to the page they came for, if they may see it, else to the first that they may."""
    async with request.app[APP].db.reading() as conn:
        sitting = await sessions.sitting(conn, request.app[APP], cookie)
    if sitting is None:
        return f"{CONSOLE}/login"
    if then := own_path(request.cookies.get(NEXT, "")):
        match = await request.app.router.resolve(request[UNREAD].clone(rel_url=URL(then, encoded=True)))
        text = description(match.handler) if match.http_exception is None else None
        if text is not None and (text.permission == ANYBODY or sitting.who.may(text.permission)):
            return then
    return first_page(request.app[SECTIONS], sitting.who)


@described(ANYBODY, summary="Sign out of the console", status=303)
async def sign_out(request: web.Request) -> web.Response:
    """POST /console/logout."""
    async with request.app[APP].db.writing() as conn:
        await sessions.close_session(conn, request.cookies.get(COOKIE, ""))
    answer = web.Response(status=303, headers={"Location": "/console/login"})
    answer.del_cookie(COOKIE, path="/console")
    return answer


SECTION = Section("/console", details={"/login": ask}, actions=(Action("/login", sign_in), Action("/logout", sign_out)))


def setup(app: web.Application) -> None:
    """The throttle of sign-ins, by address."""
    app[THROTTLE] = Throttle(burst=20, per_seconds=60)
