"""Where a conversation stands between two turns: a plain value that is stored whole and knows when it expires.

It carries what the customer was shown (words, options and the page), so that "2" means what they saw; the version of the flow,
so that a deploy never strands them; and the provider's raw text so far, with secrets blotted out. Nothing in it may be missed if
it is lost: the conversation begins again, or is walked again from what the provider repeats.
"""

import secrets
from typing import Any

import msgspec


class SessionContact(msgspec.Struct, array_like=True, frozen=True):
    """The contact, as it was when the conversation began."""

    contact_id: int | None = None
    party_id: int | None = None
    accounts: tuple[int, ...] = ()
    parted: float = 0.0
    """When it had last lost an account (seconds since 1970): once it loses another, the conversation is over."""

    def holds(self, now: "SessionContact") -> bool:
        """Whether what this conversation began with is still so: no account was taken away, not even for a moment."""
        return self.parted == now.parted and set(self.accounts) <= set(now.accounts)


class ShownScreen(msgspec.Struct, array_like=True, frozen=True):
    """What stands on the customer's screen."""

    text: str
    options: tuple[tuple[str, str, str, Any], ...] = ()
    """(what is typed, what it says, `choice` | `row` | `nav`, the choice's label or the row's value)"""
    ends: bool = False
    secret: bool = False
    share: str = ""
    """What a button that shares their phone says; empty where none is wanted."""


class StatePlace(msgspec.Struct, array_like=True, frozen=True):
    """A state of a flow, and the version of the flow it was read from."""

    flow: str
    state: str
    version: str


class Session(msgspec.Struct, array_like=True):
    """One conversation of one person on one channel."""

    token: str
    """Names this conversation; with `turn` it is the key of every effect."""
    turn: int = 0
    lang: str = ""
    who: SessionContact | None = None
    place: StatePlace | None = None
    data: dict[str, Any] = {}
    shown: ShownScreen | None = None
    hint: str = ""
    page: int = 0
    more: str = ""
    """What shows the next page of the screen; empty when there is none."""
    behind: str = ""
    """What shows the page before."""
    first: int = 0
    """The first row on the screen of a long list."""
    open: bool = False
    """The screen waits for something: it is not merely told."""
    trail: tuple[StatePlace, ...] = ()
    """The screens behind this one: what `0` goes back to."""
    wanted: tuple[StatePlace, ...] = ()
    """What guards are on the way to, the innermost last."""
    left: "Session | None" = None
    """The dropped conversation that may be continued."""
    ahead: tuple[str, ...] = ()
    """Answers dialled ahead that are not used yet."""
    pending: str = ""
    """What the engine is waiting for; empty in every stored session."""
    whisper: dict[str, str] = {}
    """A PIN or a code on its way to the one effect that checks it; empty in every stored session."""
    hush: bool = False
    """Something in this turn was a secret or a card number: the provider's raw text of it is blotted out."""
    steps: int = 0
    dialled: str = ""
    """The provider's session."""
    dialled_before: str = ""
    """The provider's session before that: a late repeat of it must not begin a new one."""
    raw: str = ""
    """The provider's cumulative text so far, secrets blotted out."""
    last_ids: tuple[str, ...] = ()
    """The provider's ids of the latest messages, newest first."""
    expires: float = 0.0
    """An instant in seconds since 1970 (UTC); after it the conversation begins anew."""
    said_at: float = 0.0
    """When the latest message that was heard was written, by its provider's clock: what is older is no answer to what stands."""

    @property
    def resumable(self) -> bool:
        """Whether there is something to continue: a question stands, and something was answered before it.

        Who hung up after hearing their balance has finished, and is not asked.
        """
        return bool(self.shown and self.open and self.place and len(self.trail) > 1)

    @property
    def unheard(self) -> bool:
        """Whether the answer led nowhere: it is asked again, or the first menu stands."""
        return bool(self.hint) or (self.place is not None and self.place.flow == "home")


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Session)


def fresh(lang: str) -> Session:
    """A conversation that begins now."""
    return Session(secrets.token_hex(8), lang=lang)


def pack(session: Session) -> bytes:
    """The session as stored."""
    return _encoder.encode(session)


def unpack(stored: bytes) -> Session | None:
    """The session of stored bytes; None when an older Hodi wrote what this one cannot read."""
    try:
        return _decoder.decode(stored)
    except (msgspec.DecodeError, RecursionError):
        return None
