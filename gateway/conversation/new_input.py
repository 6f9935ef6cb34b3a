"""What of an inbound is new to a conversation: a fresh start, an answer, a page to turn, or a repeat.

A channel that keeps a session open says what continues the text that was stored; other channels name each message. A repeat gets the
stored screen and nothing else. What was secret is blotted out before anything is kept.
"""

from datetime import timedelta
from typing import Literal

import msgspec

from channels.contract import Channel
from core.care import media
from core.message import EDITED, Inbound
from dialogs import attachments
from dialogs.events import Dialled, Late, Typed
from dialogs.intents import find
from dialogs.normalize import as_key
from dialogs.redact import blotted, has_card, unblotted
from dialogs.session import Session, fresh

KEPT_SYNCHRONOUS = timedelta(minutes=30)
"""How long a session that was dropped may be continued."""
KEPT_ELSEWHERE = timedelta(hours=24)
"""How long a conversation by messages goes on."""
PROOF_LASTS = timedelta(minutes=10)
"""A PIN that was right is asked again after so long a silence: another hand may hold the phone, or sit at the page."""
MOST_IDS = 64
"""Of the latest messages, for recognising a repeat: a network that brings fifty at once may bring the first again after the last."""


class TurnPage(msgspec.Struct, frozen=True):
    """The next page of the same screen, or the one before."""

    by: Literal[-1, 1]


class Heard(msgspec.Struct, frozen=True):
    """The session the turn begins with, and what happened; no event: a repeat, answered by the screen of the session."""

    session: Session
    event: Dialled | Typed | Late | TurnPage | None
    stored: int = 0
    """How many characters of the stored raw text the inbound begins with."""


def hear(inbound: Inbound, channel: Channel, before: Session | None, now: float, lang: str) -> Heard:
    """Compares what came in with where the conversation stands."""
    live = before if before and before.expires > now else None
    if attachments.SIGN in inbound.text:
        inbound = msgspec.structs.replace(inbound, text=inbound.text.replace(attachments.SIGN, ""))
    if inbound.session is not None and channel.synchronous:
        return _dialled(inbound, channel, live, lang)
    return _written(inbound, live, before, lang, now)


def _dialled(inbound: Inbound, channel: Channel, live: Session | None, lang: str) -> Heard:
    """The provider's session is the conversation; another one is a new call. A step may have an id, or be known by its text alone."""
    if live and live.dialled == inbound.session:
        new = channel.continues(unblotted(live.raw, inbound.text), inbound)
        if new is None or (inbound.message_id and inbound.message_id in live.last_ids):
            return Heard(live, None, len(live.raw))
        stored = len(live.raw) if new != inbound.text else 0
        page = _page(live, new)
        if page is None and live.shown is not None and live.shown.ends:
            return Heard(_again(live), Dialled(), stored)
        return Heard(live, page or Typed(new), stored)
    if live and live.dialled_before == inbound.session:
        return Heard(live, None)
    session = fresh(live.lang if live else lang)
    session.dialled = inbound.session or ""
    if live:
        session.dialled_before = live.dialled
        session.left = _left(live)
    ahead = channel.continues("", inbound)
    return Heard(session, Dialled(tuple(ahead.split("*")) if ahead else ()))


def _again(live: Session) -> Session:
    """A network that goes on after the last word: the conversation begins again in the same session."""
    session = fresh(live.lang)
    session.dialled, session.dialled_before, session.raw = live.dialled, live.dialled_before, live.raw
    session.last_ids = live.last_ids
    return session


def over(heard: Heard) -> Heard:
    """The link that the conversation hung on is gone: it begins anew, and what was typed to the old one is not heard."""
    before = heard.session
    if before.dialled:
        return Heard(_again(before), Dialled(), heard.stored)
    session = fresh(before.lang)
    session.last_ids = before.last_ids
    return Heard(session, Dialled())


def _left(live: Session) -> Session | None:
    """The conversation that was dropped, if it was in the middle of something, without what only it needs."""
    if live.left and not live.resumable:
        return live.left
    if not live.resumable:
        return None
    return Session(
        live.token,
        lang=live.lang,
        who=live.who,
        place=live.place,
        data=live.data,
        first=live.first,
        trail=live.trail,
        wanted=live.wanted,
    )


def _written(inbound: Inbound, live: Session | None, before: Session | None, lang: str, now: float) -> Heard:
    """Messages: each has an id; the conversation goes on until it ended or was left for a day."""
    if before and inbound.message_id and inbound.message_id in before.last_ids:
        return Heard(before, None)
    text = _meant(inbound, live)
    if live is None or live.shown is None or live.shown.ends or inbound.kind == "new":
        page = _page(live, text.strip()) if live else None
        if live and page:
            return Heard(live, page)
        session = fresh(before.lang if before else lang)
        session.last_ids = before.last_ids if before else ()
        return Heard(session, Dialled((text,) if text else ()))
    _forget_proof(live, now)
    if 0 < _written_at(inbound) < live.said_at:
        return Heard(live, Late(text))
    return Heard(live, _page(live, text.strip()) or Typed(text))


def _meant(inbound: Inbound, live: Session | None) -> str:
    """What she wrote. What came without words speaks for itself (`dialogs/attachments.py`), unless words that we know came with it, or a person
    is being talked to, who looks at it."""
    if inbound.kind == "location":
        return attachments.encode("place", inbound.text)
    if inbound.kind == "other":
        return attachments.encode("talk.edited" if inbound.details.get("what") == EDITED else "talk.unread")
    if inbound.kind == "new":
        return next((words for words in (inbound.text, inbound.details.get("label", "")) if find(words)), inbound.text)
    if inbound.kind != "media" or find(inbound.text):
        return inbound.text
    sent = media.called(inbound.details.get("type", ""))
    if sent is None:
        return attachments.encode("talk.no_file")
    return inbound.text if live and live.place and live.place.flow == "agent" else attachments.encode(sent)


def _written_at(inbound: Inbound) -> float:
    """When it was written, by its provider's clock; 0 where nobody tells."""
    return inbound.at.timestamp() if inbound.at else 0.0


def _forget_proof(live: Session, now: float) -> None:
    """After a silence the PIN counts no more."""
    silent_since = live.expires - KEPT_ELSEWHERE.total_seconds()
    if "proven" in live.data and now - silent_since > PROOF_LASTS.total_seconds():
        live.data = {name: value for name, value in live.data.items() if name != "proven"}


def _page(session: Session, typed: str) -> TurnPage | None:
    number = as_key(typed)
    if number and number == session.more:
        return TurnPage(1)
    if number and number == session.behind:
        return TurnPage(-1)
    return None


def remember(session: Session, inbound: Inbound, heard: Heard) -> Session:
    """Counts the turn, and keeps of the inbound what will tell a repeat from something new."""
    session.turn = heard.session.turn + 1
    session.said_at = max(heard.session.said_at, _written_at(inbound))
    if inbound.message_id:
        session.last_ids = (inbound.message_id, *session.last_ids)[:MOST_IDS]
    if session.dialled:
        hush = session.hush or has_card(inbound.text)
        tail = inbound.text[heard.stored :]
        session.raw = session.raw[: heard.stored] + (blotted(tail) if hush else tail)
    return session
