"""What a conversation is made of: frozen values, so that one table runs the talk, draws it and is checked.

Every edge is data. A target names a state of the same flow, or a flow (its start), or one of three places that only the session
knows: `WANTED` (where a guard was on the way to), `LEFT` (where a dropped session stood) and `ASKED` (the question behind an aside). Functions decide what is said and
what is kept, never where the talk goes: a function that must choose answers with a label, and the table leads the label on.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App
from core.summary.account_summary import AccountSummary
from dialogs.answers import Answer, ListAnswer

Values = Mapping[str, Any]
"""Plain JSON, and the tagged values of `dialogs/values.py`, which words.py writes in the customer's language."""

WANTED, LEFT, ASKED = "wanted", "left", "the_question"
MOST_ITEMS = 7
"""Of a menu. More than that nobody reads on a small screen."""


class ChannelTraits(Protocol):
    """What a talk may depend on of the channel that it goes by (`channels/contract.py` says what they mean); never its name."""

    @property
    def synchronous(self) -> bool:
        """A session whose next screen is the answer: a dial."""

    @property
    def cellular(self) -> bool:
        """The line itself says who writes, and shows short plain text in which no link is followed."""

    @property
    def forgeable(self) -> bool:
        """Anybody can write any sender on it."""

    @property
    def opened_by_code(self) -> bool:
        """A code to their own phone opened it."""


class CounterRequest(msgspec.Struct, frozen=True):
    """Who asks, as the counter needs to know it. `key` is the stable key of an effect: the same for a repeat."""

    channel: str
    """Its name, for the records; what depends on it is a trait."""
    user: str
    phone: str | None
    lang: str
    contact_id: int | None
    party_id: int | None
    account_id: int | None
    accounts: tuple[int, ...]
    data: Values
    traits: ChannelTraits
    """What the talk may depend on of its channel."""
    key: str = ""
    typed: str = ""
    """What came in, as it was typed: for the record of a STOP, and for nothing else."""
    service: str | None = None
    """The number or code that was written to or dialled."""
    at: datetime | None = None
    """When it was said, where the channel tells: an old word that comes late is not the latest."""
    address: str | None = None
    """The address that it came from, where a stranger can have as many names as they like: the web chat."""


class SummaryReader(Protocol):
    """The cheap read of a turn, asked once and remembered for the rest of the turn."""

    async def standing(self) -> list[AccountSummary]:
        """How the caller's accounts stand; empty when we have never met."""

    async def offers(self, account_id: int, today: date) -> tuple[bool, bool]:
        """Whether there is a dial they may read, and whether the account is prepaid."""


AnswerT_co = TypeVar("AnswerT_co", bound=Answer, covariant=True)


@dataclass(frozen=True, slots=True)
class Load(Generic[AnswerT_co]):
    """A question to the counter. `widest` is the longest answer it may give: the checks fill it in."""

    ask: Callable[[AsyncConnection, App, CounterRequest], Awaitable[AnswerT_co]]
    widest: AnswerT_co


@dataclass(frozen=True, slots=True)
class QuickLoad(Generic[AnswerT_co]):
    """A question answered by the listed point statements of `core/summary/reader.py`, without opening a connection."""

    ask: Callable[[SummaryReader, App, CounterRequest], Awaitable[AnswerT_co]]
    widest: AnswerT_co


@dataclass(frozen=True, slots=True)
class Effect(Generic[AnswerT_co]):
    """Something that changes the world, once. Its answer's `outcome` is one of these; `refused` and `down` are always possible."""

    do: Callable[[AsyncConnection, App, CounterRequest], Awaitable[AnswerT_co]]
    widest: AnswerT_co
    outcomes: tuple[str, ...] = ("done",)
    risk: Literal["none", "money", "order", "personal"] = "none"
    """What a confirmation must stand before."""


AnyLoad = Load[Answer] | QuickLoad[Answer]


class Again(Exception):
    """What was typed cannot be used: a hint (a catalogue key), and the question is asked again."""

    def __init__(self, key: str, /, **params: Any) -> None:
        super().__init__(key)
        self.key, self.params = key, params


