"""What the ledger speaks of: books, postings, journals. Pure values and the rules that need no database.

A posting has a source and a destination, so it cannot be unbalanced; undo is the same posting the other way round. The chart
is closed: a misspelt book would take money out of sight, so a new one is added here and nowhere else.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

OWNED = frozenset({"receivable", "points", "purse"})
"""Books that each customer's account has of its own: what they owe (or has to their credit), their points, and the money we hold for
what they will use (negative: we owe it)."""

HOUSE = frozenset(
    {
        "revenue", "tax", "rounding", "suspense", "rewards_cost", "points_issued",
        "refunds", "bank", "fees", "over_short", "deposits", "prepaid", "bad_debt",
    }
)  # fmt: skip
"""Books of the house: `refunds` is what we owe back, `deposits` cash on its way to the bank, `over_short` what nobody can explain,
`prepaid` paid for units whose token is not out yet; `bad_debt` written off; besides them `cash:<provider>` for each way money comes in."""

CASH = "cash:"


@dataclass(frozen=True, slots=True, order=True)
class Book:
    """One book of the chart: `owner_id` is the customer's account, or 0 for the house's own."""

    code: str
    owner_id: int = 0

    def __post_init__(self) -> None:
        owned = self.code in OWNED
        if not owned and self.code not in HOUSE and not self.code.startswith(CASH):
            raise ValueError(f"{self.code!r} is not in the chart of core/ledger/model.py")
        if owned != bool(self.owner_id):
            raise ValueError(
                f"{self.code} {'needs' if owned else 'has'} an owner" + ("" if owned else " nobody asked for")
            )


def receivable(account_id: int) -> Book:
    """What a customer's account owes us."""
    return Book("receivable", account_id)


@dataclass(frozen=True, slots=True)
class Posting:
    """`amount` (> 0, minor units, points or micro-kWh) of `asset` moves from `source` to `destination`, and why."""

    source: Book
    destination: Book
    amount: int
    asset: str
    why: str

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError(f"a posting moves something: {self.amount} is not above zero (turn it round instead)")
        if self.source == self.destination:
            raise ValueError(f"{self.source} cannot post to itself")

    def turned(self, why: str) -> "Posting":
        """The same amount back again."""
        return Posting(self.destination, self.source, self.amount, self.asset, why)


@dataclass(frozen=True, slots=True)
class Journal:
    """Postings that happen together, once: `key` is unique for ever."""

    key: str
    kind: str
    booked_on: date
    postings: Sequence[Posting]
    details: Mapping[str, Any] = field(default_factory=dict)
    reverses_id: int | None = None


def movements(postings: Iterable[Posting]) -> dict[tuple[Book, str], int]:
    """By how much each (book, asset) changes; books that come out even are left in, for they are touched."""
    moved: dict[tuple[Book, str], int] = defaultdict(int)
    for posting in postings:
        moved[posting.source, posting.asset] -= posting.amount
        moved[posting.destination, posting.asset] += posting.amount
    return dict(moved)


def spans(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Rising ids as closed runs: 1, 2, 3, 7 -> (1, 3), (7, 7)."""
    runs: list[tuple[int, int]] = []
    for number in ids:
        if runs and runs[-1][1] + 1 == number:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
