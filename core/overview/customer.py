"""One customer on one page: who they are, what they have, what they owe, and everything that passed between us.

Each number comes from the query that answers the customer themselves, at one instant (`at`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import queries as balances
from core.balances.model import Bucket
from core.billing import queries as billing
from core.billing.model import BillSummary, Owing
from core.care import interactions, media, tickets
from core.care.interactions import LoggedInteraction
from core.care.media import Media
from core.care.model import Ticket
from core.collections import exposures
from core.context import Context
from core.ledger import queries as ledger
from core.metering.tables import meter
from core.overview.listing import AnyRow, ListRequest, page
from core.overview.listings import PAYMENTS
from core.parties import consent, sim
from core.parties import queries as parties
from core.parties.model import Account, Contact
from core.parties.tables import branch, premise, service, service_plan
from core.payments import mandates
from core.payments.mandates import Mandate
from core.rewards import points

LAST = 12


@dataclass(frozen=True, slots=True)
class CustomerOverview:
    """All of one account at one instant. Money in minor units of the account's currency."""

    at: datetime
    account: Account
    branch: str
    contacts: Sequence[Contact]
    services: Sequence[AnyRow]
    """commodity, payment_mode, state, started_on, address, area, tariff, serial (of one meter each; one row a meter)."""
    owing: Owing
    balance_minor: int
    """What the ledger says: > 0 owed, < 0 to their credit."""
    points: int
    buckets: Sequence[Bucket]
    """What they have beforehand, in the order it is drawn."""
    mandate: Mandate | None
    exposure: AnyRow | None
    """Their credit limit and how much of it is used; None without one."""
    bills: Sequence[BillSummary]
    payments: Sequence[AnyRow]
    tickets: Sequence[Ticket]
    messages: Sequence[LoggedInteraction]
    files: Sequence[Media]
    stops: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """By contact the senders of ours that they stopped by name."""
    consents: Sequence[AnyRow] = ()
    """What was said about messages: said (stop, start, offers, no_offers), sender, channel, word, at; the latest first."""
    held_until: datetime | None = None
    """Until when no money goes out and no phone or bank details change, because a SIM or number of theirs changed."""


async def customer(
    conn: AsyncConnection,
    context: Context,
    account_id: int,
    *,
    branch_code: str | None,
    messages_before: datetime | None = None,
) -> CustomerOverview | None:
    """The whole of an account; None when there is none, or none of this branch."""
    account = await parties.account(conn, account_id)
    code = await conn.scalar(select(branch.c.code).where(branch.c.id == account.branch_id)) if account else None
    if account is None or code is None or branch_code not in (None, code):
        return None
    contacts = (await parties.contacts_of(conn, [account_id])).get(account_id, [])
    mine = [ListRequest("account_id", "in", [account_id])]
    payments, _ = await page(conn, PAYMENTS, mine, branch=branch_code, offset=0, limit=LAST)
    return CustomerOverview(
        at=context.clock.now(),
        account=account,
        branch=code,
        contacts=contacts,
        services=await _services(conn, account_id),
        owing=await billing.owing(conn, account_id),
        balance_minor=await ledger.balance(conn, "receivable", account_id, account.currency),
        points=await points.balance(conn, account_id),
        buckets=await balances.buckets_of(conn, account_id, context.clock.now()),
        mandate=(await mandates.active_for(conn, [account_id])).get(account_id),
        exposure=await exposures.of_account(conn, account_id),
        bills=await billing.last_bills(conn, account_id, LAST),
        payments=payments,
        tickets=await tickets.tickets_of(conn, account_id=account_id, limit=LAST),
        messages=await interactions.of_customer(
            conn, account_id=account_id, contact_ids=[contact.id for contact in contacts], before=messages_before
        ),
        files=await media.of_contacts(conn, [contact.id for contact in contacts]),
        stops=await consent.stops_of(conn, [contact.id for contact in contacts]),
        consents=await consent.record(conn, [contact.id for contact in contacts], LAST),
        held_until=await sim.cooling_until(conn, context, account_id),
    )


async def _services(conn: AsyncConnection, account_id: int) -> Sequence[AnyRow]:
    """What they have and had: one row a service and meter, with the tariff it is on."""
    columns = (
        service.c.id,
        service.c.commodity,
        service.c.payment_mode,
        service.c.state,
        service.c.started_on,
        premise.c.address,
        premise.c.area,
        service_plan.c.tariff,
        meter.c.serial,
    )
    start = service.outerjoin(premise, premise.c.id == service.c.premise_id)
    now = (service_plan.c.service_id == service.c.id) & service_plan.c.to_date.is_(None)
    start = start.outerjoin(service_plan, now)
    start = start.outerjoin(meter, (meter.c.service_id == service.c.id) & meter.c.removed_on.is_(None))
    query = select(*columns).select_from(start).where(service.c.account_id == account_id)
    return (await conn.execute(query.order_by(service.c.id, meter.c.id).limit(50))).all()
