"""TMF656 Service Problem: outages, begun, expected and ended by a network's own systems; customers hear of the end once.

`category` is the supply, `affectedArea` the area as the premises have it, `description` the cause. PATCH `expectedResolutionDate`, or
`status`: `resolved`.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from core.care import outages
from core.care.model import Outage
from core.context import App
from core.onboarding.customers import COMMODITIES
from core.overview.nameable import OUTAGE
from core.overview.theirs import their_branch, theirs
from gateway.admin.auth import WHO
from gateway.admin.console.shared import branch_of
from gateway.admin.described import described
from gateway.admin.json import respond
from gateway.admin.tmf.body import read
from gateway.admin.tmf.parts import Resource, Words
from gateway.admin.tmf.resource import bad, dumped, href
from gateway.app_keys import APP

PATH = "/tmf-api/serviceProblemManagement/v4/serviceProblem"


class ServiceProblem(Resource):
    """An outage."""

    category: str
    area: str = Field(alias="affectedArea")
    description: str
    status: str
    created: datetime = Field(alias="creationDate")
    expected: datetime | None = Field(default=None, alias="expectedResolutionDate")
    resolved: datetime | None = Field(default=None, alias="resolutionDate")


class NewProblem(BaseModel):
    """What a POST says."""

    model_config = ConfigDict(populate_by_name=True)
    category: str
    area: Annotated[Words, Field(alias="affectedArea", max_length=80)]
    description: Annotated[Words, Field(max_length=300)]
    expected: Annotated[datetime | None, Field(alias="expectedResolutionDate")] = None


class Change(BaseModel):
    """What a PATCH may say."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")
    status: Literal["resolved"] | None = None
    expected: Annotated[datetime | None, Field(alias="expectedResolutionDate")] = None


def _shown(one: Outage) -> ServiceProblem:
    return ServiceProblem(
        id=str(one.id),
        href=href(PATH, one.id),
        type="ServiceProblem",
        category=one.commodity,
        area=one.area,
        description=one.cause,
        status="inProgress" if one.ended_at is None else "resolved",
        created=one.started_at,
        expected=one.expected_until,
        resolved=one.ended_at,
    )


@described("outage.see", summary="List serviceProblem: those that run", answer=ServiceProblem, many=True)
async def many(request: web.Request) -> web.Response:
    """GET the list."""
    branch = await branch_of(request)
    async with request.app[APP].db.reading() as conn:
        match = await outages.running(conn)
        mine = None if branch is None else {area.lower() for area in await outages.areas(conn, branch)}
    shown = [dumped(_shown(one)) for one in match if mine is None or one.area.lower() in mine]
    return respond(shown, headers={"X-Result-Count": str(len(shown))})


@described("outage.see", summary="One serviceProblem", answer=ServiceProblem)
async def single(request: web.Request) -> web.Response:
    """GET one."""
    return respond(dumped(_shown(await _one(request))))


async def _one(request: web.Request) -> Outage:
    app = request.app[APP]
    async with app.db.reading() as conn:
        named = await theirs(conn, app, request[WHO], OUTAGE, request.match_info["id"])
        return await outages.one(conn, named.id)


@described("outage.write", summary="An outage began", body=NewProblem, answer=ServiceProblem, status=201)
async def create(request: web.Request) -> web.Response:
    """POST: 201; a second word about a running one is the same one."""
    app, question = request.app[APP], await read(request, NewProblem)
    if question.category not in COMMODITIES:
        raise bad(f"category is one of {', '.join(COMMODITIES)}.")
    async with app.db.writing() as conn:
        await outages.may_say(conn, question.area, await their_branch(conn, app, request[WHO]))
        result = await outages.begin(
            conn,
            app,
            commodity=question.category,
            area=question.area,
            cause=question.description,
            actor=request[WHO].actor,
            expected_until=_instant(question.expected, app),
        )
    return respond(dumped(_shown(result)), status=201, headers={"Location": href(PATH, result.id)})


@described("outage.write", summary="A new word on an outage, or its end", body=Change, answer=ServiceProblem)
async def change(request: web.Request) -> web.Response:
    """PATCH."""
    app, who = request.app[APP], request[WHO]
    await _one(request)
    question = await read(request, Change)
    async with app.db.writing() as conn:
        match = await theirs(conn, app, who, OUTAGE, request.match_info["id"])
        await outages.may_say(conn, match.area, await their_branch(conn, app, who))
        if "expected" in question.model_fields_set:
            await outages.expect(conn, app, match.id, _instant(question.expected, app), who.actor)
        if question.status == "resolved":
            await outages.end(conn, app, match.id, who.actor)
        after = await outages.one(conn, match.id)
    return respond(dumped(_shown(after)))


def _instant(said: datetime | None, app: App) -> datetime | None:
    return None if said is None else (said if said.tzinfo else said.replace(tzinfo=app.zone)).astimezone(UTC)


def routes() -> list[web.RouteDef]:
    """The routes."""
    return [
        web.get(PATH, many),
        web.get(PATH + "/{id}", single),
        web.post(PATH, create),
        web.patch(PATH + "/{id}", change),
    ]
