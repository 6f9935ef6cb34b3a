"""The one shape every channel has, so that having read one you have read them all.

A channel is a translator and nothing more. It reads what a provider delivered into the values of `core/message.py`, draws a
screen in the provider's terms, and sends notices. It does not know the web server: what came in is a plain `Received`, and
the addresses it needs are `Door`s that the gateway opens.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable

import msgspec

from channels.errors import SendError
from core.message import Delivery, Inbound, Notice, OptOut, Screen, Sent, Traits


@dataclass(frozen=True, slots=True)
class SimChange:
    """What a network says about the SIM card behind a number, in answer to the question `request`."""

    request: str
    swapped: bool | None
    """None: the network could not say."""
    on: date | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A chat contact moved to another number: whatever trust hung on the old one is to be earned again."""

    channel: str
    user: str
    phone: str | None
    at: datetime | None = None
    """When it did, where the provider tells."""


Event = Inbound | Delivery | OptOut | SimChange | NumberChange
"""Anything a provider may tell us."""


class NotUnderstood(Exception):
    """A provider's message that we cannot read. The gateway answers 400 `{"code", "reason"}` and stores nothing.

    `code` is stable (`field.missing`); `reason` is an English sentence that repeats no personal data.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


class Received(msgspec.Struct, frozen=True):
    """What came in, as plain values: the raw query, the raw body, and headers with names in small letters."""

    method: str
    body: bytes = b""
    query: str = ""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)


class Page(msgspec.Struct, frozen=True):
    """As much of a screen as one message holds: its text, and which answers it offers."""

    text: str
    keys: tuple[str, ...] = ()
    """The options whose label, or a part of it, stands on this page."""
    more: str | None = None
    """What to answer for the next page; None on the last."""
    back: str | None = None
    """What to answer for the page before; None where there is none to go to."""


LARGEST_BODY = 64 * 1024
"""Bytes of a provider's request where its channel names no other bound: the longest genuine form is some hundreds."""


def _always(received: Received) -> bool:
    return received is not None


def _nothing(received: Received) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Door:
    """One address a provider calls.

    A path with `{secret}` is guarded by the gateway (the path secret of unsigned providers). `genuine` checks a signature
    where the provider has one: False is answered 403. `answer` is the body of the 200 where the provider expects certain
    words; None: anything will do. `lenient` providers are answered 200 even when a signed message is not understood.
    A body of more than `largest` bytes is not read.
    """

    method: str
    path: str
    parse: Callable[[Received], list[Event]]
    genuine: Callable[[Received], bool] = _always
    answer: Callable[[Received], str | None] = _nothing
    lenient: bool = False
    largest: int = LARGEST_BODY


class Channel(Protocol):
    """What every channel can do."""

    @property
    def name(self) -> str:
        """As in `Inbound.channel` and `Notice.channel`."""

    @property
    def traits(self) -> Traits:
        """What a talk may depend on, and whoever sends to it."""

    @property
    def doors(self) -> tuple[Door, ...]:
        """The addresses its provider calls."""

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """The screen as the pages this channel needs: never none, and no character or option lost."""

    def render(self, screen: Screen, page: Page) -> str:
        """One of those pages as the provider wants to have it."""

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """Sends each notice and says what became of it, in the order given. Never raises for what a provider does."""


@dataclass(frozen=True, slots=True)
class File:
    """What a customer sent that is no text: the bytes, and what the provider says they are."""

    body: bytes
    type: str


@runtime_checkable
class Fetches(Protocol):
    """A channel whose messages name files that are fetched separately."""

    async def fetch(self, ref: str, largest: int) -> File | SendError:
        """The file of this reference (`Inbound.details["media"]`), if it is no larger than `largest` bytes."""


@runtime_checkable
class Acknowledges(Protocol):
    """A channel whose customers see a waiting sign until we say that we heard."""

    async def acknowledge(self, inbound: Inbound) -> None:
        """Takes the sign away; of no consequence when it fails."""


@runtime_checkable
class Prepares(Protocol):
    """A channel that has something to arrange with its provider when the gateway starts."""

    async def prepare(self) -> None:
        """Arranges it; raises `NotReady` while the provider cannot be reached or will not have us."""


class NotReady(Exception):
    """A channel could not be prepared yet; its words hold no secret."""
