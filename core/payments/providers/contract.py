"""The port every payment provider is spoken to through: start something, ask what became of it, read a callback.

Everything asked for has one shape (`StartRequest`, told apart by its method) and one outcome of the four that every remote system has
(`core/outcome.py`): begun, refused, not reached, or unknown, which is polled and never asked for again. A provider that counts
money otherwise than in minor units converts in its own file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol, runtime_checkable

from core.outcome import Done, NotReached, Refusal, Unknown

Method = Literal["mobile_push", "card", "direct_debit", "mandate", "refund"]
"""mobile_push: a prompt on a phone; card: the provider's own page; direct_debit: what they left with the provider (a mandate, a
saved card), without them; mandate: the page on which they leave it; refund: money back to where it came from."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What we ask a provider for. `key` is the attempt's own, stable: where the provider takes one, it makes a repeat harmless."""

    method: Method
    key: str
    attempt_id: int
    amount_minor: int
    currency: str
    reference: str
    """The account number: what a person reads on their prompt or statement."""
    description: str
    callback_url: str
    phone: str | None = None
    email: str | None = None
    mandate_ref: str | None = None
    return_url: str | None = None
    language: str = "en"
    collect_on: date | None = None
    """Of a direct debit: the day that was announced."""
    txn: str | None = None
    """Of a refund: the provider's number of the payment it gives back."""


@dataclass(frozen=True, slots=True)
class Begun(Done):
    """It is under way at the provider, under its own reference; `url` where they have to be sent to its page."""

    provider_ref: str
    url: str | None = None


Started = Begun | Refusal | NotReached | Unknown
"""A refusal's `reason` is a word of `payments.reason.*`."""


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """An attempt we ask about."""

    method: str
    key: str
    provider_ref: str | None
    amount_minor: int
    currency: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """A card that was left with the provider: its token for it (never the number), and what its owner recognises."""

    token: str
    """What `Wanted.mandate_ref` will carry."""
    masked: str = ""
    expires_on: date | None = None
    """The last day on which it can be charged."""
    reusable: bool = True


State = Literal["succeeded", "failed", "expired", "awaiting_customer", "missing"]


@dataclass(frozen=True, slots=True)
class Queried:
    """What the provider says of an attempt. `missing`: it does not know it, so it never happened."""

    state: State
    provider_ref: str | None = None
    txn: str | None = None
    amount_minor: int | None = None
    """None: the provider does not say; what we asked for stands."""
    payer: str = ""
    reason: str | None = None
    redirect_url: str | None = None
    at: datetime | None = None
    saved: Saved | None = None
    """The card it was paid with, where it may be charged again."""
    currency: str = ""
    """Of the amount, where the provider says it; money in another currency than was asked for is nobody's until a person looks."""


Told = Queried | NotReached | Unknown
"""`CALLED_BACK` and `NOTHING_TO_ASK_BY` are the codes of an `Unknown` that is no silence of the provider."""

Kind = Literal[
    "succeeded", "failed", "expired", "inbound", "reversed", "reinstated", "dispute", "mandate", "proof", "ignored"
]
"""`reinstated`: money that was taken back has come back (a dispute that was won). `dispute`: how a disputed payment stands (`state`: open,
answered, won, lost), which moves no money by itself. `proof`: the answer to a question of ours about
one transaction."""


@dataclass(frozen=True, slots=True)
class ProviderEventIn:
    """One thing a provider told us, in our words. `key` is its own for ever: told again, it is the same event."""

    key: str
    kind: Kind
    verified_by: Literal["signature", "answer", "conversation", "query", "none"]
    """`answer`: told in answer to our own question. `conversation`: unsigned, believed only of an attempt that was begun under the
    very conversation it names. `query`: unsigned (or hardly), so the provider is asked before a cent is credited. `none`: unsigned,
    and it cannot be asked at once."""
    attempt_key: str | None = None
    attempt_id: int | None = None
    provider_ref: str | None = None
    txn: str | None = None
    method: str = ""
    amount_minor: int | None = None
    currency: str = ""
    reference: str = ""
    payer: str = ""
    reason: str | None = None
    state: str | None = None
    """Of a mandate: what it has become. Of a reversal: refund, chargeback or debit_return."""
    mandate: str | None = None
    """Our own reference of a mandate, where the provider carries it."""
    due_at: datetime | None = None
    """Of a dispute: until when evidence is taken."""
    saved: Saved | None = None
    """Of a payment or a mandate: the card behind it."""
    at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    """What was said, as it was said; kept in the inbox, never logged."""


class NotUnderstood(Exception):
    """The body is not what this provider sends: 400, nothing stored."""


class Forged(Exception):
    """The signature is missing, wrong or stale: nothing stored, answered 403 (or what the provider expects)."""

    def __init__(self, why: str, status: int = 403) -> None:
        super().__init__(why)
        self.status = status


@runtime_checkable
class Forgets(Protocol):
    """A provider that can be told to forget a card or a mandate. Asked twice it has forgotten once."""

    async def forget(self, token: str, key: str) -> Started:
        """Forget it; a `Refusal`: it knows no such thing (any more)."""


class Provider(Protocol):
    """One payment provider. Every call ends within its own timeout."""

    @property
    def name(self) -> str:
        """What routes, tables and the ledger call it."""

    @property
    def methods(self) -> frozenset[Method]:
        """What it can be asked to start."""

    @property
    def step_minor(self) -> int:
        """It takes only multiples of so many minor units (M-Pesa: whole shillings)."""

    @property
    def most_minor(self) -> int | None:
        """The most that it takes at once; None: it names no limit."""

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """What it wants to hear when its callback was taken."""

    async def start(self, wanted: StartRequest) -> Started:
        """Start what is wanted, of a method that is among `methods`."""

    async def query(self, asked: StatusQuery) -> Told:
        """What became of an attempt."""

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """Read a callback; raises `Forged` or `NotUnderstood`. `about` is what our own callback URL carries."""
