"""What the ops side lists: bills, payments, tickets, accounts, customers, messages. Read only; each row carries all that its JSON or its table shows."""

from sqlalchemy import Select, case, func, select
from sqlalchemy.sql.expression import FromClause

from core.billing.tables import invoice, invoice_line
from core.care.tables import interaction, ticket
from core.ledger.tables import balance, ledger_account, open_item
from core.outbox.queue import outbox
from core.overview.listing import Listing
from core.parties.tables import account, branch, contact, party
from core.payments.tables import receipt

_OPEN = func.coalesce(open_item.c.open_minor, 0)
_BILL_STATE = case((_OPEN == 0, "settled"), (invoice.c.total_minor > _OPEN, "partiallyPaid"), else_="sent")


def _with_customer(start: FromClause, account_id: object) -> FromClause:
    whose = start.outerjoin(account, account.c.id == account_id).outerjoin(party, party.c.id == account.c.party_id)
    return whose.outerjoin(branch, branch.c.id == account.c.branch_id)


_CUSTOMER = (
    account.c.number.label("account_number"), party.c.id.label("party_id"), party.c.name.label("party_name"),
    branch.c.code.label("branch"),
)  # fmt: skip


def _bills() -> Select[tuple[object, ...]]:
    start = _with_customer(invoice.outerjoin(open_item, open_item.c.invoice_id == invoice.c.id), invoice.c.account_id)
    columns = (
        invoice.c.id,
        invoice.c.account_id,
        invoice.c.number,
        invoice.c.series,
        invoice.c.token,
        invoice.c.from_date,
        invoice.c.to_date,
        invoice.c.issued_on,
        invoice.c.due_on,
        invoice.c.currency,
        invoice.c.total_minor,
        invoice.c.estimated,
        invoice.c.finalised_at,
        _OPEN.label("open_minor"),
        invoice.c.tax_minor,
        func.coalesce(open_item.c.disputed_minor, 0).label("disputed_minor"),
        _BILL_STATE.label("state"),
    )
    return select(*columns, *_CUSTOMER).select_from(start).where(invoice.c.state == "final")


BILLS = Listing(
    _bills(),
    invoice.c.id,
    branch.c.code,
    {
        "id": invoice.c.id,
        "number": invoice.c.number,
        "account_id": invoice.c.account_id,
        "state": _BILL_STATE,
        "account_number": account.c.number,
        "issued_at": invoice.c.finalised_at,
        "due_on": invoice.c.due_on,
        "series": invoice.c.series,
        "party_id": party.c.id,
    },
    (invoice.c.finalised_at.desc(), invoice.c.id.desc()),
)
"""Final bills, the newest first; a draft has told nobody and is told to nobody."""


def _rates() -> Select[tuple[object, ...]]:
    start = _with_customer(invoice_line.join(invoice, invoice.c.id == invoice_line.c.invoice_id), invoice.c.account_id)
    columns = (
        invoice_line.c.invoice_id,
        invoice_line.c.position,
        invoice_line.c.service_id,
        invoice_line.c.code,
        invoice_line.c.label,
        invoice_line.c.quantity_micro,
        invoice_line.c.unit,
        invoice_line.c.price,
        invoice_line.c.amount_minor,
        invoice_line.c.kind,
        invoice.c.currency,
        invoice.c.finalised_at,
        invoice.c.from_date,
        invoice.c.to_date,
        invoice.c.number.label("bill_number"),
        invoice.c.account_id,
    )
    return select(*columns, *_CUSTOMER).select_from(start).where(invoice.c.state == "final")


RATES = Listing(
    _rates(),
    invoice_line.c.invoice_id,
    branch.c.code,
    {
        "bill_id": invoice_line.c.invoice_id,
        "position": invoice_line.c.position,
        "kind": invoice_line.c.kind,
        "account_id": invoice.c.account_id,
        "code": invoice_line.c.code,
    },
    (invoice_line.c.invoice_id.desc(), invoice_line.c.position),
)
"""The lines of final bills, in bill order. A line is known by its bill and its position."""


def _payments() -> Select[tuple[object, ...]]:
    columns = [column for column in receipt.c if column.name != "attempt_id"]
    return select(*columns, *_CUSTOMER).select_from(_with_customer(receipt, receipt.c.account_id))


