"""TMF629 Customer: the people and organisations that have accounts, read only. Whoever may reveal phones does so in the console;
here they are masked, because a key is not a person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App
from core.overview.listing import AnyRow
from core.overview.listings import CUSTOMERS
from core.overview.reached import Reached, reached
from core.phone import masked
from gateway.admin.tmf.account import ACCOUNT
from gateway.admin.tmf.parts import Part, Ref, Resource, a_text, an_id
from gateway.admin.tmf.resource import Served, href, routes_of


class Medium(Part):
    """How they are reached: the channel, and their name on it without its middle."""

    type: str = Field(alias="mediumType")
    number: str = Field(alias="phoneNumber")


class Customer(Resource):
    """A party that has an account."""

    name: str
    status: str
    """active, or closed when none of the accounts is open any more."""
    kind: str
    """person or organisation."""
    language: str
    since: datetime = Field(alias="creationDate")
    accounts: list[Ref] = Field(alias="account")
    media: list[Medium] = Field(alias="contactMedium")


def _customer(row: AnyRow, more: Any, _house: App) -> Customer:
    known: Reached = more or Reached()
    accounts = [
        Ref(id=str(one.id), href=href(ACCOUNT.path, one.id), name=one.number, kind="BillingAccount")
        for one in known.accounts
    ]
    status = "active" if any(one.closed_on is None for one in known.accounts) else "closed"
    return Customer(
        id=str(row.id),
        href=href(CUSTOMER.path, row.id),
        type="Customer",
        name=row.name,
        status=status,
        kind=row.kind,
        language=row.language,
        since=row.created_at,
        accounts=accounts,
        media=[Medium(type=one.channel, number=masked(one.phone or one.channel_user)) for one in known.contacts],
    )


async def _more(conn: AsyncConnection, rows: Sequence[AnyRow]) -> Mapping[int, Any]:
    return await reached(conn, [row.id for row in rows])


CUSTOMER = Served(
    "customerManagement",
    "customer",
    CUSTOMERS,
    "customer.see",
    Customer,
    {
        "id": ("id", an_id),
        "name": ("name", a_text),
        "kind": ("kind", a_text),
        "account.name": ("account_number", a_text),
    },
    _customer,
    more=_more,
)


def routes() -> list[web.RouteDef]:
    """The routes of this API."""
    return routes_of(CUSTOMER)
