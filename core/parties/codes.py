"""One-time codes to a phone of record: at most ten minutes, five tries, once; only the newest of a contact counts.

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

from sqlalchemy import func, or_, select, update
from sqlalchemy import insert as sql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core import outbox
from core.errors import Refused
from core.house import House
from core.parties import sim
from core.parties.tables import link_code

LIFE = timedelta(minutes=10)
TRIES = 5
DIGITS = 6
WINDOW = timedelta(hours=1)
RISKY = ("link", "pin")
"""What a thief with another SIM under a stolen number would do first: no code goes to a number that cools down."""
MOST_ASKED, MOST_SENT = 5, 10
"""Codes in an hour that one contact may ask for, and that one account's phone is troubled with."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What a right code was for."""

    account_id: int | None
    contact_id: int


async def send(
    conn: AsyncConnection,
    house: House,
    *,
    purpose: str,
    asker_id: int,
    to_contact_id: int,
    account_id: int | None = None,
) -> int:
    """Send a code to the contact `to_contact_id` for the contact `asker_id`; its id. Refused `code.too_many`, `code.sim_changed`."""
    now = house.clock.now()
    await _within_limits(conn, now, asker_id, account_id)
    if purpose in RISKY and await sim.sim_changed_within(conn, house, to_contact_id):
        raise Refused("code.sim_changed")
    code, c = house.ids.take(), link_code.c
    salt, until = secrets.token_hex(16), now + LIFE
    await conn.execute(
        update(link_code)
        .where(c.contact_id == asker_id, c.purpose == purpose, c.used_at.is_(None), c.expires_at > now)
        .values(used_at=now)
    )
    await conn.execute(
        sql_insert(link_code).values(
            id=code,
            purpose=purpose,
            account_id=account_id,
            contact_id=asker_id,
            salt=salt,
            tries_left=TRIES,
            expires_at=until,
        )
    )
    await outbox.enqueue(
        conn, house, key=f"code:{code}", kind="code", template=f"code.{purpose}", contact_id=to_contact_id,
        account_id=account_id, subject_id=code, priority=outbox.CODE,
        params={"salt": salt, "until": until.isoformat(), "minutes": int(LIFE / timedelta(minutes=1))},
    )  # fmt: skip
    if house.operator.identity.sim_check:
        await sim.ask(conn, house, to_contact_id, f"code:{code}")
    return code


async def prove(conn: AsyncConnection, house: House, *, purpose: str, asker_id: int, typed: str) -> Proven | None:
    """Spend a try on the newest code of this contact: what it was for, or None when it is wrong.

    None must be committed, or the try is not spent. Refused `code.none` when there is no live code with a try left.
    """
    now, c = house.clock.now(), link_code.c
    live = (
        select(c.id)
        .where(c.contact_id == asker_id, c.purpose == purpose, c.used_at.is_(None), c.expires_at > now)
        .order_by(c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    spent = (
        await conn.execute(
            update(link_code)
            .where(c.id == live, c.tries_left > 0)
            .values(tries_left=c.tries_left - 1)
            .returning(c.id, c.account_id, c.salt)
        )
    ).first()
    if spent is None:
        raise Refused("code.none")
    if not hmac.compare_digest(_code(house, spent.id, spent.salt), _digits(typed)):
        return None
    await conn.execute(update(link_code).where(c.id == spent.id).values(used_at=now))
    return Proven(spent.account_id, asker_id)


def words(house: House, code_id: int, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of the message of an outbox row of kind `code`; None when the code has run out. Never to be logged."""
    if datetime.fromisoformat(str(params["until"])) <= house.clock.now():
        return None
    return {"code": _code(house, code_id, str(params["salt"])), "minutes": params["minutes"]}


async def _within_limits(conn: AsyncConnection, now: datetime, asker_id: int, account_id: int | None) -> None:
    c = link_code.c
    mine = func.count().filter(c.contact_id == asker_id)
    theirs = func.count().filter(c.account_id == account_id)
    asked, sent = (
        await conn.execute(
            select(mine, theirs).where(
                or_(c.contact_id == asker_id, c.account_id == account_id), c.expires_at > now + LIFE - WINDOW
            )
        )
    ).one()
    if asked >= MOST_ASKED or sent >= MOST_SENT:
        raise Refused("code.too_many", 429)


def _code(house: House, code_id: int, salt: str) -> str:
    key = house.settings.secret_key.get_secret_value().encode()
    digest = hmac.new(key, f"code:{code_id}:{salt}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8]) % 10**DIGITS:0{DIGITS}}"


def _digits(typed: str) -> str:
    return "".join(letter for letter in typed if letter.isascii() and letter.isdigit())
