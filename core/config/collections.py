"""What an operator sets about money that is late: the ladder by segment, a country's protections, arrangements, fees, limits.

A country pack is a whole `Ladder` with the law's own figures; an operator overrides what it may, field by field, and segment by
segment. Nothing here is computed: the rules are in `core/collections`.
"""

from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

StepName = Literal["overdue", "firm", "formal", "soft_bar", "hard_bar", "final"]
Days = Annotated[int, Field(ge=0, le=365)]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$")]
BARS: tuple[StepName, ...] = ("soft_bar", "hard_bar")
LEVEL: dict[str, Literal["soft", "hard"]] = {"soft_bar": "soft", "hard_bar": "hard"}


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LadderStep(_Section):
    """One step of the ladder: so many calendar days after the due day, moved to a working day."""

    step: StepName
    day: Days

    @property
    def bars(self) -> bool:
        """Whether it restricts a service rather than says something."""
        return self.step in BARS

    @property
    def threatens(self) -> bool:
        """Whether it announces or brings a restriction: no such step while the customer is protected."""
        return self.step not in ("overdue", "firm")


class Protection(_Section):
    """A kind of customer who is not restricted, all the year or in some months."""

    kind: str
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()


ALWAYS_PROTECTED = (Protection(kind="life_support"), Protection(kind="medical"), Protection(kind="vulnerable"))
DEFAULT_STEPS = (
    LadderStep(step="overdue", day=1), LadderStep(step="firm", day=5), LadderStep(step="formal", day=10), LadderStep(step="soft_bar", day=15),
    LadderStep(step="hard_bar", day=30), LadderStep(step="final", day=60),
)  # fmt: skip


class Ladder(_Section):
    """What happens on which day, and when it may not."""

    steps: tuple[LadderStep, ...] = DEFAULT_STEPS
    minimum: Amount = "100"
    """Less than this, overdue and undisputed, starts no ladder and bars nobody."""
    pay_days: Days = 0
    """Days she has to pay from the day the bill was made: the ladder counts from the later of that day and the due day."""
    notice_working_days: Days = 2
    """Working days between the delivery of the formal notice and a restriction."""
    corrected_working_days: Days = 0
    """Working days between a corrected bill and a restriction for it."""
    proof: Literal["delivered", "sent"] = "delivered"
    """When the formal notice counts as given: reported delivered, or taken by the provider."""
    bar_from: time = time(9, 0)
    bar_until: time = time(15, 0)
    bar_until_before_rest: time = time(12, 0)
    """Restrictions happen in these hours of a working day; before a weekend or a holiday they end earlier."""
    protections: tuple[Protection, ...] = ALWAYS_PROTECTED
    soft_kbps: Annotated[int, Field(ge=0)] = 256
    """What a softly barred internet line still carries; pages to pay and to get help are reached whatever it is."""
    closed: tuple[date, ...] = ()
    """Days on which the operator is closed, besides weekends and public holidays."""

    def without_bars(self) -> "Ladder":
        """The same where no network is connected: nothing is restricted, and nothing is announced that will not happen."""
        kept = tuple(one for one in self.steps if not one.bars and one.step != "formal")
        return self.model_copy(update={"steps": kept})

    @model_validator(mode="after")
    def _climbs(self) -> "Ladder":
        days, names = [one.day for one in self.steps], [one.step for one in self.steps]
        if days != sorted(set(days)) or len(set(names)) != len(names):
            raise ValueError("the steps of a ladder are named once each and their days rise")
        first_bar = next((at for at, one in enumerate(self.steps) if one.bars), len(names))
        if (first_bar < len(names)) != ("formal" in names) or ("formal" not in names[:first_bar] and "formal" in names):
            raise ValueError("a ladder has a formal notice before its first bar, and none that announces nothing")
        return self


class Arrangements(_Section):
    """Within what a customer may agree instalments by herself; more is for a clerk."""

    most_instalments: Annotated[int, Field(ge=1, le=24)] = 3
    every_days: Annotated[int, Field(ge=7, le=31)] = 30
    first_within_days: Annotated[int, Field(ge=0, le=31)] = 7
    least: Amount = "100"
    """No instalment is smaller."""
    grace_days: Days = 2
    promise_days: Annotated[int, Field(ge=1, le=31)] = 7
    """How far ahead a promise to pay may lie; it holds the ladder until then."""
    broken_at_most: Annotated[int, Field(ge=0)] = 1
    """Broken ones in the last year after which self-service offers no more."""


class Fees(_Section):
    """Charged on the next bill, never on a disputed cent, and said in the notice before they bite. 0: none."""

    late: Amount = "0"
    reconnection: Amount = "0"
    reconnection_cap: Amount | None = None
    """What the law allows at most."""


