"""TMF621 Trouble Ticket: read, open, and move on.

`Idempotency-Key` (or `externalId`) makes a POST harmless when repeated. PATCH is a JSON merge of `status` and `note`: a note is
added, never replaced, because a ticket's log is only ever added to; `id` and `href` cannot change.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.care import tickets
from core.context import App
from core.overview.accounts import VisibleAccount, account_of
from core.overview.listing import AnyRow
from core.overview.listings import TICKETS
from core.overview.nameable import ACCOUNT
from core.overview.theirs import none
from core.overview.ticket_logs import logs_of
from gateway.admin import scrub
from gateway.admin.auth import WHO
from gateway.admin.described import described
from gateway.admin.json import respond
from gateway.admin.tmf.parts import Part, Ref, Resource, Words, a_text, account_ref, an_id, an_instant, party_ref
from gateway.admin.tmf.resource import Served, bad, href, routes_of, shown
from gateway.app_keys import APP

STATUS = {"open": "inProgress", "waiting": "pending", "solved": "resolved", "closed": "closed"}
_STATE = {status: state for state, status in STATUS.items()} | {"acknowledged": "open"}


class Note(Part):
    """A word on the ticket."""

    text: Words
    author: str | None = None
    date: datetime | None = None


class Change(Part):
    """Something that happened to it."""

    status: str
    date: datetime = Field(alias="statusChangeDate")
    by: str | None = Field(default=None, alias="changedBy")


class TroubleTicket(Resource):
    """A problem, and where it stands."""

    reference: str = Field(alias="externalId")
    """What the customer was told: ends in a check digit."""
    name: str
    description: str
    severity: str
    kind: str = Field(alias="ticketType")
    status: str
    created: datetime = Field(alias="creationDate")
    changed: datetime = Field(alias="lastUpdate")
    account: Ref | None = None
    parties: list[Ref] | None = Field(default=None, alias="relatedParty")
    related: list[Ref] | None = Field(default=None, alias="relatedEntity")
    notes: list[Note] = Field(alias="note")
    changes: list[Change] = Field(alias="statusChange")


class Related(BaseModel):
    """What a new ticket is about: a BillingAccount, by `id` or by `name` (its number)."""

    model_config = ConfigDict(populate_by_name=True)
    id: Annotated[str | None, Field(max_length=40)] = None
    name: Annotated[str | None, Field(max_length=40)] = None
    kind: str = Field(default="BillingAccount", alias="@referredType")


class NewTicket(BaseModel):
    """What a POST says."""

    model_config = ConfigDict(populate_by_name=True)
    description: Words
    kind: Annotated[str, Field(alias="ticketType", pattern=r"^[a-z][a-z_]{1,39}$")]
    severity: Annotated[str | None, Field(pattern="^(critical|high|normal)$")] = None
    related: list[Related] = Field(default=[], alias="relatedEntity", max_length=1)
    external_id: Annotated[str | None, Field(alias="externalId", max_length=100)] = None


class Patch(BaseModel):
    """What a PATCH may say."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")
    id: str | None = None
    href: str | None = None
    status: str | None = None
    reason: Annotated[Words | None, Field(alias="statusChangeReason")] = None
    notes: list[Note] = Field(default=[], alias="note", max_length=20)


B = TypeVar("B", bound=BaseModel)


def _ticket(row: AnyRow, more: Any, _house: App) -> TroubleTicket:
    log = more or ()
    place = [Ref(id=str(row.premise_id), role="place", kind="GeographicSite")] if row.premise_id else []
    outage = [Ref(id=str(row.outage_id), role="cause", kind="Outage")] if row.outage_id else []
    return TroubleTicket(
        id=str(row.id),
        href=href(TICKET.path, row.id),
        type="TroubleTicket",
        reference=row.reference,
        name=f"{row.kind} {row.reference}",
        description=row.description,
        severity=row.severity,
        kind=row.kind,
        status=STATUS.get(row.state, row.state),
        created=row.opened_at,
        changed=row.changed_at,
        account=account_ref(row.account_id, row.account_number),
        parties=party_ref(row.party_id, row.party_name),
        related=place + outage or None,
        notes=[
            Note(text=one.details.get("text", "-") or "-", author=one.actor, date=one.at)
            for one in log
            if one.kind == "replied"
        ],
        changes=[Change(status=one.kind, date=one.at, by=one.actor) for one in log if one.kind != "replied"],
    )