PAYMENTS = Listing(
    _payments(),
    receipt.c.id,
    branch.c.code,
    {
        "id": receipt.c.id,
        "account_id": receipt.c.account_id,
        "account_number": account.c.number,
        "state": receipt.c.state,
        "received_at": receipt.c.received_at,
        "txn": receipt.c.provider_txn,
        "provider": receipt.c.provider,
        "method": receipt.c.method,
        "booked_on": receipt.c.booked_on,
    },
    (receipt.c.received_at.desc(), receipt.c.id.desc()),
)
"""Money that arrived, the newest first; what is in suspense belongs to no branch yet."""


def _tickets() -> Select[tuple[object, ...]]:
    whose = ticket.outerjoin(account, account.c.id == ticket.c.account_id)
    start = whose.outerjoin(party, party.c.id == account.c.party_id).outerjoin(
        branch, branch.c.id == ticket.c.branch_id
    )
    columns = [column for column in ticket.c if column.name != "effect_key"]
    return select(*columns, *_CUSTOMER).select_from(start)


TICKETS = Listing(
    _tickets(),
    ticket.c.id,
    branch.c.code,
    {
        "id": ticket.c.id,
        "reference": ticket.c.reference,
        "account_id": ticket.c.account_id,
        "state": ticket.c.state,
        "kind": ticket.c.kind,
        "severity": ticket.c.severity,
        "opened_at": ticket.c.opened_at,
        "changed_at": ticket.c.changed_at,
        "account_number": account.c.number,
    },
    (ticket.c.opened_at.desc(), ticket.c.id.desc()),
)
"""Tickets, the newest first."""


def _accounts() -> Select[tuple[object, ...]]:
    book = (ledger_account.c.code == "receivable") & (ledger_account.c.owner_id == account.c.id)
    start = account.join(party, party.c.id == account.c.party_id).join(branch, branch.c.id == account.c.branch_id)
    start = start.outerjoin(ledger_account, book & (ledger_account.c.asset == account.c.currency))
    start = start.outerjoin(balance, balance.c.ledger_account_id == ledger_account.c.id)
    owed = (func.coalesce(balance.c.amount, 0).label("owed_minor"), balance.c.at.label("owed_at"))
    return select(*account.c, *owed, *_CUSTOMER[2:]).select_from(start)


ACCOUNTS = Listing(
    _accounts(),
    account.c.id,
    branch.c.code,
    {
        "id": account.c.id,
        "number": account.c.number,
        "state": account.c.state,
        "party_id": account.c.party_id,
        "segment": account.c.segment,
        "opened_on": account.c.opened_on,
    },
    (account.c.id,),
)
"""Accounts with what the ledger says of each (> 0 owed, < 0 to the customer's credit)."""


def _customers() -> Select[tuple[object, ...]]:
    """One row a party and branch where it has an account; whoever has none is nobody's customer."""
    start = party.join(account, account.c.party_id == party.c.id).join(branch, branch.c.id == account.c.branch_id)
    columns = (party.c.id, party.c.name, party.c.kind, party.c.language, party.c.created_at)
    return select(*columns).select_from(start).distinct()


CUSTOMERS = Listing(
    _customers(),
    party.c.id,
    branch.c.code,
    {"id": party.c.id, "name": party.c.name, "kind": party.c.kind, "account_number": account.c.number},
    (party.c.id,),
)
"""Parties that have an account, each once."""


def _messages() -> Select[tuple[object, ...]]:
    start = interaction.outerjoin(contact, contact.c.id == interaction.c.contact_id)
    start = start.outerjoin(outbox, outbox.c.id == interaction.c.outbox_id)
    columns = (
        interaction.c.id,
        interaction.c.account_id,
        interaction.c.channel,
        interaction.c.direction,
        interaction.c.kind,
        interaction.c.text,
        interaction.c.at,
        contact.c.channel_user,
        outbox.c.state,
        outbox.c.attempts,
    )
    return select(*columns, *_CUSTOMER).select_from(_with_customer(start, interaction.c.account_id))


MESSAGES = Listing(
    _messages(),
    interaction.c.id,
    branch.c.code,
    {
        "id": interaction.c.id,
        "account_id": interaction.c.account_id,
        "account_number": account.c.number,
        "channel": interaction.c.channel,
        "kind": interaction.c.kind,
        "direction": interaction.c.direction,
        "state": outbox.c.state,
        "at": interaction.c.at,
    },
    (interaction.c.at.desc(), interaction.c.id.desc()),
)
"""Every message that passed, the newest first, with what became of those that left."""
