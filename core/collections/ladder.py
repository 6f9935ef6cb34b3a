"""The ladder's one rule: what happens to an account on a day, given how it stands. Pure, and the only place that decides.

States are conditions: everything is asked anew every day, and nothing counts down. Steps come in order and each at its time, never
two on a day and never one left out; a debt that is paid, contested or arranged is left alone. The daily run, the simulation, the next
step that a customer sees, and the last look before a restriction all come through here.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from core.collections.calendar import Calendar
from core.collections.model import AFRESH, Episode, LadderDecision, OverduePosition
from core.config.collections import Ladder, LadderStep, StepName
from core.reasons import reason

NOT_TOLD = reason("not_told")


@dataclass(frozen=True, slots=True)
class Rules:
    """The ladder of a segment with its minimum in minor units, and the calendar it moves by."""

    ladder: Ladder
    calendar: Calendar
    minimum_minor: int

    def index(self, step: StepName | None) -> int:
        """The place of a step; -1 before the first. A step the operator has taken out counts as the last one before its day."""
        if step is None:
            return -1
        return next((at for at, one in enumerate(self.ladder.steps) if one.step == step), len(self.ladder.steps) - 1)

    def following(self, step: StepName | None) -> LadderStep | None:
        """The step after this one; None after the last."""
        at = self.index(step) + 1
        return self.ladder.steps[at] if at < len(self.ladder.steps) else None


def decide(standing: OverduePosition, rules: Rules, on: date) -> LadderDecision:
    """What is to happen on `on`; apply it with `after` and ask again until it is `wait`, `hold`, `step` or `none`."""
    episode = standing.episode
    hold = _nothing_payable(standing, rules, on)
    if hold is not None:
        return hold
    if episode is None:
        return LadderDecision(
            "start", on, trail=(reason("owed", minor=standing.payable_minor, since=standing.oldest_due),)
        )
    if standing.oldest_due is not None and standing.oldest_due > episode.due_on:
        return LadderDecision("end", on, trail=(reason("settled"),))
    step = rules.following(episode.position)
    kinds = binding(standing, rules, on)
    if kinds and (step is None or step.threatens):
        return LadderDecision("hold", on, trail=(reason("protected", kinds=sorted(kinds)),), hold="protected")
    if standing.agency:
        return LadderDecision("hold", on, trail=(reason("agency", agency=standing.agency),), hold="agency")
    if standing.pending:
        return LadderDecision("hold", on, trail=(reason("pending"),), hold="pending")
    if episode.held in AFRESH:
        return LadderDecision("resume", on, restart(episode.position, rules), (reason("no_longer", held=episode.held),))
    return _step(standing, episode, rules, on) if step else LadderDecision("none", on, trail=(reason("all_done"),))


def _nothing_payable(standing: OverduePosition, rules: Rules, on: date) -> LadderDecision | None:
    """Why nothing is asked of them just now; None when something is."""
    if standing.payable_minor >= rules.minimum_minor and standing.payable_minor > 0:
        return None
    if standing.episode is None:
        return LadderDecision("none", on, trail=(reason("nothing"),))
    if standing.disputed_minor:
        return LadderDecision("hold", on, trail=(reason("disputed"),), hold="disputed")
    if standing.arranged_minor:
        return LadderDecision("hold", on, trail=(reason("arranged"),), hold="arrangement")
    return LadderDecision("end", on, trail=(reason("paid" if not standing.payable_minor else "little"),))


def binding(standing: OverduePosition, rules: Rules, on: date) -> set[str]:
    """The protections they have that hold on this day."""
    kinds = {one.kind for one in rules.ladder.protections if not one.months or on.month in one.months}
    return kinds & standing.protections


def _step(standing: OverduePosition, episode: Episode, rules: Rules, on: date) -> LadderDecision:
    step = rules.following(episode.position)
    if step is None:
        raise ValueError("there is no step after the last")
    planned, trail = plan(standing, episode, step, rules)
    if on < planned:
        return LadderDecision("wait", planned, step.step, trail)
    if step.bars and standing.told_on is None:
        return LadderDecision("hold", on, step.step, (*trail, NOT_TOLD), "untold")
    if not rules.calendar.works(on):
        return LadderDecision(
            "wait", rules.calendar.on_or_after(on), step.step, (*trail, reason("no_working_day", day=on))
        )
    return LadderDecision("step", on, step.step, trail)


def plan(standing: OverduePosition, episode: Episode, step: LadderStep, rules: Rules) -> tuple[date, tuple[str, ...]]:
    """The working day of a step, and what moved it there."""
    day = episode.anchor + timedelta(days=step.day)
    trail = [reason("day", count=step.day, first=episode.anchor, day=day)]

    def not_before(other: date, why: str, **params: int) -> None:
        nonlocal day
        if other > day:
            day = other
            trail.append(reason(why, day=day, **params))

    if episode.done_on is not None:
        not_before(episode.done_on + timedelta(days=1), "day_after")
    if step.bars:
        told = standing.told_on or episode.done_on
        if told is not None:
            days = rules.ladder.notice_working_days
            not_before(rules.calendar.after(told, days), "after_notice", count=days)
        if standing.corrected_on is not None:
            days = rules.ladder.corrected_working_days
            not_before(rules.calendar.after(standing.corrected_on, days), "after_corrected", count=days)
    not_before(rules.calendar.on_or_after(day), "moved")
    return day, tuple(trail)


def untrue(standing: OverduePosition, rules: Rules, step: StepName, on: date) -> str | None:
    """Why a notice of a step that was put down is not true any more; None: it still is."""
    settled = _nothing_payable(standing, rules, on)
    if settled is not None:
        return settled.reason
    threatens = next((one.threatens for one in rules.ladder.steps if one.step == step), True)
    if threatens and binding(standing, rules, on):
        return reason("protected", kinds=sorted(binding(standing, rules, on)))
    return reason("agency", agency=standing.agency) if standing.agency else None


def restart(position: StepName | None, rules: Rules) -> StepName | None:
    """The step that is done again with fresh notice: the last one, or the notice before it where that was a restriction."""
    at = rules.index(position)
    while at > 0 and rules.ladder.steps[at].bars:
        at -= 1
    return rules.ladder.steps[at].step if at >= 0 else None


def first_anchor(standing: OverduePosition, rules: Rules) -> date:
    """The day a new episode counts from: the due day, or later where the law gives more days from the bill."""
    if standing.oldest_due is None:
        raise ValueError("nothing is overdue")
    if standing.oldest_billed is None:
        return standing.oldest_due
    return max(standing.oldest_due, standing.oldest_billed + timedelta(days=rules.ladder.pay_days))


def after(standing: OverduePosition, decision: LadderDecision, rules: Rules, *, episode_id: int = 0) -> OverduePosition:
    """How the account stands once a decision was carried out."""
    episode = standing.episode
    if decision.kind == "start" and standing.oldest_due is not None:
        begun = Episode(episode_id, first_anchor(standing, rules), standing.oldest_due, 0, None, None)
        return replace(standing, episode=begun, told_on=None)
    if episode is None:
        return standing
    match decision.kind:
        case "end":
            return replace(standing, episode=None, told_on=None)
        case "hold":
            return replace(standing, episode=replace(episode, held=_held(episode, decision)))
        case "wait" | "none":
            return replace(standing, episode=replace(episode, held=None))
        case "resume":
            return _resumed(standing, episode, decision, rules)
        case "step":
            form = decision.on if decision.step == "formal" else standing.told_on
            moved = replace(episode, position=decision.step, done_on=decision.on, held=None)
            return replace(standing, episode=moved, told_on=form)
    return standing


def _held(episode: Episode, decision: LadderDecision) -> str | None:
    """The hold it is known by; one that asks for fresh notice is not forgotten while a payment is under way."""
    return episode.held if episode.held in AFRESH and decision.hold not in AFRESH else decision.hold


def _resumed(standing: OverduePosition, episode: Episode, decision: LadderDecision, rules: Rules) -> OverduePosition:
    """A new round: the step on which they stood is due today, and the later ones keep their distance from it."""
    at = rules.index(decision.step)
    due_on = standing.oldest_due or episode.due_on
    if at < 0:
        begun = replace(episode, round=episode.round + 1, held=None, due_on=due_on)
        return replace(standing, episode=begun)
    before = rules.ladder.steps[at - 1].step if at else None
    anchor = max(decision.on - timedelta(days=rules.ladder.steps[at].day), episode.anchor)
    begun = replace(
        episode, anchor=anchor, due_on=due_on, round=episode.round + 1, position=before, done_on=None, held=None
    )
    return replace(standing, episode=begun, told_on=None)


def advance(
    standing: OverduePosition, rules: Rules, on: date, *, episode_id: int = 0
) -> tuple[list[LadderDecision], OverduePosition]:
    """Everything that follows on one day, in order, and how the account then stands; a last `step` is still to be carried out."""
    result: list[LadderDecision] = []
    while True:
        decision = decide(standing, rules, on)
        result.append(decision)
        if decision.kind == "step":
            return result, standing
        standing = after(standing, decision, rules, episode_id=episode_id)
        if decision.kind not in ("start", "resume", "end"):
            return result, standing
