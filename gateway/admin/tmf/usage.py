"""TMF635 Usage: events sent in, one or many at once, and read again.

A POST is a file like any other: its records are counted, rejected ones are kept with their reason and can be recycled, and the same
`Idempotency-Key` (or the same body) again changes nothing. `status` is `received`, or `rejected` with the reason in `note`.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from core.clock import from_seconds
from core.context import App
from core.metering.events import receive
from core.overview.listing import AnyRow, ListRequest
from core.overview.prepaid import EVENTS
from gateway.admin.auth import WHO
from gateway.admin.described import described
from gateway.admin.json import respond
from gateway.admin.tmf.body import key_of, raw
from gateway.admin.tmf.parts import Part, Ref, Resource, a_text, account_ref, an_id, plain_decimal
from gateway.admin.tmf.resource import Served, bad, href, routes_of
from gateway.app_keys import APP

API = "usageManagement"
MOST = 10_000


class Characteristic(Part):
    """One thing the record says."""

    name: str
    value: Decimal | str


class Usage(Resource):
    """One event."""

    date: datetime = Field(alias="usageDate")
    kind: str = Field(alias="usageType")
    status: str
    characteristics: list[Characteristic] = Field(alias="usageCharacteristic")
    product: Ref
    account: Ref | None = Field(default=None, alias="billingAccount")


class Told(Part):
    """What became of a record that was sent."""

    status: str
    id: str | None = None
    href: str | None = None
    note: str | None = None
    external_id: str | None = Field(default=None, alias="externalId")


class NewUsage(BaseModel):
    """A record; many of them may be sent as a list. `usageCharacteristic`: line, quantity, unit, destination, record, value."""

    model_config = ConfigDict(populate_by_name=True)
    date: Annotated[datetime, Field(alias="usageDate")]
    kind: Annotated[str, Field(alias="usageType")]
    characteristics: Annotated[list[dict[str, Any]], Field(alias="usageCharacteristic")]
    external_id: Annotated[str | None, Field(alias="externalId")] = None


def _usage(row: AnyRow, _more: Any, _house: App) -> Usage:
    event_id = f"{row.service_id}-{row.at}-{row.key}"
    answer: list[tuple[str, Decimal | str | None]] = [
        ("quantity", plain_decimal(row.quantity_micro)),
        ("unit", row.unit),
        ("destination", row.destination),
    ]
    return Usage(
        id=event_id,
        href=href(USAGE.path, event_id),
        type="Usage",
        kind=row.use,
        status="received",
        date=from_seconds(row.at - row.offset_minutes * 60),
        product=Ref(id=str(row.service_id), kind="Product"),
        characteristics=[Characteristic(name=name, value=value) for name, value in answer if value is not None],
        account=account_ref(row.account_id, row.account_number),
    )


def _event(text: str, app: App) -> Sequence[ListRequest]:
    parts = [an_id(part, app) for part in text.split("-")]
    if len(parts) != 3:
        raise ValueError("the id of a usage has three parts")
    return [ListRequest(name, "in", [part]) for name, part in zip(("service_id", "at", "key"), parts, strict=True)]


USAGE = Served(
    API,
    "usage",
    EVENTS,
    "usage.see",
    Usage,
    {
        "usageType": ("use", a_text),
        "product.id": ("service_id", an_id),
        "billingAccount.id": ("account_id", an_id),
        "billingAccount.name": ("account_number", a_text),
    },
    _usage,
    find=_event,
)


@described(
    "usage.write", whole=True, summary="Send usage in: one record, or a list", body=NewUsage, answer=Told, status=201
)
async def create(request: web.Request) -> web.Response:
    """POST: 201 with what became of each record, in the order sent."""
    app, who, sent = request.app[APP], request[WHO], await raw(request)
    many = sent if isinstance(sent, list) else [sent]
    if not 0 < len(many) <= MOST:
        raise bad(f"Send 1 to {MOST:,} records at once.")
    lines = [json.dumps(one, default=str, sort_keys=True) for one in many]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = key_of(request, digest[:32], who.actor)
    told = await receive.receive(app, source=f"api:{who.actor}", key=key, digest=digest, lines=lines)
    answers = [_told(one, given) for one, given in zip(told, many, strict=True)]
    shown = [one.model_dump(by_alias=True, exclude_none=True) for one in answers]
    return respond(shown if isinstance(sent, list) else shown[0], status=201)


def _told(one: receive.EventsReceived, given: object) -> Told:
    own = given.get("externalId") if isinstance(given, dict) else None
    event_id = None if one.event is None else "-".join(map(str, one.event))
    return Told(
        status="received" if one.reason is None else "rejected",
        id=event_id,
        note=one.reason,
        href=None if event_id is None else href(USAGE.path, event_id),
        external_id=own if isinstance(own, str) else None,
    )


def routes() -> list[web.RouteDef]:
    """The routes of this API."""
    return [*routes_of(USAGE), web.post(USAGE.path, create)]
