"""Messages answered through the outbox: claimed by the provider's id, so that a repeat has the same answer and one effect.

The turn is saved first and the reply put down after it: a process that dies between the two finds the session when the provider
repeats the message, and puts the same reply down. What she wrote is remembered redacted.
"""

import logging

from sqlalchemy import select

from channels.contract import Channel
from core import effects, faults, outbox
from core.care import interactions
from core.message import Inbound
from dialogs.redact import without_cards
from gateway.turn import Answer, Turns

log = logging.getLogger("hodi.replies")

PRIORITY = 1


async def hear(turns: Turns, inbound: Inbound, channel: Channel) -> None:
    """Take one message in and let its answer leave. Raises when it could not be kept: the provider must bring it again."""
    key = f"reply:{inbound.channel}:{inbound.message_id}"
    if await _answered(turns, key):
        return
    answer = await turns.answer(inbound, channel)
    if answer.unavailable:
        raise ConnectionError("the turn could not be taken")
    async with turns.house.db.writing() as conn:
        contact_id = answer.session.who.contact_id if answer.session and answer.session.who else None
        if answer.silent:
            fresh = await effects.first_time(conn, key, turns.house.clock.now())
        else:
            fresh = await outbox.enqueue(
                conn, turns.house, key=key, kind="reply", template="reply.text", params={"text": answer.reply},
                channel=inbound.channel, contact_id=contact_id, priority=PRIORITY, resend_unknown=True,
            )  # fmt: skip
        if fresh:
            await interactions.log(
                conn, turns.house, channel=inbound.channel, direction="in", kind="turn", contact_id=contact_id,
                text=_remembered(inbound, answer),
            )  # fmt: skip
    faults.point("reply.kept")


async def _answered(turns: Turns, key: str) -> bool:
    async with turns.house.db.reading() as conn:
        return (await conn.execute(select(outbox.outbox.c.id).where(outbox.outbox.c.key == key))).first() is not None


def _remembered(inbound: Inbound, answer: Answer) -> str:
    """What may be kept of a message: no secret, no card number, and not more than a clerk would read."""
    if answer.session and answer.session.hush:
        return "***"
    return without_cards(inbound.text)[:1000]
