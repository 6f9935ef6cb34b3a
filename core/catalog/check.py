"""`hodi tariff check`: what is wrong with a tariff, and what is allowed but probably not meant.

An *error* is what the compiler refuses. A *warning* compiles and prices: a time of use that no instant reaches, a rate that
an earlier one hides, a tax on nothing, a name that customers of one language will not see.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from core.catalog.charge_document import DiscountDoc, EventDoc, LimitDoc, PercentDoc, RateDoc, TaxDoc, TierDoc, UsageDoc
from core.catalog.compile import compile_document
from core.catalog.document import TariffDoc
from core.catalog.numbers import exact
from core.catalog.read import documents
from core.errors import BadInput
from core.rating.live import not_live
from core.rating.tariff import Tariff
from core.rating.times import DAY_MINUTES
from core.text.charges import lacking, times


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: `level` is error or warning; where it is, what is wrong, what to do."""

    level: str
    where: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.wrong} {self.remedy}"


WITHOUT_OPERATOR = ("en", "sw")
"""The languages a tariff is asked for where no operator says its own: those of the examples."""


def check(document: str | Path | TariffDoc, languages: Sequence[str] = WITHOUT_OPERATOR) -> list[Finding]:
    """Every remark on a tariff: a path, a YAML text (of one or more versions), or a document already read. `languages` are those of the
    customers."""
    try:
        rows = [("tariff", document)] if isinstance(document, TariffDoc) else documents(document)
    except BadInput as why:
        return [Finding("error", why.where, why.wrong, why.remedy)]
    remarks: list[Finding] = []
    for where, doc in rows:
        try:
            tariff = compile_document(doc, where)
        except BadInput as why:
            remarks.append(Finding("error", why.where, why.wrong, why.remedy))
        else:
            remarks += [
                Finding("warning", f"{where}, {place}", wrong, remedy)
                for place, wrong, remedy in _odd(doc, tariff, languages)
            ]
    return remarks


Remark = tuple[str, str, str]


def _odd(doc: TariffDoc, tariff: Tariff, languages: Sequence[str]) -> Iterator[Remark]:
    yield from _unreached_times(tariff)
    yield from _blocks(doc)
    yield from _hidden_sets(doc)
    yield from _hidden_rates(doc)
    yield from _unpriced(doc)
    yield from _taxes(doc)
    yield from _limits(doc)
    yield from _days(doc)
    yield from _buying(doc)
    yield from _live(tariff)
    yield from _languages(doc, languages)


NOT_LIVE = {
    "rolls_over": ("an allowance is carried over to later periods, and nothing keeps it.", "Take `rollover` out."),
    "shared": ("an allowance is shared: one line's use would change what another has paid.", "Take `shared` out."),
    "attribute": (
        "a price depends on what is not known of the account.",
        "Use `persons`, or give a tariff to each kind.",
    ),
}
"""Why uses cannot be charged live on a tariff: the closed list of `docs/tariff-language.md`."""


def _live(tariff: Tariff) -> Iterator[Remark]:
    if why := not_live(tariff):
        wrong, remedy = NOT_LIVE[why]
        yield "live", f"uses cannot be charged live: {wrong}", f"{remedy} A bill may still be made of it."


def _unreached_times(tariff: Tariff) -> Iterator[Remark]:
    times = tariff.times
    if times is None:
        return
    kinds = [(w, m, h) for w in range(7) for m in range(1, 13) for h in (False, True) if not h or times.holidays]
    reached = {times.of_minute(minute, *kind) for kind in kinds for minute in range(0, DAY_MINUTES, times.slot)}
    for index, name in enumerate(times.names):
        if index not in reached:
            yield f"time {name}", "no instant reaches it.", "Earlier entries take all of it: put it before them."


def _all_tiers(doc: TariffDoc) -> Iterator[tuple[str, list[TierDoc]]]:
    for charge in doc.charges:
        if isinstance(charge, UsageDoc):
            for tiers in (charge.tiers, *(one.tiers for one in charge.sets or [])):
                if tiers:
                    yield charge.code, tiers


def _blocks(doc: TariffDoc) -> Iterator[Remark]:
    for code, tiers in _all_tiers(doc):
        for number, (one, after) in enumerate(pairwise(tiers), start=1):
            if (one.price, one.fee) == (after.price, after.fee):
                wrong = f"blocks {number} and {number + 1} have the same price."
                yield f"charge {code}", wrong, "Make them one block, or correct a price."


def _hidden_sets(doc: TariffDoc) -> Iterator[Remark]:
    for charge in doc.charges:
        sets = (charge.sets or []) if isinstance(charge, UsageDoc) else []
        for number, one in enumerate(sets):
            below = [s.at_most for s in sets[:number] if s.at_most and s.attribute is None]
            if one.at_most and any(exact(earlier) >= exact(one.at_most) for earlier in below):
                wrong = f"set {number + 1} is never chosen."
                yield f"charge {charge.code}", wrong, "Order sets by `at_most`, the lowest first."


def _hidden_rates(doc: TariffDoc) -> Iterator[Remark]:
    for charge in doc.charges:
        if isinstance(charge, EventDoc):
            seen: set[str] = set()
            for number, rate in enumerate(charge.rates, start=1):
                if _hidden(rate, seen, set(doc.destinations)):
                    yield (
                        f"charge {charge.code}",
                        f"rate {number} is never used.",
                        "Earlier rates take all its destinations.",
                    )
                seen |= set(rate.to) if rate.to is not None else {*doc.destinations, ""}