@dataclass(frozen=True, slots=True)
class Go:
    """A choice that leads on. `when` names a loaded value that must be true for the choice to be offered."""

    label: str
    to: str
    keep: Values = field(default_factory=dict)
    when: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    """A choice that runs an effect; every outcome is led somewhere. Only the customer's own yes runs it, never a deep dial."""

    label: str
    run: Effect[Answer]
    done: str
    refused: str
    down: str
    already: str = ""
    pending: str = ""
    when: str = ""

    @property
    def leads(self) -> dict[str, str]:
        """Outcome -> target."""
        targets = {"done": self.done, "already": self.already, "pending": self.pending}
        return {name: to for name, to in targets.items() if to} | {"refused": self.refused, "down": self.down}


@dataclass(frozen=True, slots=True)
class Menu:
    """Words and a fixed list of choices."""

    text: str
    choices: tuple[Go | Do, ...]
    load: AnyLoad | None = None
    keep: tuple[str, ...] = ()
    """Loaded values that the talk must remember as they were shown (an amount that was confirmed)."""
    home: bool = False
    """The top of the tree: there is nothing to go back to."""
    pages: int = 1
    """How many pages the screen may need in the worst case; the checks hold it to that."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A list made of what the counter knows: `rows` of the answer, each with a `value` and the fields of the row's text."""

    text: str
    row: str
    load: Load[ListAnswer]
    keep_as: str
    to: str
    none: str
    """Where an empty list leads."""
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Ask:
    """A question answered in the customer's own words. `parse(text, data, common)` gives what to keep, or raises Again.

    Among what is common is `lang`, the language of whoever answers: numbers are read in its notation."""

    text: str
    parse: Callable[[str, Values, Values], Values]
    to: str
    load: AnyLoad | None = None
    keep: tuple[str, ...] = ()
    widest: Values = field(default_factory=dict)
    """The longest of what `parse` gives."""
    secret: bool = False
    """A PIN or a code: what is typed is handed to the next effect and kept nowhere."""
    pages: int = 1
    nav: bool = True
    """Whether `0` and `00` lead away; without them the flow itself must know a way out."""
    share: str = ""
    """The label of a button that shares their own phone, where the channel has such a button."""
    coded: bool = False
    """The answer is a number or a code: what is a keyword as a whole is none."""
    pin: bool = False
    """It asks for a place: a pin on a map answers it."""
    quiet: bool = False
    """A person answers here: the house says nothing, and `text` is for the drawings only."""


@dataclass(frozen=True, slots=True)
class Say:
    """Something told in the middle of a talk, with ways on."""

    text: str
    choices: tuple[Go, ...] = ()
    load: AnyLoad | None = None
    keep: tuple[str, ...] = ()
    pages: int = 1


@dataclass(frozen=True, slots=True)
class End:
    """The last words: on USSD the session closes."""

    text: str
    load: AnyLoad | None = None
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Fork:
    """Not shown: leads on by a label. The label is `judge(data, who)`, or the `outcome` of what was loaded."""

    to: Mapping[str, str]
    judge: Callable[[Values, Values], str] | None = None
    load: AnyLoad | None = None
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Not shown: runs an effect that needs no yes of its own (a code was just typed), and leads every outcome on."""

    run: Effect[Answer]
    to: Mapping[str, str]


State = Menu | Pick | Ask | Say | End | Fork | Act
OFFERS, ASKS, SHOWS_ONLY, NOT_SHOWN = (Menu, Say), (Menu, Pick, Ask), (Pick, Act, End), (Fork, Act)
"""Who offers choices, who waits for an answer, who keeps nothing of what it loaded, and who never stands on a screen. For `isinstance`, which is slow on a union."""


@dataclass(frozen=True)
class Flow:
    """One conversation. `guards` are flows that are passed first, in order (which account? PIN?)."""

    name: str
    start: str
    states: Mapping[str, State]
    guards: tuple[str, ...] = ()
