"""The PIN of a party: hashed with argon2 over a keyed digest, a few tries, then locked until a code sets it anew.

Tries are counted by who guesses: a stranger locks the PIN to nobody but themselves. All strangers together have `STRANGERS` tries in
`THEIR_TIME`, then it is closed to every phone and chat that is not linked to an account of the party; those go on.

A try is spent before the PIN is compared, so that guesses made at once cannot outrun the count. A wrong PIN is an answer and
not an exception: the caller commits, or the try is not spent.
"""

import asyncio
import hashlib
import hmac
from datetime import timedelta
from itertools import pairwise
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import alarms, trail
from core.context import Context
from core.db.engine import insert
from core.errors import Refused
from core.parties.tables import account, contact_account, pin_try
from core.parties.tables import pin as pins

STRANGERS, THEIR_TIME = 20, timedelta(days=30)
"""Wrong tries at one PIN by all who are not linked to its holder: of the ten thousand PINs of four digits a fifth of a percent a month."""
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's smaller setting: the digest is keyed already, and on SQLite a writer waits while we hash."""


async def has_pin(conn: AsyncConnection, party_id: int) -> bool:
    """Whether there is a PIN to ask for."""
    return (await conn.execute(select(pins.c.party_id).where(pins.c.party_id == party_id))).first() is not None


async def set_pin(conn: AsyncConnection, context: Context, party_id: int, pin: str) -> None:
    """Set or replace the PIN and open its lock. The caller has seen to who may. Refused `pin.wrong_length`, `pin.easy`."""
    rules = context.operator.identity
    if not (pin.isascii() and pin.isdigit() and len(pin) == rules.pin_digits):
        raise Refused("pin.wrong_length", 400, digits=rules.pin_digits)
    if easy(pin):
        raise Refused("pin.easy", 400)
    hashed = await asyncio.to_thread(_HASHER.hash, _keyed(context, party_id, pin))
    fresh = {"hash": hashed, "set_at": context.clock.now()}
    await conn.execute(
        insert(conn, pins)
        .values(party_id=party_id, **fresh)
        .on_conflict_do_update(index_elements=["party_id"], set_=fresh)
    )
    await conn.execute(delete(pin_try).where(pin_try.c.party_id == party_id))
    await trail.note(conn, context, f"party:{party_id}", "pin.set", f"party:{party_id}")


async def check_pin(
    conn: AsyncConnection, context: Context, party_id: int, pin: str, contact_id: int
) -> Literal["ok", "wrong", "locked"]:
    """Compare, spending a try of this contact; a right PIN gives its tries back. `locked` too when the last was wrong just now."""
    held = select(pins.c.hash).where(pins.c.party_id == party_id).with_for_update()
    hashed = await conn.scalar(held)
    if hashed is None:
        return "wrong"
    wrong, most = await _spend(conn, context, party_id, contact_id), context.operator.identity.pin_tries
    if wrong > most or await _closed(conn, context, party_id, contact_id):
        return "locked"
    if await asyncio.to_thread(_matches, hashed, _keyed(context, party_id, pin)):
        t = pin_try.c
        await conn.execute(delete(pin_try).where(t.party_id == party_id, t.contact_id == contact_id))
        return "ok"
    if wrong < most:
        return "wrong"
    await trail.note(
        conn, context, f"customer:{contact_id}", "pin.locked", f"party:{party_id}", contact=str(contact_id)
    )
    return "locked"


async def _spend(conn: AsyncConnection, context: Context, party_id: int, contact_id: int) -> int:
    """Count a try of this contact, before the PIN is compared; how many there were with it."""
    row = {"party_id": party_id, "contact_id": contact_id, "wrong": 1, "at": context.clock.now()}
    more = insert(conn, pin_try).values(row)
    more = more.on_conflict_do_update(
        index_elements=["party_id", "contact_id"], set_={"wrong": pin_try.c.wrong + 1, "at": row["at"]}
    )
    return int((await conn.execute(more.returning(pin_try.c.wrong))).scalar_one())


async def _closed(conn: AsyncConnection, context: Context, party_id: int, contact_id: int) -> bool:
    """Whether strangers have had all their tries, and this contact is one of them."""
    t, link, now = pin_try.c, contact_account.c, context.clock.now()
    most = context.operator.identity.pin_tries
    theirs = (
        select(link.contact_id).join(account, account.c.id == link.account_id).where(account.c.party_id == party_id)
    )
    if contact_id in set((await conn.execute(theirs)).scalars()):
        return False
    guessed = select(func.sum(case((t.wrong > most, most), else_=t.wrong))).where(
        t.party_id == party_id, t.at > now - THEIR_TIME, t.contact_id.not_in(theirs)
    )
    if int(await conn.scalar(guessed) or 0) <= STRANGERS:
        return False
    await alarms.sound(conn, context, "pin", f"{party_id}:{now:%Y-%m-%d}", party=str(party_id))
    return True


def easy(pin: str) -> bool:
    """Whether a PIN is among the first that a stranger would try: one digit, a run, a pair again and again, a year."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return steps in ({0}, {1}, {9}) or pin == pin[:2] * (len(pin) // 2) or (len(pin) == 4 and pin[:2] in ("19", "20"))


def _keyed(context: Context, party_id: int, pin: str) -> str:
    """A PIN has too few digits to be kept by hashing alone: without the secret key a stolen table is worth nothing."""
    key = context.site.secret_key.get_secret_value().encode()
    return hmac.new(key, f"pin:{party_id}:{pin}".encode(), hashlib.sha256).hexdigest()


def _matches(hashed: str, keyed: str) -> bool:
    try:
        return _HASHER.verify(hashed, keyed)
    except VerifyMismatchError:
        return False