async def _more(conn: AsyncConnection, rows: Sequence[AnyRow]) -> Mapping[int, Any]:
    return await logs_of(conn, [row.id for row in rows])


def _state(text: str, _house: App) -> str:
    return _STATE.get(text, text)


TICKET = Served(
    "troubleTicket",
    "troubleTicket",
    TICKETS,
    "ticket.see",
    TroubleTicket,
    {
        "id": ("id", an_id),
        "externalId": ("reference", a_text),
        "status": ("state", _state),
        "ticketType": ("kind", a_text),
        "severity": ("severity", a_text),
        "account.id": ("account_id", an_id),
        "account.name": ("account_number", a_text),
        "creationDate": ("opened_at", an_instant),
        "lastUpdate": ("changed_at", an_instant),
    },
    _ticket,
    more=_more,
)


@described("ticket.write", summary="Open a troubleTicket", body=NewTicket, answer=TroubleTicket, status=201)
async def create(request: web.Request) -> web.Response:
    """POST: 201 with the ticket; the same key again gives the same ticket."""
    app, who, question = request.app[APP], request[WHO], await _read(request, NewTicket)
    key = request.headers.get("Idempotency-Key") or question.external_id or secrets.token_hex(16)
    async with app.db.writing() as conn:
        about = await _about(conn, question, who.branch, app)
        made = await tickets.open_ticket(
            conn,
            app,
            key=f"api:{who.actor}:{key[:200]}",
            kind=question.kind,
            contact_id=None,
            account_id=about.id if about else None,
            description=question.description,
            severity=question.severity,
            actor=who.actor,
        )
        await trail.note(conn, app, who.actor, "ticket.opened", f"ticket:{made.id}")
        answer = await shown(conn, request, TICKET, str(made.id))
    return respond(answer, status=201, headers={"Location": answer["href"]})


async def _about(conn: AsyncConnection, asked: NewTicket, branch: str | None, app: App) -> VisibleAccount | None:
    """The account it is about; a key of a branch must name one of its own."""
    if not asked.related:
        if branch is not None:
            raise bad("Say in relatedEntity which BillingAccount of your branch it is about.")
        return None
    [named] = asked.related
    try:
        match = await account_of(conn, an_id(named.id, app) if named.id else None, named.name, branch)
    except ValueError:
        raise bad("relatedEntity: an id is a number.") from None
    if named.kind != "BillingAccount" or not (named.id or named.name):
        raise bad("relatedEntity names a BillingAccount by its id or its name.")
    if match is None:
        raise none(ACCOUNT)
    return match


@described("ticket.write", summary="Move a troubleTicket on, or add a note", body=Patch, answer=TroubleTicket)
async def change(request: web.Request) -> web.Response:
    """PATCH: JSON merge."""
    app, who, question = request.app[APP], request[WHO], await _read(request, Patch)
    async with app.db.writing() as conn:
        before = await shown(conn, request, TICKET, request.match_info["id"])
        if (question.id or before["id"]) != before["id"] or (question.href or before["href"]) != before["href"]:
            raise bad("id and href cannot be changed.")
        for note in question.notes:
            await tickets.reply(conn, app, int(before["id"]), actor=who.actor, text=note.text)
        if question.status is not None and question.status != before["status"]:
            if question.status not in _STATE:
                raise bad(f"status is one of {', '.join(_STATE)}.")
            state = _STATE[question.status]
            await tickets.move(conn, app, int(before["id"]), state, actor=who.actor, note=question.reason or "")
        await trail.note(conn, app, who.actor, "ticket.changed", f"ticket:{before['id']}")
        after = await shown(conn, request, TICKET, before["id"])
    return respond(after)


async def _read(request: web.Request, model: type[B]) -> B:
    try:
        return model.model_validate(await request.json(loads=scrub.loads))
    except ValidationError as why:
        first = why.errors()[0]
        raise bad(f"{'.'.join(str(part) for part in first['loc']) or 'body'}: {first['msg']}.") from None
    except (ValueError, RecursionError):
        raise bad("The body must be JSON.") from None


def routes() -> list[web.RouteDef]:
    """The routes of this API."""
    return [*routes_of(TICKET), web.post(TICKET.path, create), web.patch(TICKET.path + "/{id}", change)]
