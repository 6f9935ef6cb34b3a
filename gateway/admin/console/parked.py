"""Months that nobody has billed yet: who waits, why, since when and for about how much; and what a person may decide about one."""

from collections.abc import Mapping

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core import numbers
from core.billing.run import parked
from core.context import App
from core.errors import Refused
from core.journeys import parked_bills
from core.numbers import Unreadable
from core.overview.nameable import PARKED_MONTH
from core.overview.theirs import theirs
from gateway.admin.auth import WHO
from gateway.admin.console.language import speaks
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import a_quantity, back, form, page_of, show
from gateway.admin.described import described
from gateway.app_keys import APP

PATH = "/console/parked"
SIZE = 50
STATES = (parked.PARKED, parked.SKIPPED)
DONE = {
    "taken": "It can be billed now: the next run takes it up.",
    "estimate": "It will be billed on the estimate by the next run.",
    "asked": "Another person has to agree that it is never billed.",
    "skipped": "Nothing was at stake: it is skipped.",
}


@described(
    "parked.see", summary="Months that are not billed yet", query=(("state", "parked or skipped"), ("page", "1, 2 ..."))
)
async def listing(request: web.Request) -> web.Response:
    """GET /console/parked."""
    app, branch = request.app[APP], request[WHO].branch
    state = request.query.get("state", parked.PARKED)
    if state not in STATES:
        raise web.HTTPBadRequest(text="The state is parked or skipped.")
    at = page_of(request)
    async with app.db.reading() as conn:
        match = await parked.listing(conn, branch_code=branch, state=state, offset=(at - 1) * SIZE, limit=SIZE + 1)
        all_of_them = await parked.together(conn, app, branch_code=branch)
        overdue = await parked.overdue(conn, app.today()) if branch is None else 0
    return show(
        request,
        "console_parked.html",
        rows=match[:SIZE],
        more=len(match) > SIZE,
        at=at,
        state=state,
        states=STATES,
        sum=all_of_them,
        overdue=overdue,
        currency=app.currency,
        today=app.today(),
        said=DONE.get(request.query.get("done", ""), ""),
    )


@described("parked.see", summary="One month that is not billed yet")
async def page(request: web.Request) -> web.Response:
    """GET /console/parked/{id}."""
    return await _page(request)


async def _page(request: web.Request, wrong: str = "", status: int = 200) -> web.Response:
    app, told = request.app[APP], await form(request) if request.method == "POST" else {}
    async with app.db.reading() as conn:
        named = await theirs(conn, app, request[WHO], PARKED_MONTH, request.match_info["id"])
        match = await parked.one(conn, named.id)
        seen = await parked.foresee(conn, app, named.id)
        offered = await parked_bills.proposals(conn, match)
    return show(
        request,
        "console_parked_one.html",
        status=status,
        p=match,
        seen=seen,
        offered=offered,
        told=told,
        wrong=wrong,
        today=app.today(),
        plain=_plain,
    )


def _plain(micro: int | None) -> str:
    """Micro-units as one types them; blank where nothing is known."""
    if micro is None:
        return ""
    return numbers.show(micro, numbers.MICRO_DECIMALS, speaks())


@described("parked.decide", summary="Decide about a month that is not billed", status=303)
async def decide(request: web.Request) -> web.Response:
    """POST /console/parked/{id}: `do` is again, estimate (`use:<service>:<meter>`, `reason`) or skip (`reason`)."""
    app, who, told = request.app[APP], request[WHO], await form(request)
    cycle_id = 0
    try:
        async with app.db.writing() as conn:
            cycle_id = (await theirs(conn, app, who, PARKED_MONTH, request.match_info["id"])).id
            done = await _decided(conn, app, cycle_id, told, who.actor)
    except (Refused, Unreadable) as why:
        if not cycle_id:
            raise
        words = why.sentence(speaks()) if isinstance(why, Refused) else str(why)
        return await _page(request, words, why.status if isinstance(why, Refused) else 400)
    raise back(f"{PATH}?done={done}")


async def _decided(conn: AsyncConnection, app: App, cycle_id: int, told: Mapping[str, str], actor: str) -> str:
    """The word of what was done."""
    reason = told.get("reason", "")
    match told.get("do"):
        case "again":
            await parked_bills.try_anew(conn, app, cycle_id, actor)
            return "taken"
        case "estimate":
            use = await _use(conn, cycle_id, told)
            await parked_bills.on_estimate(conn, app, cycle_id, use, reason=reason, actor=actor)
            return "estimate"
        case "skip":
            question = await parked_bills.ask_to_skip(conn, app, cycle_id, reason=reason, actor=actor)
            return "skipped" if question is None else "asked"
        case _:
            raise web.HTTPBadRequest(text="Choose what is to be done.")


async def _use(conn: AsyncConnection, cycle_id: int, told: Mapping[str, str]) -> dict[str, int]:
    """How much of each meter of the month, as it was typed; a meter that the month has not does not exist."""
    offered = await parked_bills.proposals(conn, await parked.one(conn, cycle_id))
    unit_of = {one.field: one.unit for one in offered}
    answer = {name: text for name, text in told.items() if name.startswith("use:") and text}
    if not answer.keys() <= unit_of.keys():
        raise Refused("theirs.none", status=404, what="meter")
    return {name: a_quantity(text, unit_of[name]) for name, text in answer.items()}


SECTION = Section(
    PATH,
    listing,
    Entry(Group.BILLS, 10, "Parked bills"),
    {"/{id}": page},
    (Action("/{id}", decide, {"again": "again", "estimate": "estimate", "skip": "skip"}),),
)
