"""Held readings for machines (a meter desk, a head-end): list them, see one, and PATCH what became of it.

No TM Forum resource says this; it stands beside Usage and keeps the same manners. PATCH `status`: `accepted`, `replaced` (with `value` and
`reason`) or `ordered`; `sure` where a doubtful value is meant.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from core.journeys import held_readings
from core.metering.units import Unreadable, used
from core.metering.vee import held
from core.metering.vee.held import ReadingHeld
from core.overview.nameable import HELD_READING
from core.overview.theirs import theirs
from core.text import say
from gateway.admin.auth import WHO
from gateway.admin.described import described
from gateway.admin.json import respond
from gateway.admin.tmf.body import read
from gateway.admin.tmf.parts import Ref, Resource, account_ref, plain_decimal
from gateway.admin.tmf.resource import LIMIT, LIMIT_AT_MOST, bad, dumped, href, paging
from gateway.app_keys import APP

PATH = "/tmf-api/usageManagement/v4/heldReading"


class HeldReading(Resource):
    """A reading that waits."""

    meter: str
    counter: str = Field(alias="register")
    read_on: date = Field(alias="readOn")
    value: Decimal
    unit: str
    source: str
    status: str
    reason: str | None
    received: datetime = Field(alias="receivedDate")
    before: Decimal | None
    counts: Decimal | None
    """What would be billed since the reading before."""
    account: Ref | None = Field(default=None, alias="billingAccount")


class Decision(BaseModel):
    """What a PATCH may say."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["accepted", "replaced", "ordered"]
    value: Annotated[str | Decimal | None, Field(description="in the meter's unit, as the dials show it")] = None
    reason: Annotated[str, Field(max_length=300)] = ""
    sure: bool = False


class Decided(BaseModel):
    """What became of it."""

    id: str
    status: str


def _shown(one: ReadingHeld) -> HeldReading:
    return HeldReading(
        id=str(one.id),
        href=href(PATH, one.id),
        type="HeldReading",
        meter=one.serial,
        counter=one.register,
        read_on=one.read_on,
        value=plain_decimal(one.value_micro),
        unit=one.unit,
        source=one.source,
        status=one.state,
        reason=one.reason,
        received=one.received_at,
        before=plain_decimal(one.before.value_micro) if one.before else None,
        counts=None if one.counts_micro is None else plain_decimal(one.counts_micro),
        account=account_ref(one.account_id, one.number),
    )


@described(
    "reading.see",
    summary="List heldReading",
    answer=HeldReading,
    many=True,
    query=(("offset", "how many to skip"), ("limit", f"how many: {LIMIT} unless said, at most {LIMIT_AT_MOST}")),
)
async def many(request: web.Request) -> web.Response:
    """GET the list: the longest wait first."""
    offset, limit = paging(request)
    async with request.app[APP].db.reading() as conn:
        match = await held.listing(conn, branch_code=request[WHO].branch, offset=offset, limit=limit)
    return respond([dumped(_shown(one)) for one in match], headers={"X-Result-Count": str(len(match))})


@described("reading.see", summary="One heldReading", answer=HeldReading)
async def single(request: web.Request) -> web.Response:
    """GET one."""
    return respond(dumped(_shown(await _one(request))))


async def _one(request: web.Request) -> ReadingHeld:
    app = request.app[APP]
    async with app.db.reading() as conn:
        named = await theirs(conn, app, request[WHO], HELD_READING, request.match_info["id"])
        return await held.one(conn, named.id)


@described("reading.decide", summary="Decide about a heldReading", body=Decision, answer=Decided)
async def change(request: web.Request) -> web.Response:
    """PATCH: it counts, another value counts, or the meter is read again."""
    app, who = request.app[APP], request[WHO]
    await _one(request)
    question = await read(request, Decision)
    async with app.db.writing() as conn:
        at = (await theirs(conn, app, who, HELD_READING, request.match_info["id"])).id
        match question.status:
            case "accepted":
                await held_readings.accept(conn, app, at, actor=who.actor, sure=question.sure)
            case "replaced":
                await held_readings.put_instead(
                    conn, app, at, _value(question), reason=question.reason, actor=who.actor, sure=question.sure
                )
            case "ordered":
                await held_readings.order_again(conn, app, at, actor=who.actor, note=question.reason)
    return respond({"id": str(at), "status": question.status})


def _value(asked: Decision) -> int:
    if asked.value is None:
        raise bad("Say the value that counts.")
    try:
        return used(str(asked.value))
    except Unreadable as why:
        raise bad(say("en", why.key, **why.params)) from None


def routes() -> list[web.RouteDef]:
    """The routes."""
    return [web.get(PATH, many), web.get(PATH + "/{id}", single), web.patch(PATH + "/{id}", change)]
