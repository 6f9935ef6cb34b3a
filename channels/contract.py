"""The one shape every channel has, so that having read one you have read them all.

A channel is a translator and nothing more. It reads what a provider delivered into the values of `core/message.py`, draws a
screen in the provider's terms, and sends notices. It does not know the web server: what came in is a plain `RawRequest`, and
the addresses it needs are `Door`s that the gateway opens.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable

import aiohttp
import msgspec

from channels.errors import CANNOT_START, SendError
from core.config.environment import Settings
from core.message import Delivery, Inbound, Notice, OptOut, Screen, Sent


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


class Malformed(Exception):
    """A provider's message that we cannot read. The gateway answers 400 `{"code", "reason"}` and stores nothing.

    `code` is stable (`field.missing`); `reason` is an English sentence that repeats no personal data.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


class RawRequest(msgspec.Struct, frozen=True):
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


def _always(received: RawRequest) -> bool:
    return received is not None


def _nothing(received: RawRequest) -> str | None:
    return None


PLAIN_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Door:
    """One address a provider calls.

    A path with `{secret}` is guarded by the gateway (the path secret of unsigned providers). `genuine` checks a signature
    where the provider has one: False is answered 403. `answer` is the body of the 200 where the provider expects certain
    words; None: anything will do. Where a synchronous provider wants more than the screen in the body (its own session's id),
    `envelope` puts the screen into it, and `content_type` says what the body is. `lenient` providers are answered 200 even when
    a signed message is not understood. A body of more than `largest` bytes is not read.
    """

    method: str
    path: str
    parse: Callable[[RawRequest], list[Event]]
    genuine: Callable[[RawRequest], bool] = _always
    answer: Callable[[RawRequest], str | None] = _nothing
    lenient: bool = False
    largest: int = LARGEST_BODY
    envelope: Callable[[RawRequest, str], str] | None = None
    content_type: str = PLAIN_TEXT


class Channel(Protocol):
    """What every channel can do. Its traits are what the gateway and the scheduler ask, never its name."""

    @property
    def name(self) -> str:
        """As in `Inbound.channel` and `Notice.channel`."""

    @property
    def doors(self) -> tuple[Door, ...]:
        """The addresses its provider calls."""

    @property
    def synchronous(self) -> bool:
        """Its provider keeps a session open and shows what we answer as the next screen (USSD): nothing is answered later."""

    @property
    def cellular(self) -> bool:
        """It travels over the mobile network itself: one letter beyond GSM-7 halves the room, senders are named as the network dials
        them, and what a customer wrote to is what answers them."""

    @property
    def bounces(self) -> bool:
        """An address may be gone for good; whoever writes from it shows that it works again."""

    @property
    def forgeable(self) -> bool:
        """Anybody can write any sender on it: on its word no phone is prompted."""

    @property
    def opened_by_code(self) -> bool:
        """A code to the customer's own phone opened it: their own pages."""

    @property
    def charged_by_report(self) -> bool:
        """What a message cost stands in the report of its delivery, not in the answer to sending it."""

    def continues(self, stored: str, inbound: Inbound) -> str | None:
        """What of a step is new to the session whose text so far is `stored` (empty: it begins, and the answers dialled along with the
        code are joined by `*`); None: nothing is, it is a repeat."""

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """The screen as the pages this channel needs: never none, and no character or option lost."""

    def render(self, screen: Screen, page: Page) -> str:
        """One of those pages as the provider wants to have it."""

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """Sends each notice and says what became of it, in the order given. Never raises for what a provider does."""


class ByMessage:
    """The traits of a channel of messages, whose answer is a message of its own; a channel names where it differs."""

    synchronous = False
    cellular = False
    bounces = False
    forgeable = False
    opened_by_code = False
    charged_by_report = False

    def continues(self, stored: str, inbound: Inbound) -> str | None:
        """A message stands alone; a repeat is known by its id."""
        return inbound.text


class BySession(ByMessage):
    """The traits of USSD: whoever brings the steps of a session differs in its file alone."""

    synchronous = True
    cellular = True

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """A session is opened by the customer, never by us: every notice is refused."""
        return [CANNOT_START.sent(notice.key) for notice in notices]


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


@runtime_checkable
class Collects(Protocol):
    """A channel whose messages may also lie somewhere until we look (a mailbox)."""

    @property
    def collects(self) -> bool:
        """Whether there is such a place."""

    async def collect(self, take: Callable[[list[Event]], Awaitable[bool]]) -> int:
        """Hand over each message that waits, as what it tells; it is done with, and looked at no more, when `take` says so. How many
        were. `NotReady` while the place cannot be looked into; what `take` raises leaves the message where it is."""


@dataclass(frozen=True, slots=True)
class AirtimeOrder:
    """Airtime for one phone. `key` makes a repeat harmless at the provider; it is the reservation's own key."""

    key: str
    to: str
    minor: int
    currency: str


@runtime_checkable
class SendsAirtime(Protocol):
    """A channel whose provider also sells airtime."""

    async def send_airtime(self, order: AirtimeOrder) -> Sent:
        """Airtime for one phone. `unknown` must be polled or awaited, never sent again under another key."""


@runtime_checkable
class AsksSimSwap(Protocol):
    """A channel whose provider can ask the network about the SIM behind a number."""

    async def ask_sim_swap(self, phone: str) -> str | None:
        """Puts the question; its answer is a `SimChange` of this id. None: it could not be put."""


@dataclass(frozen=True, slots=True)
class Since:
    """A page (re)connected and has seen everything up to `seq`."""

    seq: int


@runtime_checkable
class Framed(Protocol):
    """A channel that the gateway itself carries, in frames over a socket (the web chat)."""

    @property
    def largest_frame(self) -> int:
        """Bytes of one frame."""

    def read(self, visitor: str, raw: str | bytes) -> Inbound | Since:
        """One frame of a visitor; what is none is `Malformed`, and answered as `refusal`."""

    def read_file(self, visitor: str, message_id: str) -> Inbound:
        """A file that the page sent beside its socket, under an id that the page made up."""

    def refusal(self, why: Malformed) -> str:
        """The answer to a frame that could not be read."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What the composition root hands to every channel it opens."""

    settings: Settings
    http: aiohttp.ClientSession
    push: Callable[[Notice], Awaitable[bool]]
    """Shows a notice in an open web chat; False when none is open."""


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One provider of one channel: its file's line in the table of channels."""

    name: str
    provider: str
    needs: tuple[str, ...]
    """The settings (`HODI_...` in small letters) without which it stays shut."""
    make: Callable[[Tools], Channel]
