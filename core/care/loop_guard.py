"""Two machines must not answer each other for ever: what was answered to one contact three times in a row is not answered again for a while.

What was answered is kept with each reply (`params["same"]`), so that a restart forgets nothing and all workers count together. A machine
whose own words are long and always the same is recognised as well where our answers to it take turns.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.outbox.queue import outbox
from core.parties.tables import contact

CHANNELS = frozenset({"sms", "email", "whatsapp"})
"""Where a machine may write to us. USSD and the web chat answer a person who looks at the screen."""
MOST, SILENCE, FORGOTTEN = 3, timedelta(hours=1), timedelta(hours=24)
MOST_HEARD, LONG_WORDS = 5, 20
"""So many times the same words of so many letters, in whatever order they were answered."""
LOOKED_AT = 12


@dataclass(frozen=True, slots=True)
class RepeatedText:
    """What was answered: the answer, what it answered, the how manieth time in a row, and when."""

    answer: str
    heard: str
    times: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to say it once more. `last`: it is the last time for a while."""

    silent: bool
    last: bool
    keep: dict[str, Any]
    """What the reply keeps of itself."""


def judge(before: Sequence[RepeatedText], answer: str, heard: str, now: datetime) -> Verdict:
    """Before: the latest answers to this contact, the newest first."""
    times = 1
    if before and before[0].answer == answer and now - before[0].at < FORGOTTEN:
        times = before[0].times + 1
    silent = times > MOST and now - before[0].at < SILENCE
    lately = [one for one in before if heard and one.heard == heard and now - one.at < SILENCE]
    silent = silent or len(lately) >= MOST_HEARD
    times = min(times, MOST)
    return Verdict(silent, times == MOST, {"same": [answer, heard, times]})


async def look(
    conn: AsyncConnection, context: Context, *, contact_id: int, channel: str, answer: str, heard: str
) -> Verdict:
    """What to do with this answer to this contact. Who asks at the same time waits for the other's reply."""
    await conn.execute(select(contact.c.id).where(contact.c.id == contact_id).with_for_update())
    rows = await conn.execute(
        select(outbox.c.params, outbox.c.created_at)
        .where(outbox.c.contact_id == contact_id, outbox.c.kind == "reply", outbox.c.channel == channel)
        .order_by(outbox.c.created_at.desc(), outbox.c.id.desc())
        .limit(LOOKED_AT)
    )
    before = [_kept(row.params["same"], row.created_at) for row in rows if row.params.get("same")]
    key = context.site.secret_key.get_secret_value().encode()[:64]
    long = heard if len(heard) >= LONG_WORDS else ""
    return judge(
        before, _digest(key, answer), _digest(key, re.sub(r"\d+", "#", long)) if long else "", context.clock.now()
    )


def _kept(same: list[Any], at: datetime) -> RepeatedText:
    answer, message, times = same
    return RepeatedText(answer, message, times, at)


def _digest(key: bytes, text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), key=key, digest_size=12).hexdigest()
