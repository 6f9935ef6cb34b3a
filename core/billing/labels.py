"""What a line is called, in each language: the tariff's own name for the charge, else our word for it, else its code.

A `Spec` is all that is the same on every bill that has the line, so that it is written once per partition and joined in.
"""

import json
from dataclasses import dataclass, field

from core.rating.model import Line
from core.rating.tariff import Tariff
from core.text import LANGUAGES, say

KINDS = {"tax": "tax", "rounding": "rounding", "discount": "discount"}


@dataclass(frozen=True, slots=True)
class Spec:
    """Code, label (JSON), unit, price and kind of a line."""

    code: str
    label: str
    unit: str | None
    price: str | None
    kind: str


@dataclass(slots=True)
class Specs:
    """The specs of a partition, each once."""

    all: list[Spec] = field(default_factory=list)
    _known: dict[Spec, int] = field(default_factory=dict)

    def take(self, tariff: Tariff, line: Line) -> int:
        """The number of the spec of a rated line."""
        label = labelled(tariff, line)
        return self._number(Spec(line.code, label, line.unit or None, line.price or None, kind_of(line.kind)))

    def take_reward(self) -> int:
        """The number of the spec of a reward line."""
        return self._number(Spec("reward_units", words("reward_units"), "kWh", None, "reward"))

    def _number(self, spec: Spec) -> int:
        number = self._known.setdefault(spec, len(self.all))
        if number == len(self.all):
            self.all.append(spec)
        return number


def kind_of(kind: str) -> str:
    """A rated line's kind as a bill tells it: charge, discount, tax or rounding."""
    return KINDS.get(kind, "charge")


def labelled(tariff: Tariff, line: Line) -> str:
    """The label as JSON text; a line of one time of use or destination says which."""
    names = tariff.charge_names.get(line.code)
    extra = " ".join(part for part in (line.time, line.destination) if part)
    return words(line.code, dict(names) if names else None, extra)


def words(code: str, names: dict[str, str] | None = None, extra: str = "") -> str:
    """{"en": ..., "sw": ...} as JSON text."""
    found = names or _ours(code)
    shown = {lang: f"{text} ({extra})" if extra else text for lang, text in found.items()}
    return json.dumps(shown, ensure_ascii=False, sort_keys=True)


def _ours(code: str) -> dict[str, str]:
    try:
        return {lang: say(lang, f"bill.line.{code}") for lang in LANGUAGES}
    except KeyError:
        plain = code.replace("_", " ").replace("-", " ").strip()
        return {"en": plain[:1].upper() + plain[1:]}
