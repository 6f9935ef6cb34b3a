"""Who is asking and what they may do: roles and permissions as data, never as code in a page.

A permission names one thing a person at the ops side does (`bill.see`); a role is a set of them. Every route of the console and
of the ops API carries exactly one permission, and a route without one fails a test. A key or a person may belong to a branch:
then everything of other branches does not exist for them.
"""

from dataclasses import dataclass

PERMISSIONS: dict[str, str] = {
    "customer.see": "find a customer and see the whole of one",
    "customer.reveal": "see phone numbers in full",
    "customer.phone": "change the phone of record of an account",
    "bill.see": "see bills and their lines",
    "parked.see": "see months that are not billed yet, and why",
    "parked.decide": "bill such a month on an estimate, try it anew, ask to skip it",
    "reading.see": "see readings that are held",
    "reading.decide": "accept a held reading, put another in its place, or have the meter read again",
    "payment.see": "see payments and what they paid",
    "ticket.see": "see tickets",
    "ticket.write": "open tickets and move them on",
    "outage.see": "see outages",
    "outage.write": "say that an outage began, how long it will last, and that it is over",
    "airtime.decide": "say of airtime orders without an answer whether they arrived",
    "notice.edit": "check and keep the operator's own words of notices",
    "cost.see": "see what messages cost",
    "dispute.decide": "decide a dispute: credit what was wrong on a bill",
    "talk.answer": "take chats that ask for a person, and answer them",
    "day.see": "see a day: bills, payments, messages, and the cash expected",
    "collections.see": "see who is late, what holds, and what comes next",
    "collections.work": "note calls, protect, arrange, and ask to write off",
    "campaign.see": "see campaigns and how far they are",
    "campaign.run": "plan, pause and cancel campaigns",
    "outbox.see": "see messages that could not leave",
    "outbox.replay": "send dead messages again",
    "balance.see": "see what customers have beforehand: bundles and prepaid money",
    "balance.write": "top up, hold and draw what customers have beforehand",
    "usage.see": "see usage, the files it came in, and what was rejected",
    "usage.write": "send usage in, and take rejected records again",
    "mandate.see": "see direct debits: mandates, files, how the first tries went",
    "mandate.write": "take and end mandates, make the files for the bank",
    "money.see": "see a day matched three ways, what is owed and how old it is",
    "money.close": "explain differences and close a day",
    "suspense.place": "say whose money it is that waits in suspense",
    "payment.right": "ask for refunds, move receipts to the right account",
    "desk.use": "have a drawer: take cash, count it, take it to the bank",
    "approval.decide": "decide what another person asked for",
    "console.use": "sign in to the console and out of it",
    "metrics.see": "read the counters of the gateway from another machine",
}
"""What may be done, and what each means in words."""

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
        "console.use",
    }
)
_MONEY = frozenset({"mandate.see", "mandate.write", "money.see", "money.close", "suspense.place", "payment.right"})
_LATE = frozenset({"collections.see", "collections.work"})

ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset(PERMISSIONS),
    "clerk": _LOOK - {"day.see", "campaign.see"}
    | {"customer.reveal", "customer.phone", "ticket.write", "dispute.decide", "talk.answer", "outbox.see"}
    | {"mandate.see", "mandate.write", "suspense.place", "payment.right", "desk.use"}
    | {"reading.decide", "outage.write", "airtime.decide"}
    | _LATE,
    "cashier": frozenset({"customer.see", "bill.see", "payment.see", "desk.use", "console.use"}),
    "finance": _LOOK
    | _MONEY
    | _LATE
    | {"customer.reveal", "dispute.decide", "outbox.see", "outbox.replay", "approval.decide"}
    | {"usage.see", "usage.write", "reading.decide", "parked.decide", "airtime.decide", "cost.see"},
    "collector": _LOOK | {"customer.reveal"} | _LATE,
    "marketing": frozenset({"day.see", "campaign.see", "campaign.run", "notice.edit", "cost.see", "console.use"}),
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
        return permission in ROLES.get(self.role, frozenset())
