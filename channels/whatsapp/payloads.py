"""Reads WhatsApp Cloud API webhooks: four nested arrays, batched, repeated, unordered, and some senders without a phone.

Since 2026 a sender may be known only by a business-scoped id (`KE.1002`): it is the contact's key where it is told, and the
number where it is not. One message that cannot be read never loses its neighbours. Meta brings what all numbers of a business were sent
to one address, and what was said in groups: only what was said to our own number, by one person, is for us.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from channels import errors
from channels.contract import Event, Malformed, NumberChange
from channels.errors import SendError
from channels.form import clean
from core.message import Delivery, Fate, Inbound, Kind, OptOut
from core.phone import from_provider

LARGEST_BODY = 3 * 1024 * 1024
LONGEST_TEXT = 4096
MEDIA = ("image", "document", "audio", "video")
HEARD_ONLY = frozenset({"reaction", "revoke"})
"""What asks for no answer: a thumb below a message, a message taken back."""
OPT_OUT_LABELS = frozenset(
    {
        "stop promotions", "stop promotion", "stop", "arrêter les promotions", "stopper les promotions", "promoties stoppen",
        "stop promoties", "acha matangazo", "sitisha matangazo", "ngừng khuyến mãi", "dừng khuyến mãi", "ngừng nhận khuyến mại",
        "dakatar da tallace-tallace", "detener promociones", "parar promoções",
    }
)  # fmt: skip
"""What Meta itself writes on the opt-out button of a marketing template, in the languages of our houses and their neighbours."""
FATES: dict[str, tuple[Fate, bool]] = {
    "sent": ("sent", False),
    "delivered": ("delivered", True),
    "read": ("read", True),
    "failed": ("failed", True),
}
"""What each status of the provider means, and whether it is the last."""

REASONS: dict[int, SendError] = {
    0: errors.WRONG_KEY,
    10: errors.WRONG_KEY,
    190: errors.WRONG_KEY,
    200: errors.WRONG_KEY,
    368: errors.HELD,
    470: errors.WINDOW_CLOSED,
    80007: errors.TOO_FAST,
    130429: errors.TOO_FAST,
    130472: errors.REJECTED,
    131000: errors.NO_ANSWER,
    131016: errors.PROVIDER_BUSY,
    131021: errors.INVALID_NUMBER,
    131026: errors.UNKNOWN_SUBSCRIBER,
    131031: errors.HELD,
    131042: errors.NO_CREDIT,
    131047: errors.WINDOW_CLOSED,
    131048: errors.HELD,
    131049: errors.REJECTED,
    131050: errors.OPTED_OUT,
    131056: errors.TOO_FAST,
    132000: errors.TEMPLATE,
    132001: errors.TEMPLATE,
    132005: errors.TEMPLATE,
    132007: errors.TEMPLATE,
    132012: errors.TEMPLATE,
    132015: errors.TEMPLATE,
    132016: errors.TEMPLATE,
    133010: errors.BAD_SENDER,
}
"""The provider's error codes, in failed statuses and in answers to sending."""


def events(body: bytes, ours: str | None = None) -> list[Event]:
    """Everything one delivery of the webhook tells; with `ours` (a `phone_number_id`) only what was brought for that number."""
    if len(body) > LARGEST_BODY:
        raise Malformed("body.too_long", f"The body is longer than {LARGEST_BODY} bytes.")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as why:
        raise Malformed("body.not_json", "The body is no JSON.") from why
    if not isinstance(data, dict) or not isinstance(data.get("entry"), list):
        raise Malformed("field.missing", "The field entry is missing.")
    result: list[Event] = []
    for value in _values(data):
        if ours is not None and _text(_dict(value, "metadata"), "phone_number_id") != ours:
            continue
        messages = [row for row in _dicts(value, "messages") if not row.get("group_id")]
        people = [_sender(message, at, len(messages), _dicts(value, "contacts")) for at, message in enumerate(messages)]
        pairs = zip(messages, people, strict=True)
        result += [event for message, person in pairs if (event := _message(message, value, person))]
        statuses = [row for row in _dicts(value, "statuses") if _text(row, "recipient_type") != "group"]
        result += [event for status in statuses if (event := _status(status))]
        result += [event for wish in _dicts(value, "user_preferences") if (event := _wish(wish, value))]
    return result


def reason(error: dict[str, Any]) -> SendError:
    """What an error of the provider means."""
    code = error.get("code")
    return REASONS.get(code, errors.REJECTED) if isinstance(code, int) else errors.NOT_SAID


