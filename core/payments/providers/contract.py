"""The port every payment provider is spoken to through: push, redirect, debit, query, and reading its callbacks.

Answers are values. Three of them say that nothing was taken (`Declined`: it said no; `Unreached`: it never heard us;
`Missing`: it does not know the attempt), one that nobody knows (`Unanswered`): that one becomes `unknown` and is polled, never
asked for again. A provider that counts money otherwise than in minor units converts in its own file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Wanted:
    """What we ask a provider for. `key` is the attempt's own, stable: where the provider takes one, it makes a repeat harmless."""

    key: str
    attempt_id: int
    amount_minor: int
    currency: str
    reference: str
    """The account number: what a person reads on her prompt or statement."""
    description: str
    callback_url: str
    phone: str | None = None
    mandate_ref: str | None = None
    return_url: str | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class PushAsked:
    """The prompt is on its way to her phone."""

    provider_ref: str


@dataclass(frozen=True, slots=True)
class RedirectMade:
    """The provider's page is ready for her."""

    provider_ref: str
    url: str


@dataclass(frozen=True, slots=True)
class DebitAsked:
    """The provider will collect under the mandate, and call back."""

    provider_ref: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider said no, for good. `reason` is a word of `payments.reason.*`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """The provider surely never heard us (no connection): nothing happened."""

    why: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A timeout, a broken connection, an answer that says nothing: it may have happened."""

    why: str


@dataclass(frozen=True, slots=True)
class Unaskable:
    """There is nothing to ask by yet (the answer that held its reference was lost): it says nothing of the provider's health."""

    why: str


Pushed = PushAsked | Declined | Unreached | Unanswered
Redirected = RedirectMade | Declined | Unreached | Unanswered
Debited = DebitAsked | Declined | Unreached | Unanswered


@dataclass(frozen=True, slots=True)
class Asked:
    """An attempt we ask about."""

    key: str
    provider_ref: str | None
    amount_minor: int
    currency: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Queried:
    """What the provider says of an attempt. `missing`: it does not know it, so it never happened."""

    state: Literal["succeeded", "failed", "expired", "awaiting_customer", "missing"]
    provider_ref: str | None = None
    txn: str | None = None
    amount_minor: int | None = None
    """None: the provider does not say; what we asked for stands."""
    payer: str = ""
    reason: str | None = None
    redirect_url: str | None = None
    at: datetime | None = None


Told = Queried | Unaskable | Unreached | Unanswered

Kind = Literal["succeeded", "failed", "expired", "inbound", "reversed", "mandate", "ignored"]


@dataclass(frozen=True, slots=True)
class ProviderEventIn:
    """One thing a provider told us, in our words. `key` is its own for ever: told again, it is the same event."""

    key: str
    kind: Kind
    verified_by: Literal["signature", "query", "none"]
    """`query`: unsigned, so the provider is asked before a cent is credited. `none`: unsigned, and it cannot be asked."""
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
    """Of a mandate: what it has become."""
    at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    """What was said, as it was said; kept in the inbox, never logged."""


class NotUnderstood(Exception):
    """The body is not what this provider sends: 400, nothing stored."""


class Forged(Exception):
    """The signature is missing, wrong or stale: 403, nothing stored."""


class Provider(Protocol):
    """One payment provider. Every call ends within its own timeout."""

    @property
    def name(self) -> str:
        """What routes, tables and the ledger call it."""

    @property
    def step_minor(self) -> int:
        """It takes only multiples of so many minor units (M-Pesa: whole shillings)."""

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """What it wants to hear when its callback was taken."""

    async def push(self, wanted: Wanted) -> Pushed:
        """Put a prompt on the phone of `wanted`."""

    async def redirect(self, wanted: Wanted) -> Redirected:
        """Make a page of the provider's where she pays by card."""

    async def debit(self, wanted: Wanted) -> Debited:
        """Collect under a mandate."""

    async def query(self, asked: Asked) -> Told:
        """What became of an attempt."""

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """Read a callback; raises `Forged` or `NotUnderstood`. `about` is what our own callback URL carries."""
