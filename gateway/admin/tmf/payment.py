"""TMF676 Payment: money that arrived, and which bills it paid; read only (money comes in by its provider's own door)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App
from core.overview.listing import AnyRow
from core.overview.listings import PAYMENTS
from core.overview.paid import paid_by
from gateway.admin.tmf.customer_bill import BILL
from gateway.admin.tmf.parts import (
    Money,
    Part,
    Ref,
    Resource,
    a_day,
    a_text,
    account_ref,
    amount,
    an_id,
    an_instant,
    party_ref,
)
from gateway.admin.tmf.resource import Served, href, routes_of

_STATUS = {"placed": "done", "suspense": "pending", "reversed": "reversed"}
_STATE = {status: state for state, status in _STATUS.items()}


class Item(Part):
    """What one part of the payment paid."""

    amount: Money
    item: Ref | None = None


class Method(Part):
    """How it was paid."""

    name: str
    type: str = Field(alias="@type")


class Channel(Part):
    """By which provider it came."""

    name: str


class Payment(Resource):
    """Money that arrived."""

    date: datetime = Field(alias="paymentDate")
    status: str
    """done, pending (in suspense: nobody's yet) or reversed."""
    total: Money = Field(alias="totalAmount")
    amount: Money
    correlator: str = Field(alias="correlatorId")
    """The provider's own number of this payment."""
    description: str
    method: Method = Field(alias="paymentMethod")
    channel: Channel
    account: Ref | None = None
    parties: list[Ref] | None = Field(default=None, alias="relatedParty")
    items: list[Item] = Field(alias="paymentItem")


def _payment(row: AnyRow, more: Any, _house: App) -> Payment:
    whole = amount(row.amount_minor, row.currency)
    items = [
        Item(
            amount=amount(part.amount_minor, row.currency),
            item=part.invoice_id
            and Ref(
                id=str(part.invoice_id), href=href(BILL.path, part.invoice_id), name=part.number, kind="CustomerBill"
            ),
        )
        for part in more or ()
    ]
    return Payment(
        id=str(row.id),
        href=href(PAYMENT.path, row.id),
        type="Payment",
        date=row.received_at,
        status=_STATUS.get(row.state, row.state),
        total=whole,
        amount=whole,
        correlator=row.provider_txn,
        description=row.reference,
        method=Method(name=row.method, type=row.method),
        channel=Channel(name=row.provider),
        account=account_ref(row.account_id, row.account_number),
        parties=party_ref(row.party_id, row.party_name),
        items=items,
    )


def _state(text: str, _house: App) -> str:
    return _STATE.get(text, text)


async def _more(conn: AsyncConnection, rows: Sequence[AnyRow]) -> Mapping[int, Any]:
    return await paid_by(conn, [row.id for row in rows])


PAYMENT = Served(
    "paymentManagement",
    "payment",
    PAYMENTS,
    "payment.see",
    Payment,
    {
        "id": ("id", an_id),
        "status": ("state", _state),
        "account.id": ("account_id", an_id),
        "account.name": ("account_number", a_text),
        "paymentDate": ("received_at", an_instant),
        "correlatorId": ("txn", a_text),
        "channel.name": ("provider", a_text),
        "paymentMethod.name": ("method", a_text),
        "bookedOn": ("booked_on", a_day),
    },
    _payment,
    more=_more,
)


def routes() -> list[web.RouteDef]:
    """The routes of this API."""
    return routes_of(PAYMENT)
