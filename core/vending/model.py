"""A purchase of units as it stands, and what a token is: digits in a text, whose leading zeros count. Pure."""

from dataclasses import dataclass
from datetime import datetime

ORDERED, READY, SENT, UNKNOWN, DONE, FAILED, DROPPED = (
    "ordered", "ready", "sent", "unknown", "done", "failed", "dropped",
)  # fmt: skip
OVER = (DONE, FAILED)
METER_DIGITS = (11, 13)
"""How many digits the number of an STS meter has; the last of them checks the others."""


@dataclass(frozen=True, slots=True)
class Vend:
    """One purchase. Amounts in minor units: `amount` is what they pay, `arrears` what of it goes to their bills."""

    id: int
    request_id: int
    account_id: int
    meter_id: int
    serial: str
    contact_id: int | None
    phone: str
    language: str
    amount_minor: int
    arrears_minor: int
    tax_minor: int
    currency: str
    units_micro: int | None
    token: str | None
    state: str
    receipt_id: int | None
    polls: int
    created_at: datetime

    @property
    def units_minor(self) -> int:
        """The money that buys units."""
        return self.amount_minor - self.arrears_minor


def arrears(amount_minor: int, owed_minor: int, percent: int) -> int:
    """What of a purchase goes to old bills: a share of it, and never more than is owed."""
    return max(0, min(owed_minor, amount_minor * percent // 100))


def is_meter_number(digits: str) -> bool:
    """Whether it may be the number of an STS meter: 11 or 13 digits that pass Luhn's check."""
    if not (digits.isascii() and digits.isdigit() and len(digits) in METER_DIGITS):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def spaced(token: str) -> str:
    """A token as a person types it: `0123 4567 8901 2345 6789`."""
    return " ".join(token[at : at + 4] for at in range(0, len(token), 4))
