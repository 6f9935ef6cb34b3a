"""TMF666 Account: billing accounts with what each owes, read only (an account is opened by an import or an order)."""

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import Field

from core.context import App
from core.overview.listing import AnyRow
from core.overview.listings import ACCOUNTS
from gateway.admin.tmf.parts import Money, Part, Ref, Resource, a_day, a_text, amount, an_id, opening, party_ref
from gateway.admin.tmf.resource import Served, href, routes_of


class Balance(Part):
    """What the ledger says, at an instant: above zero is owed, below zero is the customer's credit."""

    amount: Money
    type: str = Field(alias="balanceType")
    at: datetime | None = Field(default=None, alias="validFrom")


class BillStructure(Part):
    """When the account's cycle closes: a day of the month, 1 to 31."""

    day: int = Field(alias="billingDay")


class BillingAccount(Resource):
    """One account of a customer."""

    name: str
    """The account number, as the customer reads it out."""
    type_: str = Field(alias="accountType")
    state: str
    opened: datetime = Field(alias="creationDate")
    balances: list[Balance] = Field(alias="accountBalance")
    bill: BillStructure = Field(alias="billStructure")
    branch: str
    parties: list[Ref] | None = Field(alias="relatedParty")


def _account(row: AnyRow, _more: Any, app: App) -> BillingAccount:
    owed = Balance(amount=amount(row.owed_minor, row.currency), type="ReceivableBalance", at=row.owed_at)
    return BillingAccount(
        id=str(row.id),
        href=href(ACCOUNT.path, row.id),
        type="BillingAccount",
        name=row.number,
        type_=row.segment,
        state=row.state,
        opened=opening(row.opened_on, app),
        balances=[owed],
        bill=BillStructure(day=row.bill_day),
        branch=row.branch,
        parties=party_ref(row.party_id, row.party_name),
    )


ACCOUNT = Served(
    "accountManagement",
    "billingAccount",
    ACCOUNTS,
    "customer.see",
    BillingAccount,
    {
        "id": ("id", an_id),
        "name": ("number", a_text),
        "state": ("state", a_text),
        "accountType": ("segment", a_text),
        "relatedParty.id": ("party_id", an_id),
        "creationDate": ("opened_on", a_day),
    },
    _account,
)


def routes() -> list[web.RouteDef]:
    """The routes of this API."""
    return routes_of(ACCOUNT)
