"""Held readings: what was read, what stood before, what would be billed; accept it, put another in its place, or have it read again."""

from collections.abc import Mapping

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App
from core.errors import Refused
from core.journeys import held_readings
from core.metering.vee import held
from core.numbers import Unreadable
from core.overview.nameable import HELD_READING
from core.overview.theirs import theirs
from gateway.admin.auth import WHO
from gateway.admin.console.language import speaks
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import a_quantity, back, form, page_of, show
from gateway.admin.described import described
from gateway.app_keys import APP

PATH = "/console/readings"
SIZE = 50
DONE = {
    "accept": "It counts; the next run bills what waited for it.",
    "replace": "The other value counts; the next run bills what waited for it.",
    "order": "The meter is to be read again: a ticket says so.",
}


@described("reading.see", summary="Held readings", query=(("page", "1, 2 ..."),))
async def page(request: web.Request) -> web.Response:
    """GET /console/readings."""
    return await _page(request)


async def _page(request: web.Request, wrong: str = "", about: int = 0, status: int = 200) -> web.Response:
    app, at = request.app[APP], page_of(request)
    told = await form(request) if request.method == "POST" else {}
    async with app.db.reading() as conn:
        match = await held.listing(conn, branch_code=request[WHO].branch, offset=(at - 1) * SIZE, limit=SIZE + 1)
        if about and about not in {one.id for one in match[:SIZE]}:
            match = [await held.one(conn, about), *match[: SIZE - 1]]
    return show(
        request,
        "console_readings.html",
        status=status,
        rows=match[:SIZE],
        more=len(match) > SIZE,
        at=at,
        wrong=wrong,
        about=about,
        told=told,
        shown=held_readings.shown,
        said=DONE.get(request.query.get("done", ""), ""),
    )


@described("reading.decide", summary="Decide about a held reading", status=303)
async def decide(request: web.Request) -> web.Response:
    """POST /console/readings/{id}: `do` is accept, replace (`value`, `reason`) or order (`note`); `sure` for what is doubtful."""
    app, who, text = request.app[APP], request[WHO], await form(request)
    do, about = text.get("do", ""), 0
    try:
        async with app.db.writing() as conn:
            about = (await theirs(conn, app, who, HELD_READING, request.match_info["id"])).id
            await _decided(conn, app, about, text, who.actor)
    except (Refused, Unreadable) as why:
        if not about:
            raise
        words = why.sentence(speaks()) if isinstance(why, Refused) else str(why)
        return await _page(request, words, about, why.status if isinstance(why, Refused) else 400)
    raise back(f"{PATH}?done={do}")


async def _decided(conn: AsyncConnection, app: App, reading_id: int, told: Mapping[str, str], actor: str) -> None:
    sure, reason = told.get("sure") == "yes", told.get("reason", "")
    match told.get("do"):
        case "accept":
            await held_readings.accept(conn, app, reading_id, actor=actor, sure=sure)
        case "replace":
            unit = (await held.one(conn, reading_id)).unit
            value = a_quantity(told.get("value", ""), unit)
            await held_readings.put_instead(conn, app, reading_id, value, reason=reason, actor=actor, sure=sure)
        case "order":
            await held_readings.order_again(conn, app, reading_id, actor=actor, note=told.get("note", ""))
        case _:
            raise web.HTTPBadRequest(text="Choose what is to be done.")


SECTION = Section(
    PATH,
    page,
    Entry(Group.BILLS, 20, "Held readings"),
    actions=(Action("/{id}", decide, {"accept": "accept", "replace": "replace", "order": "order"}),),
)
