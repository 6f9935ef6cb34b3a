"""TMF678 Customer Bill: final bills and their lines, read only."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from aiohttp import web
from pydantic import Field

from core.context import App
from core.overview.listing import AnyRow, ListRequest
from core.overview.listings import BILLS, RATES
from gateway.admin.tmf.parts import (
    Money,
    Part,
    Period,
    Ref,
    Resource,
    a_day,
    a_text,
    account_ref,
    amount,
    an_id,
    an_instant,
    opening,
    party_ref,
    plain_decimal,
)
from gateway.admin.tmf.resource import Served, href, routes_of

API = "customerBillManagement"


class Document(Part):
    """Where the bill can be read."""

    href: str
    mime: str = Field(alias="mimeType")


class CustomerBill(Resource):
    """A final bill: what it came to, what of it is still open."""

    bill_no: str = Field(alias="billNo")
    bill_date: datetime = Field(alias="billDate")
    category: str
    state: str
    """sent, partiallyPaid or settled."""
    period: Period = Field(alias="billingPeriod")
    due: datetime | None = Field(default=None, alias="paymentDueDate")
    total: Money = Field(alias="taxIncludedAmount")
    before_tax: Money = Field(alias="taxExcludedAmount")
    amount_due: Money = Field(alias="amountDue")
    remaining: Money = Field(alias="remainingAmount")
    disputed: Money | None = Field(default=None, alias="disputedAmount")
    estimated: bool = Field(alias="isEstimated")
    account: Ref | None = Field(alias="billingAccount")
    parties: list[Ref] | None = Field(alias="relatedParty")
    documents: list[Document] = Field(alias="billDocument")


class AppliedCustomerBillingRate(Resource):
    """One line of a bill."""

    name: str
    date: datetime
    kind: str = Field(alias="appliedBillingRateType")
    before_tax: Money = Field(alias="taxExcludedAmount")
    quantity: Decimal | None = None
    unit: str | None = None
    price: str | None = Field(default=None, alias="unitPrice")
    is_billed: bool = Field(default=True, alias="isBilled")
    period: Period = Field(alias="periodCoverage")
    bill: Ref
    account: Ref | None = Field(alias="billingAccount")


def _bill(row: AnyRow, _more: object, app: App) -> CustomerBill:
    document = f"{app.settings.public_url}/b/{row.token}"
    return CustomerBill(
        id=str(row.id),
        href=href(BILL.path, row.id),
        type="CustomerBill",
        bill_no=row.number,
        bill_date=row.finalised_at,
        category="creditNote" if row.series == "credit" else "normal",
        state=row.state,
        period=Period(start=opening(row.from_date, app), end=opening(row.to_date, app)),
        due=opening(row.due_on, app) if row.due_on else None,
        total=amount(row.total_minor, row.currency),
        before_tax=amount(row.total_minor - row.tax_minor, row.currency),
        amount_due=amount(row.open_minor, row.currency),
        remaining=amount(row.open_minor, row.currency),
        disputed=amount(row.disputed_minor, row.currency) if row.disputed_minor else None,
        estimated=row.estimated,
        account=account_ref(row.account_id, row.account_number),
        parties=party_ref(row.party_id, row.party_name),
        documents=[Document(href=document, mime="text/html"), Document(href=f"{document}.pdf", mime="application/pdf")],
    )


def _rate(row: AnyRow, _more: object, app: App) -> AppliedCustomerBillingRate:
    line_id = f"{row.invoice_id}-{row.position}"
    quantity = None if row.quantity_micro is None else plain_decimal(row.quantity_micro)
    return AppliedCustomerBillingRate(
        id=line_id,
        href=href(RATE.path, line_id),
        type="AppliedCustomerBillingRate",
        name=row.label.get("en", row.code),
        date=row.finalised_at,
        kind=row.kind,
        before_tax=amount(row.amount_minor, row.currency),
        quantity=quantity,
        unit=row.unit,
        price=row.price,
        period=Period(start=opening(row.from_date, app), end=opening(row.to_date, app)),
        bill=Ref(
            id=str(row.invoice_id), href=href(BILL.path, row.invoice_id), name=row.bill_number, kind="CustomerBill"
        ),
        account=account_ref(row.account_id, row.account_number),
    )


def _line(text: str, app: App) -> Sequence[ListRequest]:
    bill_id, _, position = text.partition("-")
    return (ListRequest("bill_id", "in", [an_id(bill_id, app)]), ListRequest("position", "in", [_small(position, app)]))


def _small(text: str, app: App) -> int:
    position = an_id(text, app)
    if position > 32_767:
        raise ValueError("no bill has so many lines")
    return position


BILL = Served(
    API,
    "customerBill",
    BILLS,
    "bill.see",
    CustomerBill,
    {
        "id": ("id", an_id),
        "billNo": ("number", a_text),
        "state": ("state", a_text),
        "billDate": ("issued_at", an_instant),
        "paymentDueDate": ("due_on", a_day),
        "billingAccount.id": ("account_id", an_id),
        "billingAccount.name": ("account_number", a_text),
        "relatedParty.id": ("party_id", an_id),
    },
    _bill,
)

RATE = Served(
    API,
    "appliedCustomerBillingRate",
    RATES,
    "bill.see",
    AppliedCustomerBillingRate,
    {
        "bill.id": ("bill_id", an_id),
        "billingAccount.id": ("account_id", an_id),
        "appliedBillingRateType": ("kind", a_text),
    },
    _rate,
    find=_line,
)


def routes() -> list[web.RouteDef]:
    """The routes of this API."""
    return routes_of(BILL) + routes_of(RATE)
