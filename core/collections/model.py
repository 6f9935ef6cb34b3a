"""What collections speak of: how an account stands with its overdue debt, its episode on the ladder, and what is decided. Pure.

An *episode* begins when enough is overdue and ends when it is not any more. A *round* begins anew when a hold has ended: the customer
gets fresh notice of the step on which she stood before anything else happens.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from core.config.collections import StepName

Kind = Literal["none", "start", "wait", "step", "hold", "resume", "end"]
AFRESH = ("disputed", "arrangement", "protected")
"""Holds after which she is told again before the ladder goes on; a payment under way is none of them."""


@dataclass(frozen=True, slots=True)
class Episode:
    """Where an account stands on the ladder."""

    id: int
    anchor: date
    """The day from which the steps of this round count: the due day, or a day that gives fresh notice its time."""
    due_on: date
    """The oldest due day of the debt it is about."""
    round: int
    position: StepName | None
    """The last step done in this round or before it; None: none yet."""
    done_on: date | None
    held: str | None = None


@dataclass(frozen=True, slots=True)
class OverduePosition:
    """One account on one day: only what is past its due day counts. Amounts in minor units."""

    account_id: int
    segment: str
    payable_minor: int
    """Overdue and neither disputed nor under an arrangement."""
    oldest_due: date | None = None
    """Of what is payable."""
    oldest_billed: date | None = None
    disputed_minor: int = 0
    arranged_minor: int = 0
    pending: bool = False
    """A payment is under way: an attempt may still bring money, or a mandate collects."""
    protections: frozenset[str] = frozenset()
    """Kinds that were registered and have not ended."""
    corrected_on: date | None = None
    """When the latest corrected bill among the payable ones was made."""
    told_on: date | None = None
    """When the formal notice of this round reached her; None: not yet, or not known."""
    agency: str | None = None
    """Who collects it for us just now; None: we do."""
    episode: Episode | None = None


@dataclass(frozen=True, slots=True)
class LadderDecision:
    """What is to happen to an account on a day, and why: the trail reads from the first reason to the last."""

    kind: Kind
    on: date
    """The day of the decision, or of the step that is waited for."""
    step: StepName | None = None
    trail: tuple[str, ...] = ()
    hold: str | None = None
    """With `hold`: pending, untold, agency, or one of `AFRESH`."""

    @property
    def lifts(self) -> bool:
        """Whether no service of hers may be restricted any more: nothing is asked of her, or something protects her."""
        return self.kind in ("start", "resume", "end") or self.hold in AFRESH

    @property
    def reason(self) -> str:
        """The last word of the trail: what settled it."""
        return self.trail[-1] if self.trail else ""
