"""What an operator tells us about a customer or a meter, and what came of it."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NewMeter:
    """A meter on the wall. `multiplier` is a decimal text; `interval_minutes` None for a register that is read by hand."""

    serial: str
    code: str = "energy"
    unit: str = "kWh"
    kind: str = "interval"
    interval_minutes: int | None = 30
    dials: int = 6
    multiplier: str = "1"
    installed_on: date | None = None
    """None: the day the service started."""
    removed_on: date | None = None
    registers: str | None = None
    """`day night`: each is billed by its own code; None: it has one."""


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """One row of a customers file: a person, her account, where it is served and on which plan.

    `phone` is E.164. A second row of the same `national_id` is the same person with one more account.
    """

    name: str
    number: str | None = None
    """The account number; None: we make one."""
    phone: str | None = None
    email: str | None = None
    language: str | None = None
    national_id: str | None = None
    kind: str = "person"
    branch: str = "main"
    segment: str = "residential"
    bill_day: int = 1
    opened_on: date | None = None
    persons: int | None = None
    address: str = ""
    area: str = ""
    commodity: str = "electricity"
    payment_mode: str = "postpaid"
    tariff: str | None = None
    """The code of a tariff; None: the operator's default."""
    marketing: bool = False
    meter: NewMeter | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """The ids of what was made for one customer."""

    party_id: int
    account_id: int
    number: str
    premise_id: int
    service_id: int
    contact_id: int | None
    meter_id: int | None


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row: accepted, duplicate (there already), held (kept, somebody must look) or rejected; and why."""

    state: str
    reason: str = ""


TAKEN, DUPLICATE = RowOutcome("accepted"), RowOutcome("duplicate")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file. `rejected` and `held`: (row number, reason); held rows count as accepted."""

    accepted: int
    duplicates: int
    rejected: list[tuple[int, str]] = field(default_factory=list)
    reject_file: Path | None = None
    held: list[tuple[int, str]] = field(default_factory=list)
    filtered: int = 0
    """Records that their source says are not usage."""
    revised: int = 0
    """Of the accepted, those that supersede what was there."""
