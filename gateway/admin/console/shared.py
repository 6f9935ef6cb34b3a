"""What every console page shares: who sits there, which menus stand open, and how texts from a form become values.

A page is made on the server and works without scripts. Whatever does not parse is told in words, never a bug.
"""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from core import money
from core.metering import units
from core.numbers import Unreadable
from core.overview.accounts import branch_id_of
from core.phone import masked
from core.text import CONSOLE
from core.text.days import read_written
from gateway.admin.auth import CSRF, WHO
from gateway.admin.console import flash
from gateway.admin.console.language import COOKIE, langs, speaks
from gateway.admin.console.navigation import SECTIONS, crumbs, menus
from gateway.admin.console.section import verb_of
from gateway.app_keys import APP
from gateway.pages.page import render


def show(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A console page for whoever sits there."""
    who = request[WHO]
    sections = request.app[SECTIONS]

    def phone(number: str | None) -> str:
        return (number or "") if who.may("customer.reveal") else masked(number or "")

    answer = render(
        request,
        template,
        status=status,
        lang=speaks(),
        said_done=flash.said(request),
        langs=langs(request),
        who=who,
        doors=menus(sections, who),
        crumbs=crumbs(sections, who, request.path),
        here=request.path,
        csrf=request[CSRF],
        phone=phone,
        name=who.actor.removeprefix("user:"),
        **values,
    )
    if request.cookies.get(flash.COOKIE):
        answer.del_cookie(flash.COOKIE, path="/console")
    if request.query.get("lang") in CONSOLE:
        answer.set_cookie(COOKIE, speaks(), max_age=365 * 86_400, path="/console", httponly=True, samesite="Strict")
    return answer


async def branch_of(request: web.Request) -> int | None:
    """The id of the branch they belong to; None: the whole house."""
    async with request.app[APP].db.reading() as conn:
        return await branch_id_of(conn, request[WHO].branch)


def a_count(text: str) -> int:
    """A small whole number of a form. What names a thing is no number: `core/overview/theirs.py` looks it up."""
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise Unfit(text, "Write a whole number.")
    return int(text)


def page_of(request: web.Request) -> int:
    """Which page of a list is asked for: 1, 2 ... up to 10,000."""
    text = request.query.get("page", "1")
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:6]) <= 10_000:
        raise web.HTTPNotFound(text="There is no such page.")
    return int(text[:6])


def a_day(text: str, otherwise: date) -> date:
    """A day of a query, between 2000 and 2199."""
    if not text:
        return otherwise
    try:
        match = read_written(text, speaks())
    except ValueError:
        raise Unfit(text, "Write the day as 31 Mar 2026.") from None
    if not 2000 <= match.year < 2200:
        raise Unfit(text, "That day is too far away.")
    return match


class Unfit(web.HTTPBadRequest):
    """What stands in a field cannot be read: which text, so that the word can stand at its field."""

    def __init__(self, typed: str, words: str) -> None:
        super().__init__(text=words)
        self.typed = typed


def _instant(text: str) -> datetime:
    day, comma, hour = text.rpartition(",")
    if not comma:
        return datetime.fromisoformat(text)
    return datetime.combine(read_written(day, speaks()), time.fromisoformat(hour.strip()))


def an_amount(text: str, currency: str) -> int:
    """Minor units of an amount in a form, as the console writes amounts."""
    try:
        return money.typed(text, currency, speaks())
    except Unreadable as why:
        raise Unfit(text, f"{why} Write the amount in figures, such as 12.50 or 1,200.50.") from None


def a_quantity(text: str, unit: str = "") -> int:
    """Micro-units of a quantity in a form, its unit beside it or not. `Unreadable` says why not, for the page that was sent."""
    return units.typed(text, speaks(), unit)


def an_instant(text: str, zone: ZoneInfo) -> datetime | None:
    """A day and a time as the console writes them, in the operator's zone; None when it is empty."""
    if not text:
        return None
    try:
        match = _instant(text)
    except ValueError:
        raise Unfit(text, "Write the time as 31 Mar 2026, 14:30.") from None
    if not 2000 <= match.year < 2200:
        raise Unfit(text, "That time is too far away.")
    return match.replace(tzinfo=zone)


async def form(request: web.Request) -> dict[str, str]:
    """The texts of a form and what its route says of it, trimmed; control characters are refused, because no database keeps them all."""
    told = {name: value.strip() for name, value in (await request.post()).items() if isinstance(value, str)}
    for value in told.values():
        if any(ord(letter) < 32 and letter not in "\n\r\t" for letter in value):
            raise web.HTTPBadRequest(text="The form has a letter that cannot be kept.")
    verb = verb_of(request.match_info.handler)
    return told | {verb.field: verb.value} if verb else told


def back(place: str) -> web.HTTPSeeOther:
    """After a POST, a page that may be reloaded."""
    return web.HTTPSeeOther(place)
