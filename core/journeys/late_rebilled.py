"""Usage came after its bill and the operator does not wait for the next: the bill is put right now, and the customer hears of it.

The daily job and `hodi rebill`. One transaction a bill: what is used is recorded, the document, its journal and open item written, credit
and mandates see to it, the message is put down. Killed anywhere, or called again, it does what is missing and nothing twice.
"""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from core import faults, outbox
from core.billing import rebill
from core.billing.credit import CreditNote
from core.billing.rebill import AnotherWasQuicker, Off
from core.house import House
from core.journeys import account_unbarred, bill_final
from core.journeys.credit_taken_off import take_off

SERVICES = 10_000
"""Services looked at together."""
IDS = 1_000


async def put_right(house: House) -> int:
    """Issue what is due for usage that came late; how many documents. Nothing where the next bill does it."""
    if house.operator.billing.late_usage != "rebill":
        return 0
    async with house.db.reading() as conn:
        came = await rebill.came_since_billing(conn, house)
    issued = after = 0
    while True:
        async with house.db.reading() as conn:
            owner = await rebill.services(conn, after, SERVICES)
            if not owner:
                return issued
            found = await rebill.find(conn, house, owner, came)
        faults.point("rebill.found")
        for off in found:
            issued += await _issued(house, off)
            faults.point("rebill.issued")
        after = max(owner)


async def _issued(house: House, off: Off) -> bool:
    """Whether this made a document."""
    await house.db.reserve_ids(IDS)
    try:
        async with house.db.writing() as conn:
            opened = await rebill.hold(conn, off)
            made = await rebill.issue(conn, house, off)
            if isinstance(made, CreditNote):
                await _credited(conn, house, off.account_id, opened, made)
            elif made is not None and made.total_minor:
                await bill_final.announce(conn, house, [made])
    except AnotherWasQuicker:
        return False
    return made is not None


async def _credited(
    conn: AsyncConnection, house: House, account_id: int, opened: Mapping[int, int], note: CreditNote
) -> None:
    """She owes less: what is open, what was restricted for it, and a word."""
    await take_off(conn, house, account_id, opened, note.amount_minor)
    await outbox.enqueue(
        conn, house, key=f"corrected:{note.invoice_id}", kind="notice", template="notice.corrected",
        account_id=account_id, subject_id=note.invoice_id, resend_unknown=True,
    )  # fmt: skip
    await account_unbarred.reconsider(conn, house, account_id, f"credit:{note.invoice_id}")
