"""What a person of the house can name, besides what is listed (`listings.py`): from which tables it comes, and whose branch it is of."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, Text, func, literal, select

from core.approvals.tables import approval
from core.billing.tables import cycle, invoice
from core.campaigns.tables import campaign
from core.care.tables import media, outage, talk
from core.metering.tables import meter, reading, usage_file
from core.outbox.queue import outbox
from core.overview.listing import Listing
from core.parties.tables import account, branch, contact, contact_account, premise, service
from core.payments.bank.tables import debit_file
from core.payments.reconcile.tables import difference
from core.payments.tables import mandate, receipt, refund
from core.rewards.tables import redemption


def _of_account(table: Table, account_id: Column[Any], what: str, *names: str, nobodys: bool = False) -> Listing:
    """A row of an account, of the account's branch."""
    start = table.outerjoin(account, account.c.id == account_id).outerjoin(branch, branch.c.id == account.c.branch_id)
    columns = {name: table.c[name] for name in ("id", "account_id", *names)}
    return _listing(start, table, columns, what, nobodys=nobodys)


def _of_branch(table: Table, what: str, *, nobodys: bool = False) -> Listing:
    """A row that says its branch itself."""
    start = table.outerjoin(branch, branch.c.id == table.c.branch_id)
    return _listing(start, table, {"id": table.c.id}, what, nobodys=nobodys)


def _listing(
    start: Any, table: Table, columns: Mapping[str, ColumnElement[Any]], what: str, *, nobodys: bool
) -> Listing:
    query = select(*table.c, branch.c.code.label("branch")).select_from(start)
    return Listing(query, table.c.id, branch.c.code, columns, (table.c.id,), what, nobodys)


ACCOUNT = Listing(
    select(
        account.c.id,
        account.c.number,
        account.c.party_id,
        account.c.currency,
        account.c.branch_id,
        branch.c.code.label("branch"),
    ).join_from(account, branch, branch.c.id == account.c.branch_id),
    account.c.id,
    branch.c.code,
    {"id": account.c.id, "number": account.c.number},
    (account.c.id,),
    "account",
)
LINK = Listing(
    select(contact_account.c.contact_id, contact_account.c.account_id, contact_account.c.how, contact.c.channel)
    .join_from(contact_account, contact, contact.c.id == contact_account.c.contact_id)
    .join(account, account.c.id == contact_account.c.account_id)
    .join(branch, branch.c.id == account.c.branch_id),
    contact_account.c.contact_id,
    branch.c.code,
    {"id": contact_account.c.contact_id, "account_id": contact_account.c.account_id},
    (contact_account.c.contact_id,),
    "link",
)
"""A phone or chat of an account, by its contact."""
RECEIPT = _of_account(receipt, receipt.c.account_id, "receipt", "provider")
SUSPENSE = Listing(
    select(*receipt.c).where(receipt.c.state == "suspense", receipt.c.account_id.is_(None)),
    receipt.c.id,
    literal(None, Text),
    {"id": receipt.c.id},
    (receipt.c.id,),
    "payment",
    True,
)
INVOICE = _of_account(invoice, invoice.c.account_id, "bill", "series")
REFUND = _of_account(refund, refund.c.account_id, "refund", "receipt_id")
MANDATE = _of_account(mandate, mandate.c.account_id, "mandate", "reference")
TALK = _of_branch(talk, "conversation", nobodys=True)
DIFFERENCE = _of_branch(difference, "difference")
APPROVAL = _of_branch(approval, "request")
LETTER = _of_account(outbox, outbox.c.account_id, "message", "state")
PARKED_MONTH = _of_account(cycle, cycle.c.account_id, "month")
AIRTIME_ORDER = _of_account(redemption, redemption.c.account_id, "order", "kind")
HELD_READING = _listing(
    reading.join(meter, meter.c.id == reading.c.meter_id)
    .outerjoin(service, service.c.id == meter.c.service_id)
    .outerjoin(account, account.c.id == service.c.account_id)
    .outerjoin(branch, branch.c.id == account.c.branch_id),
    reading,
    {"id": reading.c.id},
    "reading",
    nobodys=False,
)
"""Of the branch whose customer has the meter; of a meter in store, the head office's."""
OUTAGE = _listing(
    outage.outerjoin(premise, func.lower(premise.c.area) == func.lower(outage.c.area)).outerjoin(
        branch, branch.c.id == premise.c.branch_id
    ),
    outage,
    {"id": outage.c.id},
    "outage",
    nobodys=False,
)
"""Known to every branch that serves its area (a row for each of its premises there); spoken of by `outages.may_say`."""
CONTACT = _listing(
    contact.outerjoin(contact_account, contact_account.c.contact_id == contact.c.id)
    .outerjoin(account, account.c.id == contact_account.c.account_id)
    .outerjoin(branch, branch.c.id == account.c.branch_id),
    contact,
    {"id": contact.c.id},
    "contact",
    nobodys=False,
)
"""Of each branch with an account that it is linked to; linked to none, the head office's."""


def _of_nobody(table: Table, what: str, *names: str) -> Listing:
    """What belongs to the house, or is told apart by `also` (whose contact sent it): a branch alone has none of it."""
    columns = {name: table.c[name] for name in ("id", *names)}
    return Listing(select(*table.c), table.c.id, literal(None, Text), columns, (table.c.id,), what)


DEBIT_FILE = _of_nobody(debit_file, "file")
USAGE_FILE = _of_nobody(usage_file, "file")
FILE = Listing(
    select(media.c.id, media.c.contact_id),
    media.c.id,
    literal(None, Text),
    {"id": media.c.id, "contact_id": media.c.contact_id},
    (media.c.id,),
    "file",
    True,
)
"""A customer's file is looked up with the contacts of one account, which is looked up with the branch."""
CAMPAIGN = Listing(
    select(campaign),
    campaign.c.id,
    campaign.c.segment["branch"].as_string(),
    {"id": campaign.c.id},
    (campaign.c.id,),
    "campaign",
)
