"""Held readings: what was read, what stood before, what would be billed; accept it, put another in its place, or have it read again."""

from aiohttp import web

from core.errors import Refused
from core.journeys import held_readings
from core.metering import held
from core.metering.units import Unreadable, used
from core.text import say
from gateway.admin.auth import WHO
from gateway.admin.console.desk import back, form, number, page_of, show
from gateway.admin.described import described
from gateway.desk import HOUSE

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
    house, at = request.app[HOUSE], page_of(request)
    told = await form(request) if request.method == "POST" else {}
    async with house.db.reading() as conn:
        found = await held.listing(conn, branch_code=request[WHO].branch, offset=(at - 1) * SIZE, limit=SIZE + 1)
        if about and about not in {one.id for one in found[:SIZE]}:
            found = [await held.one(conn, about, branch_code=request[WHO].branch), *found[: SIZE - 1]]
    return show(
        request,
        "console_readings.html",
        status=status,
        rows=found[:SIZE],
        more=len(found) > SIZE,
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
    house, who, reading_id = request.app[HOUSE], request[WHO], number(request.match_info["id"])
    told = await form(request)
    async with house.db.reading() as conn:
        await held.one(conn, reading_id, branch_code=who.branch)
    sure, do = told.get("sure") == "yes", told.get("do", "")
    try:
        async with house.db.writing() as conn:
            match do:
                case "accept":
                    await held_readings.accept(
                        conn, house, reading_id, actor=who.actor, branch_code=who.branch, sure=sure
                    )
                case "replace":
                    await held_readings.put_instead(
                        conn,
                        house,
                        reading_id,
                        used(told.get("value", "")),
                        reason=told.get("reason", ""),
                        actor=who.actor,
                        branch_code=who.branch,
                        sure=sure,
                    )
                case "order":
                    note = told.get("note", "")
                    await held_readings.order_again(
                        conn, house, reading_id, actor=who.actor, branch_code=who.branch, note=note
                    )
                case _:
                    raise web.HTTPBadRequest(text="Choose what is to be done.")
    except (Refused, Unreadable) as why:
        words = why.sentence() if isinstance(why, Refused) else say("en", why.key, **why.params)
        return await _page(request, words, reading_id, why.status if isinstance(why, Refused) else 400)
    raise back(f"{PATH}?done={do}")


def routes() -> list[web.RouteDef]:
    """The routes."""
    return [web.get(PATH, page), web.post(PATH + "/{id}", decide)]
