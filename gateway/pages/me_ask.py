"""Every conversation on their own pages, without scripts: a screen is a form, an option a button, an answer a field.

The same tables run it that run a dial or a chat, so whatever can be asked there can be asked here. A form carries the number of its
turn: sent twice (a second press, a reload) it has one effect and one answer.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from channels.contract import ByMessage, Channel, Door, Page
from core.care import media
from core.message import Inbound, Kind, Notice, Screen, Sent
from core.parties import queries as parties
from core.text import say
from dialogs.intents import WORDS
from dialogs.model import Ask
from gateway.admin.edge import PICTURES
from gateway.app_keys import APP, CHANNELS, TURNS
from gateway.conversation.interaction_log import PASSED
from gateway.conversation.turn import TurnAnswer
from gateway.pages.chat_rooms import CHAT
from gateway.pages.me_door import Her, theirs
from gateway.pages.me_show import show
from gateway.pages.page import message

CHANNEL = "page"


class OwnPages(ByMessage):
    """Drawn as the web chat is; but a code to their own phone opened it."""

    name = CHANNEL
    doors: tuple[Door, ...] = ()
    opened_by_code = True

    def __init__(self, chat: Channel) -> None:
        self.chat = chat

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """As the web chat does."""
        return self.chat.lay_out(screen)

    def render(self, screen: Screen, page: Page) -> str:
        """As the web chat does."""
        return self.chat.render(screen, page)

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """As the web chat does."""
        return await self.chat.send(notices)


@theirs
async def begin(request: web.Request, customer: Her) -> web.Response:
    """GET /me/ask: the first menu; `?do=` one of the flows: straight to it. Looking at it changes nothing."""
    wanted = request.query.get("do", "")
    return await _turn(request, customer, WORDS[wanted][0] if wanted in LEADS else "", kind="new")


@theirs
async def answer(request: web.Request, customer: Her) -> web.Response:
    """POST /me/ask: `answer` to the screen that stands, in the turn `turn`."""
    form = await request.post()
    return await _turn(request, customer, str(form.get("answer", ""))[:2000], turn=str(form.get("turn", ""))[:64])


@theirs
async def picture(request: web.Request, customer: Her) -> web.Response:
    """POST /me/picture: a `file`, kept for a clerk, and asked what it is of; the same picture again is the same turn."""
    app, file = request.app[APP], (await request.post()).get("file")
    body = b""
    if isinstance(file, web.FileField):
        with file.file:
            body = file.file.read()
    ref = f"{customer.contact.id}:{hashlib.sha256(body).hexdigest()[:32]}"
    async with app.db.writing() as conn:
        wrong = await media.keep(conn, app, channel=CHANNEL, ref=ref, contact_id=customer.contact.id, body=body)
    if wrong is not None:
        key = "chat.file_too_many" if wrong == "too_many" else "chat.file_wrong"
        return message(request, 429 if wrong == "too_many" else 400, say(customer.contact.language, key))
    return await _turn(request, customer, "", kind="media", turn=ref, sent=media.kind_of(body) or "")


LEADS = WORDS.keys() - {"stop", "start"}
"""Flows that a link may lead into: none of them does anything without a yes."""


async def _turn(
    request: web.Request, customer: Her, text: str, *, kind: Kind = "text", turn: str = "", sent: str = ""
) -> web.Response:
    app, phone = request.app, customer.contact.phone or customer.contact.channel_user
    details = {"type": sent} if sent else {}
    inbound = Inbound(
        CHANNEL, customer.contact.channel_user, text, kind, phone, turn or secrets.token_hex(8), details=details
    )
    taken = await app[TURNS].answer(inbound, OwnPages(app[CHANNELS][CHAT]))
    told = json.loads(taken.reply)
    if PASSED in app:
        app[PASSED].note(inbound, taken, told["text"])
    return await _drawn(request, customer, taken, told)


async def _drawn(request: web.Request, customer: Her, taken: TurnAnswer, told: dict[str, Any]) -> web.Response:
    """The screen as a form; what they type is asked for where a question stands, and hidden where it is a secret."""
    session = taken.session
    state = request.app[TURNS].book.state(session.place) if session and session.place else None
    lang = session.lang if session else customer.contact.language
    account_id = session.data.get("account_id") if session else None
    async with request.app[APP].db.reading() as conn:
        account = await parties.account(conn, account_id or customer.accounts[0])
    assert account is not None
    return show(
        request,
        customer,
        account,
        "ask",
        lang=lang,
        told=told,
        asks=isinstance(state, Ask) and not told["ends"],
        turn=secrets.token_hex(8),
    )


def routes() -> list[web.AbstractRouteDef]:
    """`/me/ask`."""
    return [web.get("/me/ask", begin), web.post("/me/ask", answer), web.post(PICTURES, picture)]
