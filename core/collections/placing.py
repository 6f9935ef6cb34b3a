"""Which debt an agency may collect for us, and when it is to stop. Pure, by the ladder's own rule."""

from datetime import date, timedelta
from decimal import Decimal

from core.collections.ladder import Rules, binding, decide
from core.collections.model import AFRESH, OverduePosition


def placeable(standing: OverduePosition, rules: Rules, on: date, *, least: int, after_days: int | None) -> bool:
    """Whether it may be placed: at least `least` minor units, of which nothing is contested, arranged, protected or being paid.

    With `after_days` only so many days after the last step of the ladder; None: a person has chosen the account.
    """
    episode = standing.episode
    if episode is None or standing.agency or standing.pending or standing.payable_minor < least:
        return False
    if episode.held in AFRESH or recalled(standing, rules, on):
        return False
    if after_days is None:
        return True
    if episode.done_on is None or decide(standing, rules, on).kind != "none":
        return False
    return episode.done_on + timedelta(days=after_days) <= on


def recalled(standing: OverduePosition, rules: Rules, on: date) -> str | None:
    """Why no agency may ask for it (any more); None: nothing speaks against it. One contested or arranged cent is enough."""
    if standing.disputed_minor:
        return "disputed"
    if standing.arranged_minor:
        return "arranged"
    if binding(standing, rules, on):
        return "protected"
    if standing.episode is None:
        return "paid"
    first = decide(standing, rules, on)
    return first.reason if first.kind == "end" else None


def commission(minor: int, percent: str) -> int:
    """The agency's part of money that came, in minor units. Cents are cut, of money that went back as of money that came."""
    part = abs(minor) * int(Decimal(percent) * 100) // 10_000
    return part if minor >= 0 else -part
