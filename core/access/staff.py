"""People of the console: a name, a role, a password through argon2, and a lock after too many wrong ones.

Wrong tries lock the name where they come from: at one address, or in one browser in which that person has signed in before. So a stranger
locks no clerk out. All strangers together have `STRANGERS` tries an hour at one name; then it is open only to the browsers that are known.

Argon2 takes tens of milliseconds on purpose, so it runs in a thread; an unknown name costs the same as a wrong password.
"""

import asyncio
from datetime import timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import attempts, sessions
from core.access.model import ROLES, Who
from core.access.tables import staff
from core.audit import alarms, trail
from core.context import App, Context
from core.errors import Refused

TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
STRANGERS, THEIR_TIME = 50, timedelta(hours=1)
SIGN_IN, NAME = "sign_in", "sign_in.name"
SHORTEST, LONGEST = 12, 200

_hasher = PasswordHasher()


async def create_staff(
    conn: AsyncConnection,
    context: Context,
    name: str,
    role: str,
    password: str,
    *,
    branch: str | None = None,
    actor: str = "job:cli",
) -> int:
    """A new person for the console. Refused: an unknown role, a name that is taken, a password that is too short."""
    known_role(role)
    hashed = await hashed_password(password)
    name = name.strip().lower()
    taken = await conn.scalar(select(staff.c.id).where(staff.c.name == name))
    if not name or len(name) > 60 or taken:
        raise Refused("access.name", name=name[:60])
    staff_id = context.ids.take()
    row = {"id": staff_id, "name": name, "role": role, "branch": branch, "hash": hashed}
    await conn.execute(insert(staff).values(**row, created_at=context.clock.now()))
    await trail.note(conn, context, actor, "staff.created", f"user:{name}", role=role, branch=branch)
    return staff_id


def known_role(role: str) -> None:
    """`Refused` for a role that nobody has defined."""
    if role not in ROLES:
        raise Refused("access.role", role=role, roles=", ".join(ROLES))


async def hashed_password(password: str) -> str:
    """What is kept of a password. `Refused` when it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused("access.password", shortest=SHORTEST, longest=LONGEST)
    return await asyncio.to_thread(_hasher.hash, password)


async def sign_in(app: App, name: str, password: str, *, address: str = "", browser: str | None = None) -> str | None:
    """A sitting's cookie; None if name or password is wrong, or the name is locked (which a stranger is not told).

    `address`: where they are; `browser`: the mark of a browser in which this person has signed in before. The try is taken before the
    password is checked, so that a hundred guesses at once are still five; and the check holds no transaction, so that a flood of
    sign-ins never keeps a bill from being written.
    """
    name = name.strip().lower()[:60]
    where = f"{name} {'browser' if browser else 'address'} {browser or address}"
    async with app.db.writing() as conn:
        row = await _take_try(conn, app, name, where, known=browser is not None)
    right = await asyncio.to_thread(_verified, row.hash if row else _nobody(), password[: LONGEST + 1])
    if row is None or not right:
        return None
    async with app.db.writing() as conn:
        mine = update(staff).where(staff.c.id == row.id, staff.c.hash == row.hash, staff.c.disabled_at.is_(None))
        if (await conn.execute(mine.values(locked_until=None))).rowcount != 1:
            return None  # disabled, or given another password, while this one was checked
        await attempts.give_back(conn, SIGN_IN, where)
        await trail.note(conn, app, f"user:{name}", "staff.signed_in", f"user:{name}")
        return await sessions.open_session(conn, app, Who(f"user:{name}", row.role, row.branch))


async def _take_try(conn: AsyncConnection, context: Context, name: str, where: str, *, known: bool) -> Row[Any] | None:
    """The person's row if they may try now. What is counted and asked is the same for a name that nobody has."""
    here = await attempts.take(conn, context, SIGN_IN, where, LOCKED_FOR, most=TRIES)
    all_of_them = 0 if known else await attempts.take(conn, context, NAME, name, THEIR_TIME, most=STRANGERS)
    row = (await conn.execute(select(staff).where(staff.c.name == name).with_for_update())).first()
    if row is None or row.disabled_at:
        return None
    if here == TRIES:
        await trail.note(conn, context, f"user:{name}", "staff.locked", f"user:{name}", strangers=not known)
    if all_of_them == STRANGERS:
        lock = context.clock.now() + THEIR_TIME
        await conn.execute(update(staff).where(staff.c.id == row.id).values(locked_until=lock))
        await alarms.sound(conn, context, "sign_in", f"{row.id}:{context.clock.now():%Y-%m-%dT%H}", person=str(row.id))
    return row if here <= TRIES and all_of_them <= STRANGERS else None


def _verified(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher.hash("the password of nobody: an unknown name must cost as much as a wrong password")
