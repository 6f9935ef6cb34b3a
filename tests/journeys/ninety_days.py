"""An oracle that knows nothing of Hodi: it keeps each late account's debts and holds by itself, and judges whatever leaves.

Its rules are written down a second time, from the design and not from the code: what is payable, who is protected, which days are
working days in Kenya, how long after the notice, in which hours. It sees only what a customer and a network see.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

HOLIDAYS = {
    date(2026, 3, 20), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 6, 1),
}  # fmt: skip
"""Idd-ul-Fitr, Good Friday, Easter Monday, Labour Day, Madaraka Day."""
MINIMUM = 10_000
AGE = {"soft": 15, "hard": 30}


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


@dataclass
class Bill:
    due: date
    open: int
    frozen: int = 0
    arranged: int = 0

    def payable(self, on: date) -> int:
        return max(0, self.open - self.frozen - self.arranged) if self.due < on else 0


@dataclass
class Truth:
    """One account as its customer would tell it."""

    bills: list[Bill] = field(default_factory=list)
    protected: bool = False
    pending: bool = False
    told_on: date | None = None
    """When the last formal notice reached them, since the last hold ended."""
    settled_at: datetime | None = None
    """When something happened after which nothing justified a restriction."""
    wanted: str = "none"
    steps: list[str] = field(default_factory=list)

    def payable(self, on: date) -> int:
        return sum(bill.payable(on) for bill in self.bills)

    def oldest(self, on: date) -> date | None:
        return min((bill.due for bill in self.bills if bill.payable(on)), default=None)

    def pay(self, minor: int) -> None:
        """The oldest first, never a frozen cent; what is arranged is paid off as its bill is."""
        for bill in sorted(self.bills, key=lambda one: one.due):
            part = min(minor, bill.open - bill.frozen)
            bill.open -= part
            bill.arranged = min(bill.arranged, bill.open - bill.frozen)
            minor -= part

    def justified(self, on: date) -> bool:
        return self.payable(on) >= MINIMUM and not self.protected


@dataclass
class Oracle:
    """Judges what it sees; `wrong` stays empty."""

    accounts: dict[int, Truth] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    bars: int = 0
    unbars: int = 0
    notices: int = 0

    def happened(self, account: int, now: datetime) -> None:
        """Something changed for them: from now on five minutes count if nothing justifies a restriction."""
        truth = self.accounts[account]
        if truth.wanted != "none" and not truth.justified(now.date()):
            truth.settled_at = truth.settled_at or now
        if not truth.justified(now.date()):
            truth.told_on = None

    def noticed(self, account: int, text: str, amount: str, step: str, now: datetime) -> None:
        truth = self.accounts[account]
        self.notices += 1
        if amount not in text:
            self.wrong.append(f"{now}: {account} was told {text!r}, and owes {amount}")
        if truth.payable(now.date()) < MINIMUM or (truth.protected and step not in ("overdue", "firm")):
            self.wrong.append(f"{now}: {account} had nothing to be told ({step})")
        truth.steps.append(step)

    def network(self, account: int, level: str, now: datetime) -> None:
        truth = self.accounts[account]
        truth.wanted = level
        if level == "none":
            self.unbars += 1
            truth.settled_at = None
            return
        self.bars += 1
        for doubt in self._doubts(truth, level, now):
            self.wrong.append(f"{now}: {account} barred {level} although {doubt}")

    def _doubts(self, truth: Truth, level: str, now: datetime) -> list[str]:
        on, oldest = now.date(), truth.oldest(now.date())
        found = []
        if truth.payable(on) < MINIMUM:
            found.append("nothing payable is overdue")
        if truth.protected or truth.pending:
            found.append("they are protected, or pays")
        if not works(on) or not 9 <= now.hour < (15 if works(on + timedelta(days=1)) else 12):
            found.append("it is no hour for it")
        if oldest is None or (on - oldest).days < AGE[level]:
            found.append(f"the debt is young: {oldest}")
        if (
            truth.told_on is None
            or sum(works(truth.told_on + timedelta(days=n + 1)) for n in range((on - truth.told_on).days)) < 2
        ):
            found.append(f"they were told on {truth.told_on}")
        return found

    def tick(self, now: datetime) -> None:
        """Nobody stays restricted for more than five minutes after what settled it."""
        for account, truth in self.accounts.items():
            if truth.settled_at and now - truth.settled_at > timedelta(minutes=5):
                self.wrong.append(f"{now}: {account} is still {truth.wanted}, settled at {truth.settled_at}")
                truth.settled_at = None
