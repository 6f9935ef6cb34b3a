"""`hodi tariff explain`: how each line of a quote came about, in words a clerk can read to a customer."""

from collections.abc import Sequence
from fractions import Fraction

from core.catalog.compile_usage import sentence_of
from core.catalog.numbers import plain
from core.catalog.quote_json import money_text
from core.rating.charges.choice import Choice
from core.rating.charges.inclusive import InclusiveTax
from core.rating.charges.package import Package
from core.rating.charges.usage import Usage
from core.rating.charges.volume import Volume
from core.rating.exact import MICRO
from core.rating.quote import QuoteLine, QuoteRequest, quote
from core.rating.tariff import Charge, Tariff
from core.text import say

Words = dict[str, object]


def explain(tariff: Tariff | Sequence[Tariff], request: QuoteRequest, lang: str = "en") -> list[str]:
    """A sentence for each line, first what it is about and last the total. Raises `CannotRate` as a quote does."""
    versions = (tariff,) if isinstance(tariff, Tariff) else tuple(tariff)
    last = versions[-1]
    answer = quote(tariff, request)
    names = last.names
    head = say(
        lang,
        "tariff.explain.head",
        tariff=names.get(lang) or names.get("en") or last.code,
        since=request.period_from,
        until=request.period_to,
    )
    text = [head, *(_sentence(_version_of(versions, line), line, request, lang) for line in answer.lines)]
    if answer.units is not None:
        assert last.buy is not None
        unit, paid = last.meters[last.buy.meter], _money(last, Fraction(request.buy or 0))
        text.append(say(lang, "tariff.explain.units", amount=paid, units=plain(answer.units), unit=unit))
    for code, step in answer.service.items():
        text.append(say(lang, "tariff.explain.service", name=code, what=", ".join(f"{k} {v}" for k, v in step.items())))
    return [*text, say(lang, "tariff.explain.total", amount=_money(last, answer.total))]


def _version_of(versions: Sequence[Tariff], line: QuoteLine) -> Tariff:
    """The version a line is of."""
    fitting = [version for version in versions if line.since is None or version.valid_from <= line.since]
    return fitting[-1]


def _sentence(tariff: Tariff, line: QuoteLine, request: QuoteRequest, lang: str) -> str:
    charge = next((c for c in tariff.charges if c.code == line.code), None)
    key, more = _how(tariff, charge, line, request, lang)
    words: Words = {
        "name": _name(tariff, line.code, lang),
        "quantity": plain(line.quantity or Fraction(0)),
        "unit": line.unit,
        "price": line.price,
        "amount": _money(tariff, line.amount),
        "block": line.block,
        "time": _spoken(line.time),
        "destination": _spoken(line.destination),
        **more,
    }
    sentence = say(lang, f"tariff.explain.{key}", **words)
    if line.rest:
        sentence = say(lang, "tariff.explain.rest", sentence=sentence, rest=_money(tariff, line.rest))
    if line.parts:
        text = ", ".join(f"{_names(tariff, codes, lang)} {_money(tariff, part)}" for codes, part in line.parts)
        sentence = say(lang, "tariff.explain.parts", sentence=sentence, parts=text)
    held = _held(tariff, line.code)
    if held is not None:
        sentence = say(lang, "tariff.explain.net", sentence=sentence, tax=_name(tariff, held, lang))
    if line.since is None:
        return sentence
    return say(lang, "tariff.explain.since", since=line.since, until=line.until, sentence=sentence)


def _how(tariff: Tariff, charge: Charge | None, line: QuoteLine, request: QuoteRequest, lang: str) -> tuple[str, Words]:
    """Which sentence tells a line, and the words that only it needs."""
    if isinstance(charge, Usage):
        return _usage(charge, line, request, tariff.history.get(charge.measure.meter, 0))
    if line.kind == "fixed":
        many = "" if line.quantity == 1 else "s"
        return "fixed", {"span": say(lang, f"tariff.span{many}.{line.unit}")}
    if line.kind == "event":
        return ("event_to" if line.destination else "event"), {}
    if charge is None or line.base is None:
        return line.kind, {}
    of = _names(tariff, getattr(charge, "of", ()), lang)
    key = "inclusive" if isinstance(charge, InclusiveTax) else {"tax": "percent"}.get(line.kind, line.kind)
    return key, {"base": _money(tariff, line.base), "of": of}


def _usage(charge: Usage, line: QuoteLine, request: QuoteRequest, wanted: int) -> tuple[str, Words]:
    model = charge.model
    if charge.credit:
        return "credit", {}
    if isinstance(model, Volume):
        average = _average(request, charge.measure.meter, wanted) if model.average else None
        return ("volume", {}) if average is None else ("volume_average", {"average": plain(average)})
    if isinstance(model, Package):
        return "package", {"size": plain(model.size)}
    if sentence := sentence_of(model):
        return sentence, {}
    if line.block is not None and not isinstance(model, Choice):
        return ("block_time" if line.time else "block"), {}
    return ("time" if line.time else "flat"), {}


def _average(request: QuoteRequest, meter: str, wanted: int) -> Fraction | None:
    """The mean of the earlier periods given, as rating takes it; None where there is none."""
    totals = request.history.get(meter, ())[-wanted:]
    return Fraction(sum(totals), len(totals) * MICRO) if totals else None


def _held(tariff: Tariff, code: str) -> str | None:
    """The tax that was in a line's price and is shown as a line of its own."""
    return next((c.code for c in tariff.charges if isinstance(c, InclusiveTax) and code in c.of), None)


def _spoken(code: str | None) -> str:
    """A time of use or a destination as one says it: off peak."""
    return (code or "").replace("_", " ")


def _name(tariff: Tariff, code: str, lang: str) -> str:
    names = tariff.charge_names.get(code, {})
    return names.get(lang) or names.get("en") or _spoken(code)


def _names(tariff: Tariff, codes: Sequence[str], lang: str) -> str:
    return ", ".join(_name(tariff, code, lang) for code in codes)


def _money(tariff: Tariff, minor: Fraction) -> str:
    return f"{tariff.currency} {money_text(tariff, minor)}"
