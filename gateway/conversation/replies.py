"""Messages answered through the outbox: claimed by the provider's id, so that a repeat has the same answer and one effect.

The turn is saved first and the reply put down after it: a process that dies between the two finds the session when the provider
repeats the message, and puts the same reply down. What they wrote is remembered redacted; a file they sent is fetched later.
"""

import json
from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import ByMessage, Channel, Door, Page
from core.care import interactions, loop_guard, media
from core.db import failpoints, idempotency
from core.message import Inbound, Notice, Screen, Sent
from core.notices import bounced_mail
from core.outbox import queue
from core.parties import contacts
from dialogs import attachments
from dialogs.redact import to_keep
from gateway.conversation.turn import TurnAnswer, Turns

PRIORITY = 1
BUTTONS = frozenset({"callback", "label"})
"""Details that only a pressed button or a chosen row has: of Telegram, of WhatsApp."""


class _AsLetter(ByMessage):
    """A channel whose screens become letters: the words and the options apart, for its `send` to draw."""

    doors: tuple[Door, ...] = ()

    def __init__(self, channel: Channel) -> None:
        self.channel, self.name = channel, channel.name
        self.cellular, self.forgeable = channel.cellular, channel.forgeable

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """As the channel does."""
        return self.channel.lay_out(screen)

    def render(self, screen: Screen, page: Page) -> str:
        """The params of the letter as JSON. Options that stand in the page's own text are not offered twice."""
        whole = page.text == screen.text and not page.more and not page.back
        options = [[option.key, option.label] for option in screen.options] if whole else []
        share = {"share": screen.share} if screen.share and whole else {}
        return json.dumps({"text": page.text, "options": options, **share})

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """As the channel does."""
        return await self.channel.send(notices)


async def hear(turns: Turns, inbound: Inbound, channel: Channel) -> None:
    """Take one message in and let its answer leave. Raises when it could not be kept: the provider must bring it again."""
    key = f"reply:{inbound.channel}:{inbound.message_id}"
    if await _answered(turns, key):
        return
    inbound = await _as_meant(turns, inbound)
    if inbound.details.get("answer") == "none":
        await _only_noted(turns, key, inbound)
        return
    answer = await turns.answer(inbound, _AsLetter(channel))
    if answer.unavailable:
        raise ConnectionError("the turn could not be taken")
    async with turns.app.db.writing() as conn:
        contact_id = answer.session.who.contact_id if answer.session and answer.session.who else None
        if await _reply(conn, turns, key, inbound, channel, answer, contact_id):
            await _remember(conn, turns, inbound, answer, contact_id)
            if channel.bounces and contact_id is not None:
                await bounced_mail.wrote(conn, contact_id)
    failpoints.point("reply.kept")


async def _reply(
    conn: AsyncConnection,
    turns: Turns,
    key: str,
    inbound: Inbound,
    channel: Channel,
    answer: TurnAnswer,
    contact_id: int | None,
) -> bool:
    """Put the answer down; False where that was done before. Where a person answers, or the same was said too often, nothing is said."""
    app, params = turns.app, json.loads(answer.reply)
    if contact_id is None:
        params |= {"to": inbound.user, "lang": answer.session.lang} if answer.session else {"to": inbound.user}
    if channel.cellular and inbound.service:
        params["from"] = inbound.service  # who wrote to a short code is answered by it
    if topic := inbound.details.get("topic"):
        params["topic"] = topic
    silent = answer.silent
    if contact_id is not None and inbound.channel in loop_guard.CHANNELS and not silent:
        said = await loop_guard.look(
            conn, app, contact_id=contact_id, channel=inbound.channel, answer=answer.reply, heard=inbound.text
        )
        silent, params = said.silent, params | said.keep
        if said.last and answer.session:
            params["text"] += "\n" + turns.book.say(answer.session.lang, "talk.same_again")
    if silent:
        return await idempotency.first_time(conn, key, app.clock.now())
    return await queue.enqueue(
        conn,
        app,
        key=key,
        kind="reply",
        template="reply.text",
        params=params,
        channel=inbound.channel,
        contact_id=contact_id,
        priority=PRIORITY,
        resend_unknown=True,
    )