class Agency(_Section):
    """Who collects for us what the whole ladder did not bring."""

    name: str
    commission: Annotated[str, Field(pattern=r"^\d{1,2}(\.\d{1,2})?$")] = "0"
    """Percent of what comes while it is placed: listed, never posted."""
    minimum: Amount = "1000"
    """Less than this is not placed."""
    after_days: Days = 7
    """Days she has after the ladder's last step."""


class CreditLimit(_Section):
    """How much may be used before it is paid: what is open and what no bill has yet, against an amount of money."""

    amount: Amount | None = None
    """Of every account; none: no limit."""
    segments: dict[str, Amount | None] = {}
    """Of a segment: `{business: "500000", government: null}`."""
    warn_percent: Annotated[int, Field(ge=1, le=99)] = 80
    action: Literal["notify", "soft_bar", "stop"] = "notify"
    """At the limit: she is told; or her postpaid lines are limited; or they are shut and nothing more is charged."""
    notice_working_days: Days | None = None
    """Working days between the delivery of the word that the limit is reached and the restriction; none: as the ladder's."""
    approve_above: Amount = "0"
    """Another person agrees before an account of its own may owe more than this (and more than the rule gives it)."""

    def of(self, segment: str) -> str | None:
        """The limit of a segment."""
        return self.segments.get(segment, self.amount)

    @property
    def bars(self) -> Literal["soft", "hard"] | None:
        """How far a line is restricted at the limit; None: not at all."""
        levels: dict[str, Literal["soft", "hard"]] = {"soft_bar": "soft", "stop": "hard"}
        return levels.get(self.action)


PACKS: dict[str, dict[str, Any]] = {
    "default": {},
    "KE": {},
    "NG": {
        "ladder": {"pay_days": 10, "notice_working_days": 2, "corrected_working_days": 10},
        "charge_while_off": False,
    },
    "GB": {
        "ladder": {
            "notice_working_days": 7,
            "protections": (*ALWAYS_PROTECTED, Protection(kind="pensioner", months=(10, 11, 12, 1, 2, 3))),
        },
    },
    "BE": {
        "ladder": {
            "steps": (
                {"step": "overdue", "day": 1}, {"step": "firm", "day": 8}, {"step": "formal", "day": 15},
                {"step": "soft_bar", "day": 30}, {"step": "hard_bar", "day": 60}, {"step": "final", "day": 90},
            ),
            "soft_kbps": 256, "notice_working_days": 5,
        },
        "fees": {"reconnection_cap": "30"},
    },
}  # fmt: skip
"""What the law of a country asks for (design notes, dunning): an operator may be kinder, and says so in its own file."""


class Collections(_Section):
    """The section `collections` of operator.yaml. Without it: the pack of the operator's country."""

    pack: Literal["default", "KE", "NG", "GB", "BE"] | None = None
    enabled: bool = True
    run_from: time = time(7, 0)
    """From when on a day the ladder is looked at; what it says leaves in the hours of notices and of restrictions."""
    ladder: dict[str, Any] = {}
    """Fields of `Ladder` that differ from the pack."""
    segments: dict[str, dict[str, Any]] = {}
    """Fields that differ again for a segment: `{business: {minimum: "5000"}}`."""
    arrangements: Arrangements = Arrangements()
    fees: dict[str, Any] = {}
    charge_while_off: bool | None = None
    """Whether days on which a line was shut (hard) are charged for; none: as the pack says."""
    credit_limit: CreditLimit = CreditLimit()
    agencies: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")], Agency] = {}
    """By the short name that commands and files use."""

    @model_validator(mode="after")
    def _all_can_be_made(self) -> "Collections":
        for pack in PACKS:
            for segment in ("", *self.segments):
                self.ladder_of(pack, segment)
        self.fees_of("default")
        return self

    def ladder_of(self, country: str, segment: str) -> Ladder:
        """The ladder of a segment: the pack, then the operator's own, then the segment's."""
        base = self._pack(country).get("ladder", {})
        return Ladder.model_validate({**base, **self.ladder, **self.segments.get(segment, {})})

    def fees_of(self, country: str) -> Fees:
        """The fees, under the cap of the pack."""
        return Fees.model_validate({**self._pack(country).get("fees", {}), **self.fees})

    def charges_while_off(self, country: str) -> bool:
        """Whether the days on which a line is shut are charged for."""
        if self.charge_while_off is not None:
            return self.charge_while_off
        return bool(self._pack(country).get("charge_while_off", True))

    def _pack(self, country: str) -> dict[str, Any]:
        return PACKS.get(self.pack or country, PACKS["default"])
