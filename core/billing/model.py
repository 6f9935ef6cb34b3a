"""What the bill run and its readers speak of: frozen values. Money in minor units, quantities in micro-units, half-open periods."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

SERIES, CREDIT, LATE, FEE = "bill", "credit", "late", "fee"
"""The series of ordinary bills, that of credit notes, that of invoices for usage that came after its bill, and that of fees."""

Words = Mapping[str, str]
"""A text in each language: {"en": ..., "sw": ...}."""


@dataclass(frozen=True, slots=True)
class Parked:
    """An account that could not be billed, and why; the others went on."""

    account_id: int
    number: str
    from_date: date
    to_date: date
    reason: str
    stake_minor: int | None = None
    """About how much it comes to (`stake.py`); None where nothing is known."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """Where the run of a date stands. `problems` is empty when lines = invoices = postings; only then is it closed."""

    on: date
    state: str
    """building, built, finalising or closed."""
    built: int
    """Draft invoices made by this call."""
    finalised: int
    """Invoices made final by this call."""
    accounts: int
    """Invoices of the run in all."""
    total_minor: int
    currency: str
    parked: tuple[Parked, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FinalBill:
    """A bill at the moment it became final, for what follows from that (credit, collection, the notice)."""

    invoice_id: int
    account_id: int
    number: str
    token: str
    total_minor: int
    currency: str
    due_on: date
    to_pay_minor: int
    """What of this bill is left to pay once the credit she had is taken off; never below zero."""
    before_minor: int = 0
    """What she owed (> 0) or had to her credit (< 0) just before this bill."""
    reward_minor: int = 0
    """<= 0: what units from her points took off."""


@dataclass(frozen=True, slots=True)
class BillSummary:
    """One bill in a list, with what is open of it now."""

    invoice_id: int
    number: str
    from_date: date
    to_date: date
    total_minor: int
    open_minor: int
    disputed_minor: int
    due_on: date
    currency: str
    estimated: bool
    token: str


@dataclass(frozen=True, slots=True)
class Owing:
    """What an account has to pay now: the open items, what of it is held by disputes, and the earliest due day."""

    open_minor: int
    disputed_minor: int
    due_on: date | None
    currency: str


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line: `label` in each language; `quantity_micro`, `unit` and `price` where the tariff has them."""

    position: int
    service_id: int
    code: str
    label: Words
    quantity_micro: int | None
    unit: str | None
    price: str | None
    amount_minor: int
    kind: str
    part_of: str | None = None


@dataclass(frozen=True, slots=True)
class ServicePart:
    """All lines of one service and what they come to."""

    service_id: int
    commodity: str
    address: str
    meters: tuple[str, ...]
    estimated: bool
    lines: tuple[BillLine, ...]
    subtotal_minor: int
    off_days: int = 0
    """Days on which it was shut and is not charged for."""


@dataclass(frozen=True, slots=True)
class MonthUse:
    """What was used in one period: one bar of the chart."""

    from_date: date
    to_date: date
    quantity_micro: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Instalment:
    """One payment of a plan: what was agreed for a day, and what of it is still to come."""

    due_on: date
    amount_minor: int
    left_minor: int


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """An arrangement to pay in instalments that runs. `covers`: this very bill is paid by it."""

    instalments: tuple[Instalment, ...]
    covers: bool

    @property
    def left_minor(self) -> int:
        """What is left of the whole plan."""
        return sum(one.left_minor for one in self.instalments)

    @property
    def next(self) -> Instalment | None:
        """The first instalment of which something is left."""
        return next((one for one in self.instalments if one.left_minor), None)


@dataclass(frozen=True, slots=True)
class Bill:
    """The one data set that HTML, PDF, SMS and USSD all render."""

    invoice_id: int
    account_id: int
    number: str | None
    """None on a preview."""
    token: str
    name: str
    account_number: str
    from_date: date
    to_date: date
    issued_on: date | None
    due_on: date
    currency: str
    total_minor: int
    tax_minor: int
    rounding_minor: int
    before_minor: int
    paid_minor: int
    open_minor: int
    disputed_minor: int
    estimated: bool
    services: tuple[ServicePart, ...]
    use: tuple[MonthUse, ...]
    use_unit: str
    operator: str
    support_phone: str
    url: str
    """Where this bill can be seen and paid; "" when the operator has no public address."""
    credited_minor: int = 0
    """What credit notes took off it."""
    corrects: str = ""
    """The number of the bill that this takes something off: then it is a credit note, and its amounts are below zero."""
    plan: ServicePlan | None = None
    """The instalments she has agreed, on the bills they pay and on those that came since."""

    @property
    def lines(self) -> tuple[BillLine, ...]:
        """Every line, in the order of the bill."""
        return tuple(line for part in self.services for line in part.lines)

    @property
    def to_pay_minor(self) -> int:
        """What is to be paid by the due day: what is open of this bill and not disputed."""
        return self.open_minor - self.disputed_minor
