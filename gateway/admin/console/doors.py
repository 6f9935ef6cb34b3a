"""The doors of the console: where, what, and the permission behind each; and which of them stand open for somebody."""

from core.access.model import Who

GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Customers": (
        ("/console", "Customers", "customer.see"),
        ("/console/tickets", "Tickets", "ticket.see"),
        ("/console/talks", "Chats", "talk.answer"),
        ("/console/spellings", "Same number?", "customer.phone"),
        ("/console/outages", "Outages", "outage.see"),
    ),
    "Bills": (
        ("/console/parked", "Parked bills", "parked.see"),
        ("/console/readings", "Held readings", "reading.see"),
        ("/console/usage", "Usage files", "usage.see"),
    ),
    "Money": (
        ("/console/day", "The day", "day.see"),
        ("/console/money", "Money", "money.see"),
        ("/console/collections", "Collections", "collections.see"),
        ("/console/mandates", "Direct debits", "mandate.see"),
        ("/console/suspense", "Suspense", "suspense.place"),
        ("/console/chargebacks", "Disputed", "payment.right"),
        ("/console/cash", "Cash desk", "desk.use"),
        ("/console/airtime", "Airtime", "airtime.decide"),
    ),
    "Messages": (
        ("/console/campaigns", "Campaigns", "campaign.see"),
        ("/console/notices", "Notice words", "notice.edit"),
        ("/console/outbox", "Dead letters", "outbox.see"),
        ("/console/costs", "Message costs", "cost.see"),
    ),
    "Work": (("/console/approvals", "Approvals", "approval.decide"),),
}
"""The navigation, a group at a time."""
WHOLE = ("/console/usage",)
"""Doors of the whole house: who belongs to a branch is not shown them."""


def doors_of(who: Who) -> dict[str, list[tuple[str, str]]]:
    """The doors that stand open for somebody, by group; a group without one is left out."""
    found = {
        group: [(path, words) for path, words, needs in doors if who.may(needs) and not (path in WHOLE and who.branch)]
        for group, doors in GROUPS.items()
    }
    return {group: doors for group, doors in found.items() if doors}


def first_door(who: Who) -> str:
    """The first page that somebody may see."""
    doors = [path for doors in doors_of(who).values() for path, _ in doors]
    return doors[0] if doors else "/console/nothing"
