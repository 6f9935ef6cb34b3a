"""What one person may not do alone at a desk: move a receipt, take a mandate on paper, change the phone of record.

Each would let whoever does it lead money or codes to themselves. It waits for another person (`core/approvals`); when that one agrees,
everything is checked again as it is then, because between the two an account may have been paid back, moved or called about.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.approvals.model import Approval
from core.context import Context
from core.errors import Refused
from core.journeys import money_received
from core.parties import phone_of_record, sim
from core.payments import mandates, methods, queries, transfer
from core.phone import masked


async def move_receipt(
    conn: AsyncConnection, context: Context, receipt_id: int, to_account: str, *, actor: str, reason: str
) -> int:
    """Ask to take a receipt to another account; the approval's id. Across branches, somebody of the whole house agrees."""
    taken, target, number = await transfer.movable(conn, receipt_id, to_account)
    here, there = await queries.branch_of(conn, taken.account_id), await queries.branch_of(conn, target)
    payload = {
        "receipt": taken.provider_txn,
        "amount": money.plain(taken.amount_minor, taken.currency),
        "currency": taken.currency,
        "from": await _number(conn, taken.account_id),
        "to": number,
        "reason": reason[:200],
    }
    return await approvals.ask_once(
        conn,
        context,
        kind="receipt_move",
        subject=f"receipt:{receipt_id}",
        payload=payload,
        maker=actor,
        branch_id=here if here == there else None,
    )


async def receipt_moved(conn: AsyncConnection, context: Context, found: Approval) -> None:
    """Another person agreed: it is moved, if it still lies where it lay, whole."""
    receipt_id, text = _id(found), found.payload
    taken, _, _ = await transfer.movable(conn, receipt_id, str(text["to"]))
    if await _number(conn, taken.account_id) != text["from"]:
        raise Refused("approvals.other_now")
    await money_received.moved(
        conn, context, receipt_id, str(text["to"]), actor=found.maker, reason=str(text["reason"])
    )


async def take_mandate(
    conn: AsyncConnection, context: Context, account_id: int, bank: mandates.Bank, *, actor: str
) -> int:
    """Ask to take a mandate that a customer signed on paper; the approval's id."""
    await sim.hold(conn, context, account_id)
    await methods.insist(conn, context, account_id, "direct_debit")
    bank = mandates.checked(bank)
    payload = {
        "account": await _number(conn, account_id),
        "holder": bank.holder,
        "iban": bank.iban,
        "bic": bank.bic or "",
    }
    return await approvals.ask_once(
        conn,
        context,
        kind="mandate",
        subject=f"account:{account_id}",
        payload=payload,
        maker=actor,
        branch_id=await queries.branch_of(conn, account_id),
    )


async def mandate_taken(conn: AsyncConnection, context: Context, found: Approval) -> None:
    """Another person agreed: the mandate is active, unless the phone or SIM behind the account changed meanwhile."""
    account_id, text = _id(found), found.payload
    await sim.hold(conn, context, account_id)
    bank = mandates.Bank(str(text["holder"]), str(text["iban"]), str(text["bic"]) or None)
    reference = await mandates.create(conn, context, account_id, actor=found.maker, provider="sepa", bank=bank)
    await mandates.activate(conn, context, reference, actor=found.maker)


async def change_phone(conn: AsyncConnection, context: Context, account_id: int, typed: str, *, actor: str) -> int:
    """Ask to put another phone of record on file; the approval's id."""
    phone, before = await phone_of_record.changeable(conn, context, account_id, typed)
    payload = {
        "account": await _number(conn, account_id),
        "phone": phone,
        "before": [masked(one) for one in before.values()],
    }
    return await approvals.ask_once(
        conn,
        context,
        kind="phone",
        subject=f"account:{account_id}",
        payload=payload,
        maker=actor,
        branch_id=await queries.branch_of(conn, account_id),
    )


async def phone_changed(conn: AsyncConnection, context: Context, found: Approval) -> None:
    """Another person agreed: the phone is on file, if the one it takes the place of still was."""
    account_id, text = _id(found), found.payload
    _, before = await phone_of_record.changeable(conn, context, account_id, str(text["phone"]))
    if [masked(one) for one in before.values()] != text["before"]:
        raise Refused("approvals.other_now")
    await phone_of_record.change_phone(conn, context, account_id, str(text["phone"]), actor=found.maker)


async def _number(conn: AsyncConnection, account_id: int) -> str:
    facts = await queries.account_facts(conn, account_id)
    return str(facts.number) if facts else ""


def _id(found: Approval) -> int:
    return int(found.subject.partition(":")[2])
