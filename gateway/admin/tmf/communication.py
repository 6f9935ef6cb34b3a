"""TMF681 Communication: every message that passed, with what became of it, read only (messages leave by the outbox alone)."""

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import Field

from core.context import App
from core.overview.listing import AnyRow
from core.overview.listings import MESSAGES
from core.phone import masked
from gateway.admin.tmf.parts import Part, Ref, Resource, a_text, account_ref, an_id, an_instant, party_ref
from gateway.admin.tmf.resource import Served, href, routes_of


class Receiver(Part):
    """Whom it went to, or came from: their name on the channel without its middle."""

    phone: str = Field(alias="phoneNumber")


class CommunicationMessage(Resource):
    """One message."""

    content: str
    """As it was sent; codes and PINs were never kept."""
    type_: str = Field(alias="messageType")
    """The channel it went by."""
    kind: str
    direction: str
    """in or out."""
    state: str
    """received for what came in; else what became of it: waiting, sent, delivered, failed, unknown ..."""
    at: datetime = Field(alias="sendTime")
    tries: int = Field(alias="tryTimes")
    receivers: list[Receiver] = Field(alias="receiver")
    account: Ref | None = None
    parties: list[Ref] | None = Field(default=None, alias="relatedParty")


def _message(row: AnyRow, _more: Any, _house: App) -> CommunicationMessage:
    return CommunicationMessage(
        id=str(row.id),
        href=href(MESSAGE.path, row.id),
        type="CommunicationMessage",
        content=row.text,
        type_=row.channel,
        kind=row.kind,
        direction=row.direction,
        state=row.state or ("received" if row.direction == "in" else "sent"),
        at=row.at,
        tries=row.attempts or 0,
        receivers=[Receiver(phone=masked(row.channel_user))] if row.channel_user else [],
        account=account_ref(row.account_id, row.account_number),
        parties=party_ref(row.party_id, row.party_name),
    )


MESSAGE = Served(
    "communicationManagement",
    "communicationMessage",
    MESSAGES,
    "customer.see",
    CommunicationMessage,
    {
        "id": ("id", an_id),
        "messageType": ("channel", a_text),
        "kind": ("kind", a_text),
        "direction": ("direction", a_text),
        "state": ("state", a_text),
        "sendTime": ("at", an_instant),
        "account.id": ("account_id", an_id),
        "account.name": ("account_number", a_text),
    },
    _message,
)


def routes() -> list[web.RouteDef]:
    """The routes of this API."""
    return routes_of(MESSAGE)