def _values(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in _dicts(data, "entry"):
        for change in _dicts(entry, "changes"):
            if isinstance(value := change.get("value"), dict):
                yield value


def _dicts(owner: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = owner.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _message(message: dict[str, Any], value: dict[str, Any], person: dict[str, Any]) -> Event | None:
    """One message; None for what has no sender or id."""
    sender, kind = _text(message, "from"), _text(message, "type")
    user = _text(person, "user_id") or _text(message, "from_user_id") or sender or _text(person, "wa_id")
    message_id = _text(message, "id")
    if not user or not message_id:
        return None
    if kind == "system":
        new = _text(_dict(message, "system"), "wa_id") or _text(_dict(message, "system"), "new_wa_id")
        return NumberChange("whatsapp", user, from_provider(new), _instant(message.get("timestamp"))) if new else None
    event_kind, text, details = _content(kind, message)
    phone = from_provider(sender or _text(person, "wa_id"))
    name, context = _text(_dict(person, "profile"), "name"), _text(_dict(message, "context"), "id")
    details |= {key: known for key, known in (("name", name), ("context", context)) if known}
    service = _text(_dict(value, "metadata"), "phone_number_id") or None
    at = _instant(message.get("timestamp"))
    return Inbound("whatsapp", user, text, event_kind, phone, message_id, None, service, at, details)


def _content(kind: str, message: dict[str, Any]) -> tuple[Kind, str, dict[str, str]]:
    """(kind, text, details) of a message by its type. A button or a row says the key of the option it stands for; a button of a template
    carries its own words and begins anew, whatever was said before. What we cannot read is `other`, so that it does not vanish."""
    part = _dict(message, kind)
    if kind == "text" and (body := _text(part, "body", LONGEST_TEXT)):
        return "text", body, {}
    if kind == "interactive" and (chosen := _dict(part, "button_reply") or _dict(part, "list_reply")):
        return "text", _text(chosen, "id"), {"label": _text(chosen, "title")}
    if kind == "button" and (words := _text(part, "payload") or _text(part, "text")):
        label = _text(part, "text")
        stops = {words.casefold(), label.casefold()} & OPT_OUT_LABELS
        return "new", "STOP" if stops else words, {"label": label}
    if kind == "location" and _text(part, "latitude") and _text(part, "longitude"):
        where = {name: _text(part, name) for name in ("latitude", "longitude")}
        return "location", _text(part, "name"), where | _where(part)
    if kind in MEDIA and _text(part, "id"):
        return (
            "media",
            _text(part, "caption", LONGEST_TEXT),
            {"media": _text(part, "id"), "type": _text(part, "mime_type"), "sha256": _text(part, "sha256")},
        )
    if kind == "request_welcome":
        return "new", "", {}
    details = {"answer": "none"} if kind in HEARD_ONLY else {}
    return "other", "", {"what": _text(part, "emoji") or kind or "unknown"} | details


def _where(part: dict[str, Any]) -> dict[str, str]:
    address = _text(part, "address")
    return {"address": address} if address else {}


def _wish(wish: dict[str, Any], value: dict[str, Any]) -> OptOut | None:
    """Meta's own switch for offers, in the settings of the chat."""
    number, choice = _text(wish, "wa_id"), _text(wish, "value")
    people = [person for person in _dicts(value, "contacts") if _text(person, "wa_id") == number]
    user = _text(wish, "user_id") or (_text(people[0], "user_id") if people else "") or number
    if not user or choice not in ("stop", "resume"):
        return None
    return OptOut("whatsapp", user, None, choice == "stop", _instant(wish.get("timestamp")))


def _status(status: dict[str, Any]) -> Delivery | None:
    """One status, with what it cost; a status we do not know is kept as `unknown`."""
    ref, word = _text(status, "id"), _text(status, "status")
    if not ref or not word:
        return None
    pricing = _dict(status, "pricing")
    details = {
        name: _text(pricing, name) for name in ("category", "type", "pricing_model", "billable") if _text(pricing, name)
    }
    phone = from_provider(_text(status, "recipient_id"))
    if word not in FATES:
        return Delivery("whatsapp", ref, "unknown", False, word, phone, details)
    wrong = _dicts(status, "errors")
    why = None
    if word == "failed":
        why = reason(wrong[0]).code if wrong else errors.UNDELIVERED.code
        details |= {"told": _text(wrong[0], "code")} if wrong else {}
    state, final = FATES[word]
    return Delivery("whatsapp", ref, state, final, why, phone, details)


def _sender(message: dict[str, Any], at: int, count: int, people: list[dict[str, Any]]) -> dict[str, Any]:
    """The contact entry of a message's sender: by number or id; where neither is told, the one in the same place."""
    sender = _text(message, "from")
    named = {sender, _text(message, "from_user_id")} - {""}
    for person in people:
        if named & {_text(person, "wa_id"), _text(person, "user_id")}:
            return person
    if len(people) != count or (sender and _text(people[at], "wa_id")):
        return {}
    return people[at]


def _dict(owner: dict[str, Any], name: str) -> dict[str, Any]:
    value = owner.get(name)
    return value if isinstance(value, dict) else {}


def _text(owner: dict[str, Any], name: str, longest: int = 300) -> str:
    """A field as text, within bounds; "" where there is none."""
    value = owner.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value))[:longest] if isinstance(value, str | int | float) else ""


def _instant(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None
