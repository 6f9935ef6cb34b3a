"""One-time codes to a phone of record: at most ten minutes, five tries, once; only the newest of an asker counts.

Who asked is who can use it: a stranger who asks for a code to the same number, or guesses at it, spoils nobody's.
No code is stored anywhere. A row keeps a random salt, and the code is what the secret key makes of it: the outbox row carries
the salt, and the words are filled in at the moment of sending (`words`). Who reads the database or the queue learns nothing.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert as sql_insert
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import attempts
from core.audit import alarms
from core.context import Context
from core.errors import Refused
from core.outbox import queue
from core.parties import sim
from core.parties.tables import link_code

LIFE = timedelta(minutes=10)
TRIES = 5
DIGITS = 6
WINDOW, AT_ONCE = timedelta(hours=1), timedelta(minutes=10)
RISKY = ("link", "pin")
"""What a thief with another SIM under a stolen number would do first: no code goes to a number that cools down."""
MOST_ASKED, MOST_SENT = 5, 10
"""Codes in an hour that one asker may ask for, and that strangers may trouble one number with."""
MOST_FROM_ADDRESS = 5
"""Codes in ten minutes that are asked for from one address, by browsers in which nobody signed in before."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a code, as it is counted. Only the same asker can use it, so nobody burns the code of another."""

    name: str
    own: bool = False
    """Whether it is the receiver's own phone, chat or browser: what strangers do is not counted against it."""
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """What a right code was for."""

    account_id: int | None
    contact_id: int


def as_contact(contact_id: int, *, own: bool = False, address: str | None = None) -> Asker:
    """A phone or chat that asks."""
    return Asker(f"contact:{contact_id}", own, address)


async def send(
    conn: AsyncConnection,
    context: Context,
    *,
    purpose: str,
    asker: Asker,
    to_contact_id: int | None,
    to: str = "",
    account_id: int | None = None,
) -> int:
    """Send a code to the contact `to_contact_id`; its id. Refused `code.too_many`, `code.sim_changed`.

    Without a contact it is a code for nobody, which costs as much and looks alike to whoever asks: a number `to` that is no customer's.
    """
    await _within_limits(conn, context, asker, to or str(to_contact_id))
    await _proves(conn, context, purpose, to_contact_id or 0)
    code, now, c = context.ids.take(), context.clock.now(), link_code.c
    salt, until = secrets.token_hex(16), now + LIFE
    await conn.execute(
        update(link_code)
        .where(c.asker == asker.name, c.purpose == purpose, c.used_at.is_(None), c.expires_at > now)
        .values(used_at=now)
    )
    row = {
        "id": code,
        "purpose": purpose,
        "account_id": account_id,
        "asker": asker.name,
        "contact_id": to_contact_id,
        "salt": salt,
        "tries_left": TRIES,
        "expires_at": until,
    }
    await conn.execute(sql_insert(link_code).values(row))
    await queue.enqueue(
        conn,
        context,
        key=f"code:{code}",
        kind="code" if to_contact_id else NOBODY,
        template=f"code.{purpose}",
        contact_id=to_contact_id,
        account_id=account_id,
        subject_id=code,
        priority=queue.CODE,
        params={"salt": salt, "until": until.isoformat(), "minutes": int(LIFE / timedelta(minutes=1))},
    )
    if context.operator.identity.sim_check:
        await sim.ask(conn, context, to_contact_id or 0, f"code:{code}")
    return code


NOBODY = "code_for_nobody"
"""Of an outbox row that is written for the time it takes: the dispatcher finds nobody to send it to, and drops it."""


async def prove(conn: AsyncConnection, context: Context, *, purpose: str, asker: str, typed: str) -> Proven | None:
    """Spend a try on the newest code of this asker (`Asker.name`): what it was for, or None when it is wrong.

    None must be committed, or the try is not spent. Refused `code.none` when there is no live code with a try left.
    """
    now, c = context.clock.now(), link_code.c
    live = (
        select(c.id)
        .where(c.asker == asker, c.purpose == purpose, c.used_at.is_(None), c.expires_at > now)
        .order_by(c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    spent = (
        await conn.execute(
            update(link_code)
            .where(c.id == live, c.tries_left > 0)
            .values(tries_left=c.tries_left - 1)
            .returning(c.id, c.account_id, c.contact_id, c.salt)
        )
    ).first()
    if spent is None:
        raise Refused("code.none")
    if not hmac.compare_digest(_code(context, spent.id, spent.salt), _digits(typed)) or spent.contact_id is None:
        return None
    await _proves(conn, context, purpose, spent.contact_id)
    await conn.execute(update(link_code).where(c.id == spent.id).values(used_at=now))
    return Proven(spent.account_id, spent.contact_id)


def words(context: Context, code_id: int, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of the message of an outbox row of kind `code`; None when the code has run out. Never to be logged."""
    if datetime.fromisoformat(str(params["until"])) <= context.clock.now():
        return None
    return {"code": _code(context, code_id, str(params["salt"])), "minutes": params["minutes"]}


async def _proves(conn: AsyncConnection, context: Context, purpose: str, contact_id: int) -> None:
    """Refused `code.sim_changed` where a code to this number proves nobody."""
    changed = sim.sim_changed_within if purpose in RISKY else sim.swapped
    if await changed(conn, context, contact_id):
        raise Refused("code.sim_changed")


async def _within_limits(conn: AsyncConnection, context: Context, asker: Asker, to: str) -> None:
    """By asker, by address, by receiver and for the whole house. What strangers use up is no customer's own."""
    if await attempts.take(conn, context, "code.asker", asker.name, WINDOW) > MOST_ASKED:
        raise Refused("code.too_many", 429)
    most = context.operator.identity.codes_an_hour
    all_of_them = await attempts.take(conn, context, "code.house", "", WINDOW)
    if all_of_them * 2 >= most:
        hour = context.clock.now().strftime("%Y-%m-%dT%H")
        await alarms.sound(conn, context, "codes", f"{hour}:{all_of_them >= most}", asked=all_of_them, ceiling=most)
    if asker.own:
        return
    if all_of_them > most:
        raise Refused("code.too_many", 429)
    if asker.address and await attempts.take(conn, context, "code.address", asker.address, AT_ONCE) > MOST_FROM_ADDRESS:
        raise Refused("code.too_many_here", 429)
    if await attempts.take(conn, context, "code.to", to, WINDOW) > MOST_SENT:
        raise Refused("code.too_many", 429)


def _code(context: Context, code_id: int, salt: str) -> str:
    key = context.site.secret_key.get_secret_value().encode()
    digest = hmac.new(key, f"code:{code_id}:{salt}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8]) % 10**DIGITS:0{DIGITS}}"


def _digits(typed: str) -> str:
    return "".join(letter for letter in typed if letter.isascii() and letter.isdigit())
