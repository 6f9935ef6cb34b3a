"""How the sandbox provider behaves towards whom: like a provider on a good day, unless the last figures of a phone or mandate (or a
rule put to `/v1/behave`) say otherwise. Pure.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from gateway.sandbox.books import SandboxPayment


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to a payment, and how the caller hears of it."""

    outcome: Literal["succeeded", "failed", "expired"] = "succeeded"
    reason: str = "declined"
    calls: int = 1
    """How many times it calls back; 0: never (a lost callback)."""
    late_seconds: float = 0
    """How long the callback is held back."""
    answer: Literal["given", "dropped_before", "dropped_after", "hangs"] = "given"
    """Whether the caller gets an answer; `dropped_before`: nor is anything done."""


GOOD = Behaviour()

BY_SUFFIX = {
    "9001": Behaviour("failed", "funds"),
    "9002": Behaviour("expired", "expired"),
    "9003": Behaviour(calls=2),
    "9004": Behaviour(late_seconds=10),
    "9005": Behaviour(answer="dropped_after"),
    "9006": Behaviour(answer="dropped_before"),
    "9007": Behaviour(calls=0),
    "9008": Behaviour("failed", "cancelled"),
    "9009": Behaviour(answer="hangs"),
}
"""Last figures of a phone or mandate -> behaviour; told in docs/guides/sandbox-payments.md."""


@dataclass(slots=True)
class Rule:
    """A behaviour for payments whose phone, mandate, reference or method ends with `match` ("" is all), so many times."""

    match: str
    behaviour: Behaviour
    times: int | None = None


class Manners:
    """The rules in force, the latest first."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def behave(self, said: dict[str, Any]) -> None:
        """Put a rule: `{"match": "0712", "times": 1, "outcome": "failed", "reason": "funds"}`; TypeError on unknown words."""
        words = dict(said)
        match, times = str(words.pop("match", "")), words.pop("times", None)
        self._rules.insert(0, Rule(match, replace(GOOD, **words), times))

    def forget(self) -> None:
        """Back to good manners."""
        self._rules.clear()

    def towards(self, payment: SandboxPayment) -> Behaviour:
        """How to treat this payment."""
        named = (payment.phone, payment.mandate, payment.reference, payment.method)
        for rule in self._rules:
            if rule.times != 0 and any(name and name.endswith(rule.match) for name in named):
                if rule.times is not None:
                    rule.times -= 1
                return rule.behaviour
        for name in (payment.phone, payment.mandate):
            if name and name[-4:] in BY_SUFFIX:
                return BY_SUFFIX[name[-4:]]
        return GOOD
