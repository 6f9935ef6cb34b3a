"""Tickets, outages and disputes as values, and the rules that need no database: what may follow what, and how grave a kind is."""

from dataclasses import dataclass
from datetime import datetime

SUPPLY = frozenset({"no_supply", "voltage", "leak", "quality", "slow"})
"""Kinds that an outage explains, and that the same person reports once however often they call."""

SEVERITY = {"danger": "critical", "no_supply": "high", "voltage": "high", "leak": "high"}
"""How grave a kind of ticket is; every other is `normal`."""

SEVERITIES = ("critical", "high", "normal")
"""From the gravest: sorted as words they are in the same order, and so the queue is read off an index."""

MOVES = {
    "open": frozenset({"waiting", "solved", "closed"}),
    "waiting": frozenset({"open", "solved", "closed"}),
    "solved": frozenset({"open", "closed"}),
    "closed": frozenset[str](),
}
"""From which state a ticket may go where; a closed one stays closed, and a new one is opened."""

UNSOLVED = ("open", "waiting")


@dataclass(frozen=True, slots=True)
class Ticket:
    """One problem, from the first word about it to the last."""

    id: int
    reference: str
    kind: str
    severity: str
    state: str
    contact_id: int | None
    account_id: int | None
    premise_id: int | None
    branch_id: int | None
    description: str
    outage_id: int | None
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of a ticket's log; its clocks are derived from these."""

    at: datetime
    actor: str
    kind: str
    details: dict[str, object]


@dataclass(frozen=True, slots=True)
class Outage:
    """Something that is wrong for everyone in an area."""

    id: int
    commodity: str
    area: str
    cause: str
    started_at: datetime
    expected_until: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """An amount of a bill that its customer contests; frozen while it is open."""

    id: int
    account_id: int
    invoice_id: int
    position: int
    amount_minor: int
    state: str
    ticket_id: int