def _hidden(rate: RateDoc, seen: set[str], every: set[str]) -> bool:
    return "" in seen or set(rate.to if rate.to is not None else every or {""}) <= seen


def _taxes(doc: TariffDoc) -> Iterator[Remark]:
    free = {c.code for c in doc.charges if isinstance(c, UsageDoc) and c.model == "flat" and _zero(c.price)}
    discounts = [c for c in doc.charges if isinstance(c, DiscountDoc)]
    for number, charge in enumerate(doc.charges):
        if not isinstance(charge, PercentDoc | TaxDoc):
            continue
        place = f"charge {charge.code}"
        if exact(charge.percent) == 0:
            yield place, "it is 0 %.", "Remove it, or keep it where the law wants a line."
        if charge.of != "*" and set(charge.of) <= free:
            yield place, "it is taken of lines that cost nothing.", "Name lines with a price."
        for off in discounts:
            late = off in doc.charges[number + 1 :] and off.of != "*" and charge.code not in off.of
            if late and charge.type == "tax" and (charge.of == "*" or set(off.of) & set(charge.of)):
                wrong = f"it comes after the tax {charge.code!r} of its lines, which is of the full price."
                yield f"charge {off.code}", wrong, "Put it before the tax, if the tax is on what is really paid."


def _unpriced(doc: TariffDoc) -> Iterator[Remark]:
    """What is written and then used by nothing: a time, a destination, a holiday calendar."""
    timed = [c for c in doc.charges if isinstance(c, UsageDoc | EventDoc)]
    text = " ".join(charge.model_dump_json() for charge in timed) + " ".join(
        a.model_dump_json() for a in doc.allowances
    )
    if doc.times and not any(f'"{rule.code}"' in text for rule in doc.times):
        yield "times", "no price depends on them.", "Remove them, or write `price: {peak: ..., off_peak: ...}`."
    for name in doc.destinations:
        if f'"{name}"' not in text and not _to_all(doc):
            yield f"destination {name}", "no rate is for it.", "Add a rate, or a last one without `to` for all others."
    if doc.holidays and all(rule.holidays == "include" for rule in doc.times):
        yield (
            "holidays",
            "no time of use asks for them.",
            "Add `holidays: only` or `exclude` to a time, or remove them.",
        )


def _to_all(doc: TariffDoc) -> bool:
    return any(rate.to is None for charge in doc.charges if isinstance(charge, EventDoc) for rate in charge.rates)


def _limits(doc: TariffDoc) -> Iterator[Remark]:
    """A minimum above a maximum of the same lines, and a net price taken out of a tax."""
    most = [c for c in doc.charges if isinstance(c, LimitDoc) and c.type == "maximum"]
    for charge in doc.charges:
        if isinstance(charge, LimitDoc) and charge.type == "minimum":
            for other in most:
                if exact(charge.amount) > exact(other.amount) and (charge.of, charge.per) == (other.of, other.per):
                    yield (
                        f"charge {charge.code}",
                        f"it is above the maximum {other.code!r}.",
                        "Lower it, or raise that.",
                    )
        if isinstance(charge, TaxDoc) and charge.inclusive:
            taxes = {c.code for c in doc.charges if isinstance(c, TaxDoc) and not c.inclusive}
            inside = sorted(taxes & set(charge.of)) if charge.of != "*" else []
            for code in inside:
                yield f"charge {charge.code}", f"the tax {code!r} is said to hold it.", "Name only lines with prices."


def _zero(price: object) -> bool:
    return isinstance(price, str) and exact(price) == 0


def _days(doc: TariffDoc) -> Iterator[Remark]:
    for charge in doc.charges:
        if isinstance(charge, DiscountDoc):
            over = charge.valid_to is not None and charge.valid_to <= doc.valid_from
            late = doc.valid_to is not None and charge.valid_from is not None and charge.valid_from >= doc.valid_to
            if over or late:
                yield f"charge {charge.code}", "it is never valid while the tariff is.", "Correct its days."
        if isinstance(charge, LimitDoc) and exact(charge.amount) == 0:
            yield f"charge {charge.code}", f"a {charge.type} of nothing.", "Give it an amount."


def _buying(doc: TariffDoc) -> Iterator[Remark]:
    if doc.buy is None:
        return
    if exact(doc.buy.step) > Fraction(1):
        yield "buy", f"units are sold in steps of {doc.buy.step}.", "Tokens usually have tenths."


def _languages(doc: TariffDoc, languages: Sequence[str]) -> Iterator[Remark]:
    """Names that customers of some language will not see in it: of the tariff, its charges and allowances, its times of use."""
    entries = [("tariff", "", doc.name), *((f"charge {c.code}", c.code, c.name or {}) for c in doc.charges)]
    entries += [(f"allowance {a.code}", a.code, a.name or {}) for a in doc.allowances]
    for place, code, names in entries:
        missing = (
            lacking("line", code, names, languages) if names else [lang for lang in languages if lang not in names]
        )
        if missing:
            yield place, f"no name in {', '.join(missing)}.", "Add it under `name`; until then the bill shows the code."
    for rule in doc.times:
        unsaid = lacking("time", rule.code, {}, [lang for lang in languages if lang != "en"])
        if unsaid:
            yield f"time {rule.code}", f"no word in {', '.join(unsaid)}.", f"Call it one of {', '.join(times())}."
