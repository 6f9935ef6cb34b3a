"""Another person decided: what was waiting for it is carried out, or is not, in the same transaction.

One row for each kind of thing that waits; the room that asked owns the verbs.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from core.approvals import decide as approvals
from core.approvals.model import Approval
from core.collections import write_off
from core.context import Context
from core.journeys import asked_first, dispute_decided, late_usage_rebill, parked_bills
from core.journeys.credit_limit import change
from core.journeys.dunning import fee_waiver, restore
from core.payments import ceiling, refunds
from core.payments.desk import drawer
from core.payments.reconcile import explain

Verb = Callable[[AsyncConnection, Context, Approval], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Follows:
    """What a yes and what a no leads to."""

    yes: Verb
    no: Verb


def _id(found: Approval) -> int:
    return int(found.subject.partition(":")[2])


async def _refund(conn: AsyncConnection, context: Context, found: Approval) -> None:
    await refunds.granted(conn, context, _id(found))


async def _no_refund(conn: AsyncConnection, context: Context, found: Approval) -> None:
    await refunds.refused(conn, context, _id(found))


async def _difference(conn: AsyncConnection, context: Context, found: Approval) -> None:
    await explain.granted(conn, context, _id(found))


async def _no_difference(conn: AsyncConnection, context: Context, found: Approval) -> None:
    await explain.refused(conn, context, _id(found))


async def _count(conn: AsyncConnection, context: Context, found: Approval) -> None:
    await drawer.accepted(conn, context, _id(found))


async def _no_count(conn: AsyncConnection, context: Context, found: Approval) -> None:
    await drawer.recount(conn, context, _id(found))


async def _write_off(conn: AsyncConnection, context: Context, found: Approval) -> None:
    await write_off.granted(conn, context, found)
    await restore.reconsider(conn, context, _id(found), "written off")


async def _nothing(_conn: AsyncConnection, _house: Context, _found: Approval) -> None:
    """Nothing was done yet that would have to be undone."""


FOLLOWS: Mapping[str, Follows] = {
    "refund": Follows(_refund, _no_refund),
    "credit": Follows(dispute_decided.agreed, _nothing),
    "difference": Follows(_difference, _no_difference),
    "cash_count": Follows(_count, _no_count),
    "write_off": Follows(_write_off, _nothing),
    "fee": Follows(fee_waiver.agreed, _nothing),
    "late_credit": Follows(late_usage_rebill.agreed, _nothing),
    "credit_limit": Follows(change.agreed, _nothing),
    "skip_bill": Follows(parked_bills.agreed, _nothing),
    "receipt_move": Follows(asked_first.receipt_moved, _nothing),
    "mandate": Follows(asked_first.mandate_taken, _nothing),
    "paybill_note": Follows(ceiling.believed, _nothing),
    "phone": Follows(asked_first.phone_changed, _nothing),
}


async def decide(
    conn: AsyncConnection, context: Context, approval_id: int, *, checker: str, seen: str, yes: bool, note: str = ""
) -> None:
    """Decide, and carry it out."""
    match = await approvals.decide(conn, context, approval_id, checker=checker, seen=seen, yes=yes, note=note)
    follows = FOLLOWS[match.kind]
    await (follows.yes if yes else follows.no)(conn, context, match)
