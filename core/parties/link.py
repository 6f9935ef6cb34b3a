"""A contact and an account brought together, by a code to the phone of record or by the holder's PIN; and parted again."""

from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.engine import insert
from core.errors import Refused
from core.parties import codes, identity, sim
from core.parties.model import PHONE
from core.parties.queries import account_by_number
from core.parties.tables import contact, contact_account
from core.parties.unlink import part
from core.phone import masked


async def start(
    conn: AsyncConnection,
    context: Context,
    contact_id: int,
    account_number: str,
    *,
    purpose: str = "link",
    address: str | None = None,
) -> str:
    """Send a code to the phone of record of this account; the phone, masked.

    `purpose`: `link` (this contact may ask about the account) or `pin` (a PIN may be set anew).
    Refused `link.unknown`, `link.no_phone` or `code.too_many`.
    """
    account = await account_by_number(conn, account_number)
    if account is None:
        raise Refused("link.unknown", 404, number=account_number.strip()[:20])
    record = await of_record(conn, account.id)
    if record is None:
        raise Refused("link.no_phone")
    record_id, phone = record
    own = contact_id == record_id or await _is_linked(conn, contact_id, account.id)
    await codes.send(
        conn,
        context,
        purpose=purpose,
        asker=codes.as_contact(contact_id, own=own, address=address),
        to_contact_id=record_id,
        account_id=account.id,
    )
    return masked(phone)


async def finish(
    conn: AsyncConnection, context: Context, contact_id: int, code: str, *, purpose: str = "link"
) -> int | None:
    """The account the code was for, now linked (purpose `link`); None when the code is wrong.

    A wrong code is an answer and not an exception: its try is spent only if the transaction commits.
    Refused `code.none` when there is no code to try (any more).
    """
    proven = await codes.prove(conn, context, purpose=purpose, asker=codes.as_contact(contact_id).name, typed=code)
    if proven is None or proven.account_id is None:
        return None
    if purpose == "link":
        await _link(conn, context, contact_id, proven.account_id, "code")
    return proven.account_id


async def by_pin(
    conn: AsyncConnection, context: Context, contact_id: int, account_number: str, pin: str
) -> tuple[Literal["ok", "wrong", "locked"], int | None]:
    """Link with the number of an account and the PIN of its holder; the account when it is right.

    A wrong PIN is an answer: its try is spent only if the transaction commits. Refused `link.unknown`, `link.no_pin`.
    """
    account = await account_by_number(conn, account_number)
    if account is None:
        raise Refused("link.unknown", 404, number=account_number.strip()[:20])
    if not await identity.has_pin(conn, account.party_id):
        raise Refused("link.no_pin")
    if await sim.swapped(conn, context, contact_id):
        raise Refused("code.sim_changed")
    answer = await identity.check_pin(conn, context, account.party_id, pin, contact_id)
    if answer != "ok":
        return answer, None
    await _link(conn, context, contact_id, account.id, "pin")
    return answer, account.id


async def _is_linked(conn: AsyncConnection, contact_id: int, account_id: int) -> bool:
    c = contact_account.c
    mine = select(c.how).where(c.contact_id == contact_id, c.account_id == account_id)
    return (await conn.execute(mine)).first() is not None


async def _link(conn: AsyncConnection, context: Context, contact_id: int, account_id: int, how: str) -> None:
    row = {"contact_id": contact_id, "account_id": account_id, "linked_at": context.clock.now(), "how": how}
    await conn.execute(insert(conn, contact_account).values(row).on_conflict_do_nothing())
    await trail.note(conn, context, f"customer:{contact_id}", "account.linked", f"account:{account_id}", how=how)


async def unlink(conn: AsyncConnection, context: Context, contact_id: int, account_id: int) -> bool:
    """Part them; False if they were not together."""
    if not await part(conn, context, contact_id, account_id):
        return False
    await trail.note(conn, context, f"customer:{contact_id}", "account.unlinked", f"account:{account_id}")
    return True


async def remove(conn: AsyncConnection, context: Context, contact_id: int, account_id: int, *, actor: str) -> None:
    """A clerk takes a phone or chat off an account (sold, lost, of who moved out). Refused for the phone of record: that is changed."""
    record = await of_record(conn, account_id)
    if record and record[0] == contact_id:
        raise Refused("desk.of_record")
    if await part(conn, context, contact_id, account_id):
        await trail.note(conn, context, actor, "account.unlinked", f"account:{account_id}", contact=str(contact_id))


async def of_record(conn: AsyncConnection, account_id: int) -> tuple[int, str] | None:
    """(contact, phone) that is on file with the account."""
    found = (
        await conn.execute(
            select(contact.c.id, contact.c.phone)
            .join_from(contact_account, contact)
            .where(
                contact_account.c.account_id == account_id,
                contact_account.c.how == "record",
                contact.c.channel == PHONE,
            )
            .order_by(contact.c.id)
            .limit(1)
        )
    ).first()
    return (found.id, found.phone) if found else None
