"""Who is asking and what they may do: roles and permissions as data, never as code in a page.

A permission names one thing a person at the ops side does (`bill.see`); a role is a set of them. Routes declare the permission that they
ask for, and all there are is collected from them when the gateway starts (`gateway/admin/permissions.py`), which refuses a role that grants
what no route asks for. A key or a person may belong to a branch: then everything of other branches does not exist for them.
"""

from dataclasses import dataclass

EVERYTHING = "*"
"""Granted to a role: whatever a route asks for, also one of tomorrow."""

_LOOK = frozenset(
    {
        "customer.see",
        "bill.see",
        "payment.see",
        "parked.see",
        "reading.see",
        "outage.see",
        "ticket.see",
        "day.see",
        "collections.see",
        "campaign.see",
        "balance.see",
    }
)
_MONEY = frozenset({"mandate.see", "mandate.write", "money.see", "money.close", "suspense.place", "payment.right"})
_LATE = frozenset({"collections.see", "collections.work"})

ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset({EVERYTHING}),
    "clerk": _LOOK - {"day.see", "campaign.see"}
    | {"customer.reveal", "customer.phone", "ticket.write", "dispute.decide", "talk.answer", "outbox.see"}
    | {"mandate.see", "mandate.write", "suspense.place", "payment.right", "desk.use"}
    | {"reading.decide", "outage.write", "airtime.decide"}
    | _LATE,
    "cashier": frozenset({"customer.see", "bill.see", "payment.see", "desk.use"}),
    "finance": _LOOK
    | _MONEY
    | _LATE
    | {"customer.reveal", "dispute.decide", "outbox.see", "outbox.replay", "approval.decide"}
    | {"usage.see", "usage.write", "reading.decide", "parked.decide", "airtime.decide", "cost.see"},
    "collector": _LOOK | {"customer.reveal"} | _LATE,
    "marketing": frozenset({"day.see", "campaign.see", "campaign.run", "notice.edit", "cost.see"}),
    "viewer": _LOOK | {"money.see", "mandate.see", "usage.see", "cost.see"},
    "network": frozenset({"balance.see", "balance.write", "usage.see", "usage.write", "outage.see", "outage.write"}),
    "watcher": frozenset({"metrics.see"}),
    "partner": frozenset({"bill.see", "payment.see", "ticket.see", "ticket.write", "customer.see"}),
}
"""Who may do what: the only table of its kind."""


@dataclass(frozen=True, slots=True)
class Who:
    """Someone who proved who they are: a machine with a key, or a person signed in to the console."""

    actor: str
    """As the audit names them: `key:<id>` or `user:<name>`."""
    role: str
    branch: str | None = None
    """The code of the one branch they belong to; None: the whole house."""

    def may(self, permission: str) -> bool:
        """Whether the role grants `permission`; an unknown role grants nothing."""
        granted = ROLES.get(self.role, frozenset())
        return permission in granted or EVERYTHING in granted
