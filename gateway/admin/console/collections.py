"""The collections board, and one account's ladder: what was done, what comes next and why, and what a collector may do about it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import get_args

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access.model import Who
from core.collections import exposures, protect, queries, write_off
from core.collections.worklist import OUTCOMES, note
from core.config.collections import Protection, StepName
from core.context import App
from core.errors import Refused
from core.journeys.credit_limit import change
from core.journeys.dunning import agency, arrangement, fee_waiver, forecast, protection
from core.numbers import notation_of
from core.overview import written_off as off
from core.overview.collections import board
from core.overview.listing import AnyRow, ListRequest
from core.overview.nameable import ACCOUNT, INVOICE
from core.overview.theirs import theirs
from core.provisioning import queries as barring
from core.reasons import said, word
from gateway.admin.auth import WHO
from gateway.admin.console.language import speaks
from gateway.admin.console.plot_steps import steps_plot
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import a_count, a_day, back, branch_of, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

AHEAD = timedelta(days=60)


@described("collections.see", summary="The collections board")
async def page(request: web.Request) -> web.Response:
    """GET /console/collections."""
    app = request.app[APP]
    branch_id = await branch_of(request)
    async with app.db.reading() as conn:
        match = await board(conn, app.today(), branch_code=request[WHO].branch)
        differing = await barring.differences(conn, branch_id)
    stand = {row.position: row for row in match.steps}
    order = [None, *get_args(StepName)]
    steps = [
        (
            words(one),
            int(stand[one].accounts) if one in stand else 0,
            int(stand[one].payable_minor) if one in stand else 0,
        )
        for one in order
    ]
    return show(
        request,
        "console_collections.html",
        b=match,
        steps=steps,
        differing=differing,
        currency=app.currency,
        plot=steps_plot(steps, app.currency),
        words=words,
    )


def words(step: str | None) -> str:
    """A step as a clerk calls it."""
    return word(step, speaks()) if step else "just overdue"


@described("collections.see", summary="One account's ladder", query=(("on", "the day to look ahead to"),))
async def one(request: web.Request) -> web.Response:
    """GET /console/collections/{id}."""
    app, today = request.app[APP], request.app[APP].today()
    until = a_day(request.query.get("on", ""), today + AHEAD)
    async with app.db.reading() as conn:
        found = await _found(conn, request)
        try:
            ahead = await forecast.simulate(conn, app, found.id, until)
        except Refused as why:
            raise web.HTTPBadRequest(text=why.sentence(speaks())) from None
        steps = await queries.steps_of(conn, found.id)
        level = await barring.level_of(conn, found.id)
        calls = await queries.last_contacts(conn, found.id)
        plan = await queries.running(conn, found.id)
        dues = await queries.instalments(conn, plan.id) if plan else []
        exposure, fees = await exposures.of_account(conn, found.id), await fee_waiver.fees_of(conn, found.id)
        own = (await exposures.own_of(conn, [found.id])).get(found.id)
    currency = found.currency

    def reasons(trail: Sequence[str]) -> str:
        return "; ".join(said(one, speaks(), currency) for one in trail)

    ladder = app.operator.collections.ladder_of(app.operator.country, ahead.now.segment)
    return show(
        request,
        "console_collection.html",
        a=found,
        ahead=ahead,
        steps=steps,
        level=level,
        calls=calls,
        plan=plan,
        dues=dues,
        fees=fees,
        exposure=exposure,
        own=own,
        until=until,
        outcomes=OUTCOMES,
        kinds=_kinds(ladder.protections),
        words=words,
        reasons=reasons,
        agencies=app.operator.collections.agencies,
    )


def _kinds(protections: tuple[Protection, ...]) -> list[str]:
    return [one.kind for one in protections]


async def _found(conn: AsyncConnection, request: web.Request) -> AnyRow:
    return await theirs(conn, request.app[APP], request[WHO], ACCOUNT, request.match_info["id"])


@described("collections.work", summary="Note a call, protect, arrange, or ask to write off", status=303)
async def act(request: web.Request) -> web.Response:
    """POST /console/collections/{id}: `do` is noted, protect, unprotect, arrange, promise, limit, waive, place, recall or write_off."""
    text, app = await form(request), request.app[APP]
    async with app.db.writing() as conn:
        found = await _found(conn, request)
        await _act(conn, app, found.id, text, request[WHO])
    raise back(f"/console/collections/{found.id}")


async def _act(conn: AsyncConnection, app: App, account_id: int, told: dict[str, str], who: Who) -> None:
    actor = who.actor
    key = f"console:{account_id}:{app.clock.now().isoformat()}"
    match told.get("do"):
        case "noted":
            await note(conn, app, account_id, told.get("code", ""), note=told.get("note", ""), actor=actor)
        case "protect":
            kind, reason = told.get("kind", "")[:40], told.get("note", "")[:500]
            until = a_day(told["until"], app.today()) if told.get("until") else None
            await protection.register(conn, app, account_id, kind, reason=reason, actor=actor, until=until)
        case "unprotect":
            await protect.end(conn, app, account_id, told.get("kind", ""), actor=actor)
        case "arrange":
            await arrangement.agree(conn, app, account_id, a_count(told.get("count", "")), key, actor=actor)
        case "promise":
            by = a_day(told.get("by", ""), app.today())
            await arrangement.promise(conn, app, account_id, by, key, actor=actor)
        case "waive":
            of_account = ListRequest("account_id", "in", [account_id])
            fee = await theirs(conn, app, who, INVOICE, told.get("fee", ""), of_account)
            await fee_waiver.waive(conn, app, account_id, fee.id, reason=told.get("note", ""), actor=actor)
        case "limit":
            await change.change(
                conn,
                app,
                account_id,
                told.get("amount", ""),
                reason=told.get("note", ""),
                actor=actor,
                notation=notation_of(speaks(), app.currency),
            )
        case "place":
            await agency.choose(conn, app, told.get("agency", ""), [account_id], actor=actor)
        case "recall":
            await agency.recall(conn, app, account_id, reason=told.get("note", ""), actor=actor)
        case "write_off":
            await write_off.ask(conn, app, account_id, reason=told.get("note", "")[:500], actor=actor)
        case _:
            raise Refused("collections.unknown")


@described(
    "collections.see",
    summary="What was written off, for the tax office, as CSV",
    query=(("from", "a day"), ("to", "a day")),
)
async def written_off(request: web.Request) -> web.Response:
    """GET /console/collections/written-off.csv: of this year unless said."""
    app, today = request.app[APP], request.app[APP].today()
    span = (
        a_day(request.query.get("from", ""), today.replace(month=1, day=1)),
        a_day(request.query.get("to", ""), today),
    )
    async with app.db.reading() as conn:
        match = await off.written_off(conn, app, *span, branch_code=request[WHO].branch)
    name = f"attachment; filename=written-off-{span[0]}-{span[1]}.csv"
    return web.Response(
        text=off.as_csv(match, app.currency), content_type="text/csv", headers={"Content-Disposition": name}
    )


SECTION = Section(
    "/console/collections",
    page,
    Entry(Group.MONEY, 30, "Collections"),
    {"/written-off.csv": written_off, "/{id}": one},
    (
        Action(
            "/{id}",
            act,
            {
                "note": "noted",
                "protect": "protect",
                "unprotect": "unprotect",
                "arrange": "arrange",
                "promise": "promise",
                "limit": "limit",
                "waive": "waive",
                "place": "place",
                "recall": "recall",
                "write-off": "write_off",
            },
        ),
    ),
)
