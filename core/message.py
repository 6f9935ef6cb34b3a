"""What comes in and what goes out, whatever the channel: Inbound, Delivery, Screen, Notice.

These values are the only thing a channel and a dialog share. A contact is known by (channel, user): the phone is optional,
because a chat-app sender may not have one (docs: WhatsApp's business-scoped ids).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["new", "text", "end", "location", "media", "contact", "other"]
"""`new` opens a session (a first dial, /start, a button that carries its own words), `text` is an answer, `end` says that the session is
over, `other` is what no channel can put into words (a sticker): `details["what"]` names it."""
EDITED = "edited"
"""`details["what"]` of a message that its sender changed afterwards."""


Fate = Literal["sent", "delivered", "read", "failed", "unknown"]
"""What a provider reports of a message, whatever its own word for it."""


ADDRESS = "from_address"
"""Among the details: the network address of whoever writes, where it limits what they may ask for."""


class Inbound(msgspec.Struct, frozen=True):
    """One thing a person sent, as its channel read it."""

    channel: str
    """`ussd`, `sms`, `whatsapp`, `telegram`, `webchat`."""
    user: str
    """Who sent it, in the channel's own terms (a phone in E.164 on USSD and SMS, a chat id elsewhere)."""
    text: str
    """All the text the channel delivered. USSD is cumulative (`1*2`): the session knows what of it is new."""
    kind: Kind = "text"
    phone: str | None = None
    message_id: str | None = None
    """The provider's id of this message, where it has one: the key of the turn."""
    session: str | None = None
    """The provider's session, where it has one (USSD)."""
    service: str | None = None
    """What was dialled or written to: a USSD code, a short code, a page."""
    at: datetime | None = None
    """When it was written, by its provider's clock; None where only its sender says so."""
    details: dict[str, str] = msgspec.field(default_factory=dict)
    """What only some channels say: how a USSD session ended, coordinates, a media id, the name of a profile."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message we sent: one vocabulary for all providers."""

    channel: str
    provider_ref: str
    state: Fate
    final: bool
    reason: str | None = None
    phone: str | None = None
    details: dict[str, str] = field(default_factory=dict)
    """What only some channels say: the cost, the category that was charged."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """A person told the provider to stop (or start again): consent of this sender changes."""

    channel: str
    user: str
    sender: str | None
    stopped: bool = True
    at: datetime | None = None
    """When they did, where the provider tells."""


class Option(msgspec.Struct, frozen=True):
    """One thing that may be chosen: what is typed, and what it says."""

    key: str
    label: str


class Screen(msgspec.Struct, frozen=True):
    """What a person is shown, already in their language: words, then things to choose, then whether the talk ends here."""

    text: str
    options: tuple[Option, ...] = ()
    ends: bool = False
    more: str = "More"
    """How the option that shows the next page is called in the person's language."""
    back: str = "Back"
    """How the option that shows the page before is called in the person's language."""
    secret: bool = False
    """The answer to this screen is a secret (a PIN): neither it nor the answer may be logged or kept."""
    share: str = ""
    """What a button that shares one's own phone says, where the phone would answer the screen and the channel has such a button."""
    ways: int = 0
    """How many of the last options only lead away (back, home): a page of nothing else is none."""


class Template(msgspec.Struct, frozen=True):
    """A wording that the provider approved beforehand (WhatsApp), and what stands in its places, in their order."""

    name: str
    language: str
    params: tuple[str, ...]


class Notice(msgspec.Struct, frozen=True):
    """A message that leaves on its own: rendered text for one contact on one channel."""

    key: str
    """Stable for ever: the provider's client reference where it takes one."""
    channel: str
    to: str
    text: str
    sender: str | None = None
    options: tuple[Option, ...] = ()
    template: Template | None = None
    """What is sent where free text is not allowed just now."""
    share: str = ""
    """As in `Screen`."""
    only_template: bool = False
    """Free text is known not to be allowed: the customer wrote to us too long ago."""
    topic: str = ""
    """Where in a chat of several topics it belongs; empty: nowhere in particular."""


class Sent(msgspec.Struct, frozen=True):
    """What became of one message at its provider, in the words that hold for every remote system: `done` (it was taken), `refused` (never),
    `not_reached` (surely not taken: again later), `unknown` (it may have gone out: never simply again)."""

    key: str
    state: Literal["done", "refused", "not_reached", "unknown"]
    provider_ref: str | None = None
    reason: str | None = None
    cost: str | None = None
    details: dict[str, str] = msgspec.field(default_factory=dict)
    after: int | None = None
    """With `not_reached`: the seconds that the provider wants us to wait."""
