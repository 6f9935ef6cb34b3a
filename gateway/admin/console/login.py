"""In and out of the console. A wrong name and a wrong password look alike and cost alike; too many tries must wait."""

from aiohttp import web

from core.access import sessions, staff
from core.access.secrets import fresh
from gateway import seals
from gateway.address import limited_by
from gateway.admin.auth import COOKIE
from gateway.admin.console.desk import form
from gateway.admin.described import ANYBODY, described
from gateway.admin.throttle import Throttle
from gateway.desk import HOUSE
from gateway.pages.page import render

KNOWN, KNOWN_LASTS = "hodi_console_known", 180 * 24 * 3600
"""The mark of a browser in which somebody has signed in: what strangers try under that name does not count against it."""
THROTTLE: web.AppKey[Throttle] = web.AppKey("login_throttle", Throttle)


@described(summary="Sign in to the console")
async def ask(request: web.Request) -> web.Response:
    """GET /console/login."""
    return render(request, "console_login.html", wrong="")


@described(summary="Sign in to the console", status=303)
async def sign_in(request: web.Request) -> web.StreamResponse:
    """POST /console/login: `name`, `password`."""
    told, house = await form(request), request.app[HOUSE]
    name = told.get("name", "").lower()[:60]
    purpose, marked = f"{KNOWN}:{name}", request.cookies.get(KNOWN, "")
    browser = seals.opened(house, purpose, marked)
    if not request.app[THROTTLE].allows(browser or limited_by(request)):
        return render(request, "console_login.html", status=429, wrong="Too many tries. Wait a minute, then try again.")
    address = limited_by(request)
    cookie = await staff.sign_in(house, name, told.get("password", ""), address=address, browser=browser)
    if cookie is None:
        wrong = "Name and password do not go together. After five wrong tries the name is locked here for a quarter of an hour."
        return render(request, "console_login.html", status=403, wrong=wrong)
    answer = web.Response(status=303, headers={"Location": "/console"})
    secure = house.settings.public_url.startswith("https:")
    lasts = int(sessions.LASTS.total_seconds())
    answer.set_cookie(COOKIE, cookie, max_age=lasts, path="/console", httponly=True, samesite="Strict", secure=secure)
    mark = marked if browser else seals.sealed(house, purpose, fresh())
    answer.set_cookie(
        KNOWN, mark, max_age=KNOWN_LASTS, path="/console", httponly=True, samesite="Strict", secure=secure
    )
    return answer


@described(ANYBODY, summary="Sign out of the console", status=303)
async def sign_out(request: web.Request) -> web.Response:
    """POST /console/logout."""
    async with request.app[HOUSE].db.writing() as conn:
        await sessions.close_session(conn, request.cookies.get(COOKIE, ""))
    answer = web.Response(status=303, headers={"Location": "/console/login"})
    answer.del_cookie(COOKIE, path="/console")
    return answer


def routes() -> list[web.RouteDef]:
    """The routes."""
    return [
        web.get("/console/login", ask), web.post("/console/login", sign_in), web.post("/console/logout", sign_out),
    ]  # fmt: skip


def setup(app: web.Application) -> None:
    """The throttle of sign-ins, by address."""
    app[THROTTLE] = Throttle(burst=20, per_seconds=60)
