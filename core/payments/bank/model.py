"""A bank statement as every format tells it: balances and entries, exact to the cent. Pure.

What a statement says must add up (opening + entries = closing), or it was cut short and is refused whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

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


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement: `amount_minor` > 0 came in, < 0 went out. `index` counts within the bank's own reference."""

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
class Statement:
    """One statement of one account."""

    account: str
    number: str
    currency: str
    from_on: date
    to_on: date
    opening_minor: int
    closing_minor: int
    entries: tuple[Entry, ...]

    @property
    def off_by(self) -> int:
        """By how much its entries miss its closing balance; 0 for a whole statement."""
        return self.opening_minor + sum(entry.amount_minor for entry in self.entries) - self.closing_minor


def numbered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries with a reference each: where the bank gave none, their place among equals of the day makes one."""
    seen: dict[str, int] = {}
    found = []
    for entry in entries:
        ref = (
            entry.bank_ref or f"{entry.booked_on:%Y%m%d}/{entry.amount_minor}/{entry.end_to_end or entry.purpose[:30]}"
        )
        index = seen[ref] = seen.get(ref, -1) + 1
        found.append(replace(entry, bank_ref=ref, index=index))
    return tuple(found)


def key_of(account: str, entry: Entry) -> str:
    """By what an entry is known for ever."""
    return f"{account}:{entry.bank_ref}:{entry.index}"
