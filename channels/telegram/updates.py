"""Reads the updates that Telegram brings, with python-telegram-bot's types: what a person said to us alone, in words or without.

What has no words is taken out before the library reads the rest, and named (`other`), so that it does not vanish.
"""

import json
import re
from typing import Any

from telegram import CallbackQuery, ChatMemberUpdated, Location, Message, Update

from channels.contract import Event, Malformed, RawRequest
from channels.form import clean
from core.message import EDITED, Inbound, Kind, OptOut
from core.phone import from_provider

LARGEST_BODY = 1024 * 1024
WITHOUT_WORDS = (
    "sticker", "animation", "video_note", "dice", "poll", "game", "story", "checklist", "paid_media", "giveaway", "invoice",
    "passport_data",
)  # fmt: skip
"""What a message may hold that nobody here can read."""
NOT_READ = ("reply_to_message", "external_reply", "quote", "pinned_message")
ENVELOPE = frozenset(
    {
        "message_id", "message_thread_id", "is_topic_message", "date", "chat", "from", "channel_chat_created", "delete_chat_photo",
        "group_chat_created", "supergroup_chat_created", "forward_origin", "reply_to_message", "external_reply", "quote", "via_bot",
        "has_protected_content", "is_from_offline", "effect_id", "sender_boost_count", "edit_date", "link_preview_options",
        "show_caption_above_media", "author_signature", "has_media_spoiler", "media_group_id", "reply_markup", "direct_messages_topic",
    }
)  # fmt: skip
"""What says how a message came, and not what is in it."""
_TO_A_BOT = re.compile(r"(?P<command>/\w+)@(?P<bot>\w+)(?=\s|$)")


def parse(received: RawRequest, name: str = "") -> list[Event]:
    """One update: a message, a button, or a blocked or unblocked bot; everything else is nothing to us. `name`: what our bot is called."""
    if len(received.body) > LARGEST_BODY:
        raise Malformed("body.too_long", f"The body is longer than {LARGEST_BODY} bytes.")
    try:
        data = json.loads(received.body)
        what = _without_the_unreadable(data)
        update = Update.de_json(data, None)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError) as why:
        raise Malformed("body.not_an_update", "The body is no Telegram update.") from why
    key = str(update.update_id)
    try:
        event = _event(update, key, name, what)
    except (AttributeError, TypeError) as why:  # a field of a type that no update has
        raise Malformed("body.not_an_update", "The body is no Telegram update.") from why
    return [event] if event else []


def _without_the_unreadable(data: Any) -> str:
    """Takes out of a message what we have no use for, and says what of it has no words: the library refuses a whole update for one field
    that it misses in a poll."""
    wordless = ""
    for name in ("message", "edited_message") if isinstance(data, dict) else ():
        message = data.get(name)
        if not isinstance(message, dict):
            continue
        wordless = next((part for part in WITHOUT_WORDS if message.get(part)), "")
        for part in (*WITHOUT_WORDS, *NOT_READ, *(("document",) if wordless == "animation" else ())):
            message.pop(part, None)
    return wordless


def _event(update: Update, key: str, name: str, what: str) -> Event | None:
    if update.message:
        return _message(update.message, key, name, what)
    if update.edited_message:
        return _edit(update.edited_message, key)
    if update.callback_query:
        return _button(update.callback_query, key)
    return _member(update.my_chat_member) if update.my_chat_member else None


def _message(message: Message, key: str, name: str, what: str) -> Inbound | None:
    if not _is_to_us(message):
        return None
    text = message.text or message.caption or ""
    if to := _TO_A_BOT.match(text):
        if name and to["bot"].casefold() != name.casefold():
            return None
        text = to["command"] + text[to.end() :]
    kind, text, details = _content(message, text, what)
    if kind is None:
        return None
    phone = None
    if message.contact and message.contact.user_id == (message.from_user.id if message.from_user else None):
        phone = from_provider(message.contact.phone_number)
    return _inbound(message, key, kind, text, details, phone)


def _inbound(
    message: Message, key: str, kind: Kind, text: str, details: dict[str, str], phone: str | None = None
) -> Inbound:
    known = details | _topic(message)
    if message.from_user and message.from_user.language_code:
        known["language"] = message.from_user.language_code
    return Inbound("telegram", str(message.chat.id), clean(text), kind, phone, key, None, None, message.date, known)


def _is_to_us(message: Message) -> bool:
    """Whether a person wrote it to us alone."""
    return message.chat.type == "private" and message.from_user is not None and not message.from_user.is_bot


def _content(message: Message, text: str, what: str) -> tuple[Kind | None, str, dict[str, str]]:
    """(kind, text, details); no kind: nothing that a person said."""
    if text == "/start" or text.startswith("/start "):
        return "new", text[7:].strip(), {}
    if message.contact:
        return "contact", text, {}
    if message.venue:
        venue = message.venue
        return "location", venue.title, _where(venue.location) | {"address": venue.address}
    if message.location:
        return "location", text, _where(message.location)
    if not what and (file := _file(message)):
        kind = "image/jpeg" if message.photo else getattr(file, "mime_type", None) or "application/octet-stream"
        return "media", text, {"media": file.file_id, "type": kind}
    if not what and text:
        return "text", text, {}
    return (None, "", {}) if not what and _is_service(message) else ("other", "", {"what": what or "unknown"})


def _where(location: Location) -> dict[str, str]:
    return {"latitude": str(location.latitude), "longitude": str(location.longitude)}


def _is_service(message: Message) -> bool:
    """Whether it tells of the chat itself (a new title, a topic made): nobody said it. A message with nothing in it at all is of a kind
    that Telegram has and we do not."""
    return bool(message.to_dict().keys() - ENVELOPE)


def _topic(message: object) -> dict[str, str]:
    topic = getattr(message, "message_thread_id", None)
    return {"topic": str(topic)} if topic else {}


def _edit(message: Message, key: str) -> Inbound | None:
    """They changed what they wrote before; a place that is shared while walking changes by itself."""
    if not _is_to_us(message) or message.location:
        return None
    return _inbound(message, key, "other", "", {"what": EDITED})


def _file(message: Message) -> Any:
    """The file of a message; of the sizes of a photograph the largest."""
    if message.photo:
        return message.photo[-1]
    return message.document or message.voice or message.audio or message.video


def _button(query: CallbackQuery, key: str) -> Inbound | None:
    """A button says the key of its option; which screen it stood on is told by the message it hangs on."""
    if query.message is None or query.message.chat.type != "private" or not query.data:
        return None
    details = {"callback": query.id, "context": str(query.message.message_id), **_topic(query.message)}
    return Inbound(
        "telegram", str(query.message.chat.id), clean(query.data), "text", None, key, None, None, None, details
    )


def _member(change: ChatMemberUpdated) -> OptOut | None:
    if change.chat.type != "private":
        return None
    stopped = change.new_chat_member.status in ("kicked", "left")
    return OptOut("telegram", str(change.chat.id), None, stopped, change.date)
