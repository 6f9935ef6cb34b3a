"""The PIN of a party: hashed with argon2 over a keyed digest, a few tries, then locked until a code sets it anew.

A try is spent before the PIN is compared, so that guesses made at once cannot outrun the count. A wrong PIN is an answer and
not an exception: the caller commits, or the try is not spent.
"""

import asyncio
import hashlib
import hmac
from itertools import pairwise
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit
from core.db import insert
from core.errors import Refused
from core.house import House
from core.parties.tables import pin as pins

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's smaller setting: the digest is keyed already, and on SQLite a writer waits while we hash."""


async def has_pin(conn: AsyncConnection, party_id: int) -> bool:
    """Whether there is a PIN to ask for."""
    return (await conn.execute(select(pins.c.party_id).where(pins.c.party_id == party_id))).first() is not None


async def set_pin(conn: AsyncConnection, house: House, party_id: int, pin: str) -> None:
    """Set or replace the PIN and open its lock. The caller has seen to who may. Refused `pin.wrong_length`, `pin.easy`."""
    rules = house.operator.identity
    if not (pin.isascii() and pin.isdigit() and len(pin) == rules.pin_digits):
        raise Refused("pin.wrong_length", 400, digits=rules.pin_digits)
    if easy(pin):
        raise Refused("pin.easy", 400)
    hashed = await asyncio.to_thread(_HASHER.hash, _keyed(house, party_id, pin))
    fresh = {"hash": hashed, "tries_left": rules.pin_tries, "locked_at": None, "set_at": house.clock.now()}
    await conn.execute(
        insert(conn, pins)
        .values(party_id=party_id, **fresh)
        .on_conflict_do_update(index_elements=["party_id"], set_=fresh)
    )
    await audit.note(conn, house, f"party:{party_id}", "pin.set", f"party:{party_id}")


async def check_pin(conn: AsyncConnection, house: House, party_id: int, pin: str) -> Literal["ok", "wrong", "locked"]:
    """Compare, spending a try; a right PIN gives all tries back. `locked` too when the last try was wrong just now."""
    p = pins.c
    spent = (
        await conn.execute(
            update(pins)
            .where(p.party_id == party_id, p.tries_left > 0)
            .values(tries_left=p.tries_left - 1)
            .returning(p.hash, p.tries_left)
        )
    ).first()
    if spent is None:
        return "locked" if await has_pin(conn, party_id) else "wrong"
    if await asyncio.to_thread(_matches, spent.hash, _keyed(house, party_id, pin)):
        await _set_tries(conn, party_id, tries_left=house.operator.identity.pin_tries)
        return "ok"
    if spent.tries_left > 0:
        return "wrong"
    await _set_tries(conn, party_id, locked_at=house.clock.now())
    await audit.note(conn, house, f"party:{party_id}", "pin.locked", f"party:{party_id}")
    return "locked"


def easy(pin: str) -> bool:
    """Whether a PIN is among the first that a stranger would try: one digit, a run, a pair again and again, a year."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return steps in ({0}, {1}, {9}) or pin == pin[:2] * (len(pin) // 2) or (len(pin) == 4 and pin[:2] in ("19", "20"))


async def _set_tries(conn: AsyncConnection, party_id: int, **values: object) -> None:
    await conn.execute(update(pins).where(pins.c.party_id == party_id).values(**values))


def _keyed(house: House, party_id: int, pin: str) -> str:
    """A PIN has too few digits to be kept by hashing alone: without the secret key a stolen table is worth nothing."""
    key = house.settings.secret_key.get_secret_value().encode()
    return hmac.new(key, f"pin:{party_id}:{pin}".encode(), hashlib.sha256).hexdigest()


def _matches(hashed: str, keyed: str) -> bool:
    try:
        return _HASHER.verify(hashed, keyed)
    except VerifyMismatchError:
        return False