async def _remember(
    conn: AsyncConnection, turns: Turns, inbound: Inbound, answer: TurnAnswer, contact_id: int | None
) -> None:
    """What came in stands in the log, and its file is fetched."""
    kept = _remembered(inbound, answer)
    await interactions.log(
        conn,
        turns.app,
        channel=inbound.channel,
        direction="in",
        kind="turn",
        contact_id=contact_id,
        text=kept or _named(inbound),
    )
    if ref := inbound.details.get("media"):
        await media.expect(conn, turns.app, channel=inbound.channel, ref=ref, contact_id=contact_id, caption=kept)


async def _only_noted(turns: Turns, key: str, inbound: Inbound) -> None:
    """What asks for no answer stands in the log, where we know whose it is."""
    async with turns.app.db.writing() as conn:
        if not await idempotency.first_time(conn, key, turns.app.clock.now()):
            return
        contact = await contacts.find(conn, inbound.channel, inbound.user)
        await interactions.log(
            conn,
            turns.app,
            channel=inbound.channel,
            direction="in",
            kind="turn",
            text=_named(inbound),
            contact_id=contact.id if contact else None,
        )


async def _as_meant(turns: Turns, inbound: Inbound) -> Inbound:
    """A contact that was shared introduces its sender, a place becomes words, and a button of an older screen says nothing any more."""
    if inbound.kind == "contact":
        return await _introduced(turns, inbound)
    if inbound.kind == "location":
        text = inbound.details
        where = attachments.place(
            text.get("latitude", ""), text.get("longitude", ""), inbound.text, text.get("address", "")
        )
        lost = {"kind": "other", "details": {**text, "what": "location"}}
        return msgspec.structs.replace(inbound, **({"text": where} if where else lost))
    return msgspec.structs.replace(inbound, text="") if await _is_stale(turns, inbound) else inbound


async def _introduced(turns: Turns, inbound: Inbound) -> Inbound:
    """They shared their own contact: the number is vouched for by the channel and linked, and the conversation begins anew."""
    if inbound.phone:
        async with turns.app.db.writing() as conn:
            await contacts.find_or_make(conn, turns.app, inbound.channel, inbound.user, inbound.phone)
    return msgspec.structs.replace(inbound, kind="new", text="", details={**inbound.details, "what": "contact"})


async def _is_stale(turns: Turns, inbound: Inbound) -> bool:
    """Whether a button was pressed that does not hang on the newest answer (an older screen, or pressed twice): what it says there means
    something else by now, so they are shown where they are instead. A button that carries its own words (`new`) always means them."""
    pressed = inbound.details.get("context") if inbound.details.keys() & BUTTONS and inbound.kind != "new" else None
    if pressed is None:
        return False
    out = queue.outbox.c
    async with turns.app.db.reading() as conn:
        contact = await contacts.find(conn, inbound.channel, inbound.user)
        newest = (
            select(out.provider_ref)
            .where(
                out.contact_id == (contact.id if contact else 0), out.kind == "reply", out.channel == inbound.channel
            )
            .order_by(out.created_at.desc(), out.id.desc())
            .limit(1)
        )
        row = (await conn.execute(newest)).first()
    return row is not None and row.provider_ref != pressed


async def _answered(turns: Turns, key: str) -> bool:
    """Whether it was answered before, or taken in without an answer."""
    async with turns.app.db.reading() as conn:
        query = select(queue.outbox.c.id).where(queue.outbox.c.key == key)
        return (await conn.execute(query)).first() is not None or await idempotency.known(conn, key)


def _remembered(inbound: Inbound, answer: TurnAnswer) -> str:
    """What may be kept of a message: no secret, no card number, and not more than a clerk would read."""
    session = answer.session
    secret, unheard = bool(session and session.hush), bool(session and session.unheard)
    return to_keep(inbound.text, secret=secret, unheard=unheard)[:1000]


def _named(inbound: Inbound) -> str:
    """What came without words: `[sticker]`, `[voice]`."""
    if inbound.kind == "media":
        sent = inbound.details.get("type", "")
        return f"[{media.called(sent) or sent.partition(';')[0][:40]}]"
    what = to_keep(inbound.details.get("what", ""), secret=False, unheard=True)[:1000]
    return f"[{what}]" if what else ""
