"""Where two sides differ, decided from values alone: ours and the provider's by transaction, the provider's and the bank's by payout.

The amount of a difference is what they have more than we (negative: less). Money that is on one side only is `late` within the grace
of days, and `missing` after it. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

KINDS: dict[str, str] = {
    "missing_there": "we have it, the provider has not",
    "missing_here": "the provider has it, we have not",
    "amount": "both have it, with different amounts",
    "duplicate_there": "the provider reports it more than once",
    "fees": "gross less fee is not the net that is reported",
    "payout_missing": "paid out by the provider, not on our bank account",
    "payout_amount": "the bank account has another amount than was paid out",
    "bank_unexplained": "on the bank statement, and nothing of ours explains it",
    "bank_otherwise": "a statement tells a movement otherwise than another statement did",
    "deposit_missing": "cash taken to the bank, not on our bank account",
    "deposit_amount": "the bank counted another amount than was deposited",
    "drawer_open": "a drawer of this day is not closed",
}
"""Every kind, in words for the console."""


TO_DO: dict[str, str] = {
    "missing_there": "ask the provider for it by its number; if the money never came, reverse the receipt",
    "missing_here": "match again in a while; if it stays, import the payment and place it",
    "amount": "look at the receipt and at the provider's page, and correct the one that is wrong by a refund or a move",
    "duplicate_there": "ask the provider which one was paid out, and refund the customer where both were",
    "fees": "ask the provider for its invoice of the fees, and say here what it is",
    "payout_missing": "import the bank's newest statement; if it is not there, ask the provider for the transfer",
    "payout_amount": "compare the provider's list of the payout with the bank's entry, and ask whoever differs",
    "bank_unexplained": "say what the entry is; a customer's payment is placed under Suspense",
    "bank_otherwise": "compare the two statements; if money is missing from the books, ask the bank, then place it",
    "deposit_missing": "import the bank's newest statement; if it is not there, show the slip to the bank",
    "deposit_amount": "compare the slip with the bank's entry; what is short is explained here",
    "drawer_open": "let the cashier count and close the drawer, under Cash desk",
}
"""What a person does about each kind before she explains it away."""

FEE = "fee"
"""A line that no payment is behind: what the provider kept, which its payout books."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A transaction as our books have it."""

    provider: str
    txn: str
    in_minor: int
    out_minor: int
    booked_on: date
    branch_id: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of a provider's report."""

    provider: str
    key: str
    txn: str
    kind: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    happened_on: date
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing to be explained."""

    kind: str
    provider: str
    about: str
    amount_minor: int
    day: date
    late: bool = False
    branch_id: int | None = None
    note: str | None = None
    """What is known of it already."""

    @property
    def key(self) -> str:
        """By what it is known for ever."""
        return f"{self.kind}:{self.provider}:{self.about}"


def compare(
    ours: Iterable[Ours],
    lines: Iterable[ReportLine],
    *,
    today: date,
    grace: timedelta,
    reported_until: Mapping[str, date],
) -> list[Difference]:
    """Ours against the providers' lines, transaction by transaction.

    `reported_until` is how far each provider's reports reach: what they should hold by then is missing, the rest may come.
    """
    by_txn: dict[tuple[str, str], list[ReportLine]] = defaultdict(list)
    for line in lines:
        if line.kind != FEE:
            by_txn[line.provider, line.txn].append(line)
    found: list[Difference] = []
    for one in ours:
        theirs = by_txn.pop((one.provider, one.txn), [])
        if theirs:
            found += _both(one, theirs)
        else:
            late = today - one.booked_on <= grace and reported_until.get(one.provider, date.min) <= one.booked_on
            amount = one.out_minor - one.in_minor
            if amount:
                found.append(
                    Difference("missing_there", one.provider, one.txn, amount, one.booked_on, late, one.branch_id)
                )
    for (provider, txn), rest in by_txn.items():
        day = min(line.happened_on for line in rest)
        amount = sum(line.gross_minor for line in _once(rest))
        found.append(Difference("missing_here", provider, txn, amount, day, late=today - day <= grace))
    return found


def _both(one: Ours, theirs: Sequence[ReportLine]) -> list[Difference]:
    found: list[Difference] = []
    single = _once(theirs)
    twice = sum(line.gross_minor for line in theirs) - sum(line.gross_minor for line in single)
    if twice:
        day = max(line.happened_on for line in theirs)
        found.append(Difference("duplicate_there", one.provider, one.txn, twice, day, branch_id=one.branch_id))
    amount = sum(line.gross_minor for line in single) - (one.in_minor - one.out_minor)
    if amount:
        found.append(Difference("amount", one.provider, one.txn, amount, one.booked_on, branch_id=one.branch_id))
    for line in theirs:
        off = line.net_minor - (line.gross_minor - line.fee_minor)
        if off:
            found.append(Difference("fees", one.provider, line.key, off, line.happened_on, branch_id=one.branch_id))
    return found


def _once(lines: Sequence[ReportLine]) -> list[ReportLine]:
    """Each payment once: a line of the same kind and amount as one before is its double (refunds may well be alike)."""
    seen: set[tuple[str, int]] = set()
    kept = []
    for line in lines:
        if line.kind != "payment" or (line.kind, line.gross_minor) not in seen:
            kept.append(line)
        seen.add((line.kind, line.gross_minor))
    return kept
