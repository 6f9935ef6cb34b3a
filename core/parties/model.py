"""Who a customer is, how they reach us, and where they are served: values that other rooms may hold."""

from dataclasses import dataclass
from datetime import date, datetime

from core.phone import from_provider, subscriber

PHONE = "phone"
"""The channel of contacts known by their number: USSD and SMS reach the same phone, so they share one contact."""

LEFT = "left"
"""The kind of a `sim_change`: a chat moved away from this number."""

SWAP = "sim"
"""The kind of a `sim_change`: another card under this number."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach one person; `phone` is E.164 where it is known, `stopped_at` when they said STOP."""

    id: int
    channel: str
    channel_user: str
    phone: str | None
    party_id: int | None
    language: str
    marketing: bool
    stopped_at: datetime | None
    parted_at: datetime | None = None

    @property
    def parted(self) -> float:
        """When it last lost an account, in seconds since 1970; 0 when it never did."""
        return self.parted_at.timestamp() if self.parted_at else 0.0


@dataclass(frozen=True, slots=True)
class Account:
    """What is billed: the number a person reads out, whose it is, and on which day it closes."""

    id: int
    number: str
    party_id: int
    name: str
    currency: str
    bill_day: int
    state: str
    branch_id: int
    language: str
    persons: int | None
    opened_on: date


@dataclass(frozen=True, slots=True)
class Place:
    """A service of an account and the premise it is at; without one the premise is None and address and area are empty."""

    premise_id: int | None
    address: str
    area: str
    branch_id: int | None
    commodity: str
    service_id: int


@dataclass(frozen=True, slots=True)
class Hit:
    """What a search found: the account (or contact) and by which of its identifiers."""

    kind: str
    """account, party, phone, meter, invoice, ticket or receipt."""
    text: str
    account_id: int | None
    number: str
    name: str


def subscriber_of(user: str | None, phone: str | None) -> str | None:
    """By which spelling the number of a contact is compared: its phone, else what it is known by where that is a number."""
    number = phone or from_provider(user or "")
    return subscriber(number) if number else None


def medium(channel: str) -> str:
    """The channel under which a contact is filed: `phone` for USSD, SMS and their own pages, itself for all others."""
    return PHONE if channel in ("ussd", "sms", "page", PHONE) else channel
