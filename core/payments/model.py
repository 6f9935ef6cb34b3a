"""What payments speak of: an amount split over debts, a link as it stands, an attempt, a receipt on its way in. Pure.

The one rule that matters most is `split`: which debts an amount pays (allocation, domain.md 4). It never touches a disputed
cent, and payments arriving in any order leave the same debts open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

LIVE = ("created", "sent", "unknown", "awaiting_customer")
"""States of an attempt that may still bring money: while one of these holds, the same request starts no other."""

REASONS = (
    "funds", "busy", "expired", "cancelled", "unreachable", "pin", "declined", "down", "never_arrived", "no_trace", "returned",
    "closed", "no_mandate", "disputed", "technical",
)  # fmt: skip
"""Why a payment failed, in the words of `payments.reason.*`; what a provider says otherwise is `declined`."""

FIRST_LOOK = timedelta(minutes=2)
"""When we ask about an attempt the provider has taken but not called back about."""
LOOKS = (timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))
"""When we ask again about an attempt whose outcome is unknown; the last one repeats."""


def next_look(polls: int) -> timedelta:
    """How long to wait after the `polls`th question that brought no answer (0: after the call itself)."""
    return LOOKS[min(polls, len(LOOKS) - 1)]


@dataclass(frozen=True, slots=True)
class Debt:
    """What is open of one invoice. Amounts in minor units; `priority` 0 is paid before 1 (essential service first by law)."""

    invoice_id: int
    open_minor: int
    disputed_minor: int
    due_on: date
    priority: int = 0

    @property
    def payable_minor(self) -> int:
        """What a payment may touch: never a disputed cent."""
        return self.open_minor - self.disputed_minor


@dataclass(frozen=True, slots=True)
class Split:
    """An amount taken apart: (invoice, minor units) in the order they were paid, and what remains as credit."""

    parts: tuple[tuple[int, int], ...]
    credit_minor: int


def split(amount_minor: int, debts: Sequence[Debt], named: int | None = None) -> Split:
    """Pay the debt the payer `named`, then by priority and age; never a disputed cent; the remainder is credit."""
    if amount_minor < 0:
        raise ValueError("a payment cannot be negative: reverse the receipt instead")
    order = sorted(debts, key=lambda debt: (debt.invoice_id != named, debt.priority, debt.due_on, debt.invoice_id))
    left, parts = amount_minor, []
    for debt in order:
        paid = min(left, debt.payable_minor)
        if paid > 0:
            parts.append((debt.invoice_id, paid))
            left -= paid
    return Split(tuple(parts), left)


@dataclass(frozen=True, slots=True)
class Paylink:
    """A link that pays one thing: 22 random letters, where it leads, until when."""

    token: str
    url: str
    expires_at: datetime


LinkState = Literal["open", "paid", "expired", "collecting", "closed", "not_offered"]


@dataclass(frozen=True, slots=True)
class LinkView:
    """A paylink as it stands now. `amount_minor` is live; nothing here says whose debt it is."""

    request_id: int
    account_id: int
    invoice_id: int | None
    state: LinkState
    amount_minor: int
    currency: str
    due_on: date | None
    language: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to get money through one provider. `key` is ours, for ever, and what the provider is asked about."""

    id: int
    key: str
    request_id: int
    account_id: int
    provider: str
    method: str
    amount_minor: int
    currency: str
    state: str
    provider_ref: str | None
    phone: str | None
    mandate_id: int | None
    redirect_url: str | None
    reason: str | None
    polls: int
    poll_at: datetime | None
    created_at: datetime

    @property
    def live(self) -> bool:
        """Whether it may still bring money."""
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class ReceiptIn:
    """Money that arrived, as a provider told it. `txn` None: the provider confirms it but has not said its number yet."""

    provider: str
    txn: str | None
    method: str
    amount_minor: int
    currency: str
    received_at: datetime
    reference: str = ""
    payer: str = ""
    attempt_id: int | None = None


@dataclass(frozen=True, slots=True)
class ReceiptTaken:
    """What `receive.apply` made of it. `placed_now`: it found its account in this very transaction, so journeys follow."""

    receipt_id: int
    placed_now: bool


@dataclass(frozen=True, slots=True)
class ClosedBill:
    """A bill that a receipt settled in full."""

    invoice_id: int
    account_id: int
    total_minor: int
    currency: str
    due_on: date


@dataclass(frozen=True, slots=True)
class ReceiptAllocation:
    """What a receipt paid: parts per invoice, the bills it closed, what remained as credit."""

    account_id: int
    parts: tuple[tuple[int, int], ...]
    closed: tuple[ClosedBill, ...]
    credit_minor: int
    received_at: datetime


def masked(payer: str) -> str:
    """A phone or a name as receipts keep it: the last three characters of what has more than six, else nothing of it."""
    text = payer.strip()
    if "*" in text or not text:
        return text
    return f"***{text[-3:]}" if len(text) > 6 else "***"


LABELS = ("ACCOUNTNUMBER", "ACCOUNTNO", "ACCOUNT", "ACCNO", "ACC", "AC", "NO")


def account_numbers(reference: str) -> list[str]:
    """What account number a payer may have meant by what she typed: as typed, tidied, and without a label before it."""
    typed = reference.strip()
    tidy = "".join(letter for letter in typed.upper() if letter.isalnum())
    found = [typed, typed.upper(), tidy]
    found += [tidy.removeprefix(label) for label in LABELS if tidy.startswith(label)]
    return [number for number in dict.fromkeys(found) if number]
