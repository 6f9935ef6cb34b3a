"""A bank statement as every format tells it: balances and movements, exact to the cent. Pure.

What a statement says must add up (opening + movements = closing), or it was cut short and is refused whole. A movement that could not
be read does not veto the others: what it must have been follows from the balances, and a person looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core import money

RETURNS: dict[str, str] = {
    "AM04": "funds", "AC01": "closed", "AC04": "closed", "AC06": "closed", "AG01": "closed", "AC13": "closed",
    "MD01": "no_mandate", "MD02": "no_mandate", "MD07": "no_mandate", "MD06": "disputed", "SL01": "disputed",
    "MS02": "declined", "MS03": "declined", "AG02": "technical", "CNOR": "technical", "DNOR": "technical",
    "ED05": "technical", "FF01": "technical", "TM01": "technical", "AC02": "closed", "AC03": "closed", "AC05": "closed",
    "AC07": "closed", "RC01": "closed", "MD08": "no_mandate", "MD16": "no_mandate", "MD17": "no_mandate", "AM05": "declined",
    "BE01": "declined", "BE05": "declined", "RR01": "declined", "RR02": "declined", "RR03": "declined", "RR04": "declined",
    "SL11": "disputed", "SL12": "disputed", "SL13": "disputed", "SL14": "disputed", "FOCR": "returned", "DUPL": "returned",
    "CUST": "returned",
}  # fmt: skip
"""Why a bank sent a direct debit back (ISO external code) -> words of `payments.reason.*`."""
NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOTREF", "NOREF", "EREF", "KREF", "PREF", "NONE", "UNKNOWN"})
"""What banks write where there is no reference, or where it stands elsewhere."""


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One payment in a movement: `amount_minor` > 0 came in, < 0 went out. `index` counts within its movement."""

    booked_on: date
    amount_minor: int
    bank_ref: str
    index: int = 0
    end_to_end: str | None = None
    mandate: str | None = None
    name: str = ""
    purpose: str = ""
    returned: bool = False
    """It undoes an earlier movement (a reversal, a returned direct debit)."""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """What the bank booked as one; of a batch each payment is a part, if the parts add up to it."""

    parts: tuple[StatementEntry, ...]
    problem: str | None = None
    """Why a person has to look before anybody is credited."""

    @property
    def booked_on(self) -> date:
        """Its day."""
        return self.parts[0].booked_on

    @property
    def amount_minor(self) -> int:
        """All of it."""
        return sum(part.amount_minor for part in self.parts)

    @property
    def bank_ref(self) -> str:
        """The bank's own reference; "" where it gave none."""
        return self.parts[0].bank_ref


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement (or one page of it) of one account. A balance is None where the file does not tell it."""

    form: str
    account: str
    number: str
    currency: str
    from_on: date
    to_on: date
    opening_minor: int | None
    closing_minor: int | None
    movements: tuple[Movement, ...]
    page: str = ""

    @property
    def entries(self) -> tuple[StatementEntry, ...]:
        """Every payment of every movement."""
        return tuple(part for movement in self.movements for part in movement.parts)

    @property
    def moved_minor(self) -> int:
        """What all movements come to."""
        return sum(movement.amount_minor for movement in self.movements)

    @property
    def off_by(self) -> int:
        """By how much its movements miss its closing balance; 0 for a whole statement, or one that cannot be held against any."""
        if self.opening_minor is None or self.closing_minor is None:
            return 0
        return self.opening_minor + self.moved_minor - self.closing_minor

    def befores(self) -> list[int | None]:
        """The balance before each movement; None where the file tells none."""
        known = self.opening_minor
        if known is None and self.closing_minor is not None:
            known = self.closing_minor - self.moved_minor
        found: list[int | None] = []
        for movement in self.movements:
            found.append(known)
            known = None if known is None else known + movement.amount_minor
        return found


@dataclass(frozen=True, slots=True)
class Unread:
    """Something of a statement that could not be read: as it stands there, and why."""

    text: str
    why: str


def unread_as_one(
    unread: Sequence[Unread],
    movements: Sequence[Movement],
    opening: int | None,
    closing: int | None,
    on: date,
    currency: str,
) -> list[Movement]:
    """What could not be read, as one movement of the amount that the balances lack; none when all was read."""
    if not unread:
        return []
    lacks = 0
    if opening is not None and closing is not None:
        lacks = closing - opening - sum(movement.amount_minor for movement in movements)
    said = " | ".join(one.text for one in unread)[:600]
    count = "an entry" if len(unread) == 1 else f"{len(unread)} entries"
    problem = f"{count} could not be read ({unread[0].why}); by the balances it came to {money.plain(lacks, currency)}"
    return [Movement((StatementEntry(on, lacks, "", purpose=said),), problem)]


def batch(
    whole: StatementEntry,
    parts: Sequence[StatementEntry],
    currency: str,
    *,
    charges_minor: Sequence[int] = (),
    told: int | None = None,
) -> Movement:
    """A movement with its parts where they (with the bank's charges) add up to it; else one that nobody is credited for.

    `told`: how many parts the bank says there are.
    """
    missing = whole.amount_minor - sum(part.amount_minor for part in parts)
    if parts and missing and missing == sum(charges_minor):
        taken = [StatementEntry(whole.booked_on, one, whole.bank_ref, purpose="bank charges") for one in charges_minor]
        return Movement(numbered([*parts, *taken]))
    if parts and not missing:
        return Movement(numbered(parts))
    if parts:
        come_to = money.plain(whole.amount_minor - missing, currency)
        return Movement((whole,), f"its parts do not add up: they come to {come_to}")
    if told is not None and told > 1:
        return Movement((whole,), f"it is a batch of {told} payments, and the file does not tell them")
    return Movement((whole,))


def numbered(parts: Sequence[StatementEntry]) -> tuple[StatementEntry, ...]:
    """Parts with their places."""
    return tuple(
        StatementEntry(
            one.booked_on,
            one.amount_minor,
            one.bank_ref,
            at,
            one.end_to_end,
            one.mandate,
            one.name,
            one.purpose,
            one.returned,
            one.reason,
        )
        for at, one in enumerate(parts)
    )


def key_of(account: str, movement: Movement, ordinal: int) -> str:
    """By what a movement is known for ever: a bank's reference is its own only on its day and with its amount."""
    day = f"{movement.booked_on:%Y%m%d}"
    return f"{account}:{day}:{movement.bank_ref}:{movement.amount_minor}:{ordinal}"
