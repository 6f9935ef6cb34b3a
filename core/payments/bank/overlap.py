"""Which movements of a statement are there already: told by another statement that overlaps it, and not by one that merely looks alike.

Two statements that begin a day at the same balance tell the same movements of it, as far as both go; one that begins within another goes
on with it from there; one that begins where another ended, or on another page, tells other movements, however alike they are: references
that restart, and equal payments, are nothing special to a bank. Where no balances are told, equals are counted. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

_TOKEN = re.compile(r"[A-Za-z0-9-]*\d[A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Says:
    """What a statement says of a movement, as far as it matters to us."""

    form: str
    ends: frozenset[str]
    """The EndToEndIds of its payments."""
    text: str
    """Names of payers and what they wrote."""
    returned: bool = False

    def otherwise(self, other: "Says") -> bool:
        """Whether the other says something else. Formats word the same thing differently; what has figures in it they all keep."""
        if self.returned != other.returned or (self.ends and other.ends and self.ends != other.ends):
            return True
        if not (self.text.strip() and other.text.strip()):
            return False
        if self.form == other.form:
            return " ".join(self.text.split()) != " ".join(other.text.split())
        mine, theirs = set(_TOKEN.findall(self.text)), set(_TOKEN.findall(other.text))
        return not (mine <= theirs or theirs <= mine)


@dataclass(frozen=True, slots=True)
class MatchStep:
    """One movement as a statement tells it. `id`: of the kept one; None for what comes in now."""

    on: date
    amount_minor: int
    ref: str
    before_minor: int | None
    says: Says
    id: int | None = None

    def like(self, other: "MatchStep") -> bool:
        """Whether day, amount and reference are the same."""
        return (self.on, self.amount_minor, self.ref) == (other.on, other.amount_minor, other.ref)


@dataclass(frozen=True, slots=True)
class StatementMovement:
    """The steps of one day of one statement, in its order."""

    number: str
    page: str
    steps: tuple[MatchStep, ...]

    @property
    def begin(self) -> int | None:
        """The balance before its first."""
        return self.steps[0].before_minor

    @property
    def end(self) -> int | None:
        """The balance after its last."""
        last = self.steps[-1]
        return None if last.before_minor is None else last.before_minor + last.amount_minor


@dataclass(slots=True)
class OverlapMatch:
    """For each new step its kept movement, if there is one; and the kept ones that stand for what was told in another way."""

    kept: dict[int, MatchStep] = field(default_factory=dict)
    instead: dict[int, list[MatchStep]] = field(default_factory=dict)
    """The first of new steps that are told otherwise -> the kept movements that are the same money."""
    dropped: set[int] = field(default_factory=set)
    """The new steps for which those stand."""


def find(mine: StatementMovement, kept: Sequence[StatementMovement]) -> OverlapMatch:
    """Hold one day of a new statement against what is kept of that day."""
    found = OverlapMatch()
    pool: dict[int, MatchStep] = {}
    alike: list[StatementMovement] = []
    for theirs in kept:
        pairs = overlap(mine, theirs)
        if pairs is None:
            alike.append(theirs)
            pool |= {step.id: step for step in theirs.steps if step.id is not None}
        for at, step in pairs or ():
            found.kept.setdefault(at, step)
    taken = {step.id for step in found.kept.values()}
    free = [step for step in pool.values() if step.id not in taken]
    for rule in (_word_for_word, MatchStep.like, _reference_lacks):
        for at, step in enumerate(mine.steps):
            if at in found.kept:
                continue
            if same := next((one for one in free if rule(step, one)), None):
                found.kept[at] = same
                free.remove(same)
    _told_in_another_way(mine, alike, free, found)
    return found


def _word_for_word(one: MatchStep, other: MatchStep) -> bool:
    return one.like(other) and not one.says.otherwise(other.says)


def _reference_lacks(one: MatchStep, other: MatchStep) -> bool:
    return (one.on, one.amount_minor) == (other.on, other.amount_minor) and not (one.ref and other.ref)


def overlap(mine: StatementMovement, theirs: StatementMovement) -> list[tuple[int, MatchStep]] | None:
    """Which of my steps are which of theirs; none when the two lie apart; None: equals are to be found among all of theirs."""
    same_number = bool(mine.number) and mine.number == theirs.number
    other_page = same_number and mine.page != theirs.page and bool(mine.page and theirs.page)
    if other_page:
        return []
    if mine.begin is None or theirs.begin is None:
        return None
    chained = mine.begin == theirs.end or theirs.begin == mine.end
    in_one_form = mine.steps[0].says.form == theirs.steps[0].says.form
    if chained and in_one_form and not same_number and mine.number and theirs.number:
        return []
    if mine.begin == theirs.begin:
        return None
    return _aligned(mine.steps, theirs.steps)


def _aligned(mine: Sequence[MatchStep], theirs: Sequence[MatchStep]) -> list[tuple[int, MatchStep]]:
    """One begins within the other, and both tell the same from there on."""
    for off in range(1, len(theirs)):
        if pairs := _alike(mine, theirs[off:], 0):
            return pairs
    for off in range(1, len(mine)):
        if pairs := _alike(mine[off:], theirs, off):
            return pairs
    return []


def _alike(mine: Sequence[MatchStep], theirs: Sequence[MatchStep], off: int) -> list[tuple[int, MatchStep]]:
    pairs = list(zip(mine, theirs, strict=False))
    if all(one.like(other) and one.before_minor == other.before_minor for one, other in pairs):
        return [(off + at, other) for at, (_, other) in enumerate(pairs)]
    return []


def _told_in_another_way(
    mine: StatementMovement, alike: Sequence[StatementMovement], free: Sequence[MatchStep], found: OverlapMatch
) -> None:
    """Both go from one balance to another on this day: what is left on either side is the same money, told in another way."""
    left = [at for at in range(len(mine.steps)) if at not in found.kept]
    for theirs in alike:
        whole = mine.begin is not None and (mine.begin, mine.end) == (theirs.begin, theirs.end)
        rest = [step for step in theirs.steps if step in free]
        if not whole or not left or not rest or _called_otherwise(mine, theirs, left, rest):
            continue
        if _sum(rest) == sum(mine.steps[at].amount_minor for at in left):
            found.instead[left[0]] = rest
            found.dropped = set(left)
            return


def _called_otherwise(
    mine: StatementMovement, theirs: StatementMovement, left: Sequence[int], rest: Sequence[MatchStep]
) -> bool:
    """Whether the bank itself says in one form that these are others: a statement of another number, with references of their own."""
    numbered = bool(mine.number and theirs.number) and mine.number != theirs.number
    refs, others = {mine.steps[at].ref for at in left}, {step.ref for step in rest}
    in_one_form = mine.steps[0].says.form == theirs.steps[0].says.form
    return numbered and in_one_form and "" not in refs | others and not refs & others


def _sum(steps: Sequence[MatchStep]) -> int:
    return sum(step.amount_minor for step in steps)
