"""What a line is called, in each language: the tariff's own name for the charge, else our word for it, else its code; and in
brackets the time of use, the destination, and the days where the tariff changed within the period.

A `Spec` is all that is the same on every bill that has the line, so that it is written once per partition and joined in.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from core.billing.render.view_model import day, named, number
from core.rating.model import Line
from core.rating.tariff import Tariff
from core.text import LANGUAGES, say
from core.text.charges import known
from core.text.days import days_of, last_of

PAID_LIVE = "paid_live"
"""The code of the line that takes off what uses were charged at once."""
KINDS = {"tax": "tax", "rounding": "rounding", "discount": "discount"}


@dataclass(frozen=True, slots=True)
class Spec:
    """Code, label (JSON), unit, price and kind of a line; `part_of` the codes that a part of a discount or a limit is on."""

    code: str
    label: str
    unit: str | None
    price: str | None
    kind: str
    part_of: str | None = None


@dataclass(slots=True)
class Specs:
    """The specs of a partition, each once."""

    all: list[Spec] = field(default_factory=list)
    _known: dict[Spec, int] = field(default_factory=dict)

    def take(self, tariff: Tariff, line: Line, codes: Sequence[str] = ()) -> int:
        """The number of the spec of a rated line, or of its part that is on the lines `codes`."""
        label, price = labelled(tariff, line, codes), line.price or None
        part_of = ",".join(codes) or None
        return self._number(Spec(line.code, label, line.unit or None, price, kind_of(line.kind), part_of))

    def take_reward(self) -> int:
        """The number of the spec of a reward line."""
        return self._number(Spec("reward_units", words("reward_units"), "kWh", None, "reward"))

    def take_paid(self) -> int:
        """The number of the spec of what was paid at once."""
        return self._number(Spec(PAID_LIVE, words(PAID_LIVE), None, None, "charge"))

    def take_late(self, first: date, end: date, was: int, now: int, unit: str) -> int:
        """The number of the spec of a correction of the bill of [first, end): what was used, in micro-units, and in `unit`."""
        label = {
            lang: say(
                lang,
                "bill.line.late_use",
                first=day(first, lang),
                last=day(last_of(end), lang),
                was=number(was, lang),
                now=number(now, lang),
                unit=unit,
            )
            for lang in LANGUAGES
        }
        return self._number(Spec(f"late_use:{first}", _json(label), unit or None, None, "charge"))

    def take_late_tax(self, first: date, end: date) -> int:
        """The number of the spec of the tax in a correction."""
        label = {
            lang: say(lang, "bill.line.late_tax", first=day(first, lang), last=day(last_of(end), lang))
            for lang in LANGUAGES
        }
        return self._number(Spec(f"late_tax:{first}", _json(label), None, None, "tax"))

    def _number(self, spec: Spec) -> int:
        number = self._known.setdefault(spec, len(self.all))
        if number == len(self.all):
            self.all.append(spec)
        return number


def kind_of(kind: str) -> str:
    """A rated line's kind as a bill tells it: charge, discount, tax or rounding."""
    return KINDS.get(kind, "charge")


def labelled(tariff: Tariff, line: Line, codes: Sequence[str] = ()) -> str:
    """The label as JSON text; a line of one time of use, destination or version says which, and a part of one the lines it is on."""
    match, on = charge_name(tariff, line.code), [charge_name(tariff, code) for code in codes]
    told = {lang: [*_extra(line, lang), *(named(one, lang) for one in on), *_days(line, lang)] for lang in match}
    return _json({lang: _told(text, told[lang]) for lang, text in match.items()})


def words(code: str) -> str:
    """{"en": ..., "sw": ...} as JSON text."""
    return _json(_ours(code))


def charge_name(tariff: Tariff, code: str) -> dict[str, str]:
    """What a charge is called, by language: the tariff's own names, and our word for the code in the languages that they lack."""
    return charge_words(tariff, code) or _ours(code)


def charge_words(tariff: Tariff, code: str) -> dict[str, str]:
    """As `charge_name`; none where nobody gave the charge a name."""
    return known("line", code) | {lang: name for lang, name in tariff.charge_names.get(code, {}).items() if name}


def _json(label: dict[str, str]) -> str:
    return json.dumps(label, ensure_ascii=False, sort_keys=True)


def _told(text: str, extra: Sequence[str]) -> str:
    return f"{text} ({', '.join(extra)})" if extra else text


def _extra(line: Line, lang: str) -> list[str]:
    """The time of use in the customer's language, where we know the word, and the destination."""
    told = [known("time", line.time or "").get(lang, line.time), line.destination]
    return [part.replace("_", " ") for part in told if part]


def _days(line: Line | None, lang: str) -> list[str]:
    """From which to which day, both included."""
    if line is None or line.since is None or line.until is None:
        return []
    first, last = days_of(line.since, line.until, lang, "d MMM")
    return [f"{first} - {last}"]


def _ours(code: str) -> dict[str, str]:
    plain = code.replace("_", " ").replace("-", " ").strip()
    return known("line", code) or {"en": plain[:1].upper() + plain[1:]}
