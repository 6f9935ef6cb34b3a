"""Compiles usage charges: the measure and the model, and refuses what no price could mean."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from core.catalog.charge_document import (
    MOST_BLOCKS,
    BlocksDoc,
    SetDoc,
    TierDoc,
    UsageDoc,
)
from core.catalog.fields import Models, PriceModel, check_fields, known
from core.catalog.numbers import exact
from core.catalog.scope import ANY_TIME, TariffScope
from core.catalog.wrong import refuse
from core.rating.blocks import Tier, Width
from core.rating.charges.choice import Case, Choice
from core.rating.charges.demand import Demand
from core.rating.charges.flat import Flat, FlatByTime
from core.rating.charges.graduated import Graduated, GraduatedByTime
from core.rating.charges.package import Package
from core.rating.charges.percentage import Percentage
from core.rating.charges.stairstep import Stairstep
from core.rating.charges.usage import Model, Usage
from core.rating.charges.volume import Volume
from core.rating.measure import Measure
from core.rating.terms import Price

_NEEDS_PRICE = frozenset({"price"})
_NEEDS_TIERS = frozenset({"tiers"})


def usage_of(context: TariffScope, doc: UsageDoc) -> Usage:
    """One usage charge."""
    check_fields(context, doc, MODELS)
    context.measured(doc.meter, doc.unit, doc.code)
    free = exact(doc.free) if doc.free else Fraction(0)
    measure = Measure(doc.code, doc.meter, doc.unit, context.bands(doc.during, doc.code), free)
    model = _model(context, doc)
    if free and isinstance(model, FlatByTime | GraduatedByTime):
        refuse(context.at(doc.code), "free units have no time of use", "use an allowance, which is taken in time order")
    return Usage(doc.code, measure, model, context.condition(doc.when, doc.code), doc.credit)


def _model(context: TariffScope, doc: UsageDoc) -> Model:
    return MODELS[doc.model].compile(context, doc)


def _flat(context: TariffScope, doc: UsageDoc) -> Model:
    assert doc.price is not None
    prices = context.by_time(doc.price, doc.code, doc.during)
    return Flat(prices[ANY_TIME]) if ANY_TIME in prices else FlatByTime(prices)


def _package(context: TariffScope, doc: UsageDoc) -> Model:
    return Package(context.price(_one(context, doc)), _above_zero(context, doc, "size"))


def _cost_plus(context: TariffScope, doc: UsageDoc) -> Model:
    assert doc.multiplier is not None
    return Percentage(exact(doc.multiplier) * 100, f"x {doc.multiplier}")


def _one(context: TariffScope, doc: UsageDoc) -> str:
    """The price of a model that knows no times of use."""
    if not isinstance(doc.price, str):
        refuse(
            context.at(doc.code), f"model {doc.model} has one price", "write one charge per time, each with `during`"
        )
    return doc.price


def _above_zero(context: TariffScope, doc: UsageDoc, field: str) -> Fraction:
    text = getattr(doc, field)
    if exact(text) == 0:
        refuse(context.at(doc.code), f"{field} is zero", f"give a {field} above zero")
    return exact(text)


def _graduated(context: TariffScope, doc: UsageDoc) -> Model:
    tiers, width = tiers_of(context, doc.tiers or [], doc.code, doc.during), width_of(context, doc.blocks, doc.code)
    if any(tier.by_time for tier in tiers):
        return _graduated_by_time(context, doc, tiers, width)
    return Graduated(tiers, width, doc.lines == "one")


def _untimed(context: TariffScope, doc: UsageDoc) -> tuple[tuple[Tier, ...], Width]:
    """The blocks of a model that knows no times of use."""
    tiers, width = tiers_of(context, doc.tiers or [], doc.code, doc.during), width_of(context, doc.blocks, doc.code)
    if any(tier.by_time for tier in tiers):
        refuse(
            context.at(doc.code), f"model {doc.model} has no prices by time", "write one charge per time, with `during`"
        )
    return tiers, width


def _stairstep(context: TariffScope, doc: UsageDoc) -> Model:
    return Stairstep(*_untimed(context, doc))


def _graduated_by_time(context: TariffScope, doc: UsageDoc, tiers: tuple[Tier, ...], width: Width) -> Model:
    where = context.at(doc.code)
    if any(tier.by_time is None for tier in tiers):
        refuse(
            where, "some blocks have prices by time and some have one price", "give every block a price for every time"
        )
    if any(tier.fee for tier in tiers):
        refuse(where, "a block with prices by time has no fee", "write the fee as a charge of its own")
    if doc.lines == "one":
        refuse(where, "prices by time make a line each", "remove `lines: one`")
    bands = tuple(sorted(context.bands(doc.during, doc.code) or context.times.values()))
    return GraduatedByTime(tiers, bands, width)


def _volume(context: TariffScope, doc: UsageDoc) -> Model:
    tiers, width = _untimed(context, doc)
    if doc.select is None:
        return Volume(tiers, width=width)
    if (doc.select.average_of is None) == (doc.select.attribute is None):
        refuse(context.at(doc.code), "`select` names not exactly one way", "give it `average_of` or `attribute`")
    if doc.select.average_of is not None:
        context.remembers(doc.meter, doc.select.average_of, doc.code)
    return Volume(tiers, doc.select.average_of is not None, doc.select.attribute, width)


def tiers_of(
    context: TariffScope, docs: Sequence[TierDoc], code: str, during: Sequence[str] | None = None
) -> tuple[Tier, ...]:
    """Blocks that rise without gap or overlap, the last without end."""
    where = context.at(code)
    if not docs:
        refuse(where, "it has no blocks", 'write `tiers: [{up_to: "30", price: "12.23"}, {price: "20.58"}]`')
    if len(docs) > MOST_BLOCKS:
        refuse(where, f"it has {len(docs)} blocks", f"use at most {MOST_BLOCKS}")
    below = Fraction(0)
    for number, doc in enumerate(docs, start=1):
        if (doc.up_to is None) != (number == len(docs)):
            wrong = "the last block has an end" if doc.up_to is not None else f"block {number} has no end"
            refuse(where, wrong, "leave `up_to` out in the last block and only there")
        if doc.up_to is not None:
            if exact(doc.up_to) <= below:
                refuse(where, f"block {number} ends at {doc.up_to}, not above the one before", "let `up_to` rise")
            below = exact(doc.up_to)
    return tuple(_tier(context, doc, code, during) for doc in docs)


def _tier(context: TariffScope, doc: TierDoc, code: str, during: Sequence[str] | None) -> Tier:
    prices = context.by_time(doc.price, code, during)
    end = None if doc.up_to is None else exact(doc.up_to)
    fee = context.maybe(doc.fee)
    if ANY_TIME in prices:
        return Tier(end, prices[ANY_TIME], fee)
    by_time: Mapping[int, Price] = prices
    return Tier(end, Price("", Fraction(0)), fee, by_time)


def width_of(context: TariffScope, doc: BlocksDoc | None, code: str) -> Width:
    """How wide the blocks are."""
    if doc is None:
        return Width()
    if doc.round is not None and exact(doc.round) == 0:
        refuse(context.at(code), "blocks are rounded to steps of zero", "leave `round` out")
    return Width(doc.per, doc.scale_by, doc.prorate, None if doc.round is None else exact(doc.round))


def _percentage(context: TariffScope, doc: UsageDoc) -> Model:
    assert doc.percent is not None
    return Percentage(
        exact(doc.percent),
        f"{doc.percent} %",
        context.minor(doc.fixed or "0"),
        doc.free_events or 0,
        None if doc.free_value is None else context.minor(doc.free_value),
        *context.bounds(doc.minimum, doc.maximum, doc.code),
    )


def _demand(context: TariffScope, doc: UsageDoc) -> Model:
    if doc.year_days is not None and doc.per != "month":
        refuse(context.at(doc.code), "`year_days` says how long a month is", "add `per: month`")
    if doc.interval is None:
        context.registers.add(doc.meter)
    return Demand(
        context.price(_one(context, doc)),
        _above_zero(context, doc, "interval") if doc.interval else None,
        exact(doc.minimum or "0"),
        doc.per or "period",
        doc.prorate or False,
        _above_zero(context, doc, "year_days") if doc.year_days else None,
    )


def _sets(context: TariffScope, doc: UsageDoc) -> Model:
    sets = doc.sets or []
    if not sets or any(_conditional(one) for one in sets[-1:]):
        refuse(context.at(doc.code), "its last set has a condition", "end `sets` with one for everyone else")
    if any(not _conditional(one) for one in sets[:-1]):
        refuse(context.at(doc.code), "a set for everyone stands before others", "put it last")
    for number, one in enumerate(sets, start=1):
        known(
            {name: row for name, row in MODELS.items() if row.in_sets},
            one.model,
            f"{context.at(doc.code)}, sets {number} model",
        )
    return Choice(tuple(_case(context, doc, one) for one in sets))


def _conditional(doc: SetDoc) -> bool:
    return doc.attribute is not None or doc.average_of is not None


def _case(context: TariffScope, doc: UsageDoc, one: SetDoc) -> Case:
    where = context.at(doc.code)
    if (one.average_of is None) != (one.at_most is None):
        refuse(where, "`average_of` and `at_most` belong together", "give both, or neither")
    if one.average_of is not None:
        context.remembers(doc.meter, one.average_of, doc.code)
    values = frozenset[int]() if one.attribute is None else context.values(one.attribute, one.equals, doc.code)
    fields = {"price": one.price, "tiers": one.tiers, "blocks": one.blocks}
    inner = doc.model_copy(update={**fields, "model": one.model, "sets": None, "free": None})
    inner = UsageDoc.model_construct(
        {name for name in inner.model_fields_set if getattr(inner, name) is not None} | {"price", "tiers", "blocks"},
        **{name: getattr(inner, name) for name in UsageDoc.model_fields},
    )
    check_fields(context, inner, MODELS)
    at_most = None if one.at_most is None else exact(one.at_most)
    return Case(_model(context, inner), one.attribute, values, at_most)


def _cheaper_by_the_block(model: Model) -> bool:
    """A price for the whole that falls from block to block."""
    if not isinstance(model, Volume | Stairstep) or (isinstance(model, Volume) and model.attribute is not None):
        return False
    costs = [(tier.price.minor, tier.fee.minor if tier.fee else 0) for tier in model.tiers]
    return any(after[0] < before[0] or after[1] < before[1] for before, after in pairwise(costs))


def _cheaper_in_a_set(model: Model) -> bool:
    return isinstance(model, Choice) and any(may_fall(case.model) for case in model.cases)


MODELS: Models = {
    "flat": PriceModel(_flat, (Flat, FlatByTime), _NEEDS_PRICE, frozenset({"free"}), in_sets=True),
    "graduated": PriceModel(
        _graduated, (Graduated, GraduatedByTime), _NEEDS_TIERS, frozenset({"free", "blocks", "lines"}), in_sets=True
    ),
    "volume": PriceModel(
        _volume,
        (Volume,),
        _NEEDS_TIERS,
        frozenset({"free", "blocks", "select"}),
        in_sets=True,
        falls=_cheaper_by_the_block,
    ),
    "stairstep": PriceModel(
        _stairstep,
        (Stairstep,),
        _NEEDS_TIERS,
        frozenset({"free", "blocks"}),
        in_sets=True,
        sentence="stairstep",
        falls=_cheaper_by_the_block,
    ),
    "package": PriceModel(_package, (Package,), frozenset({"price", "size"}), frozenset({"free"})),
    "percentage": PriceModel(
        _percentage,
        (Percentage,),
        frozenset({"percent"}),
        frozenset({"fixed", "free_events", "free_value", "minimum", "maximum"}),
        allowances=False,
        during=False,
        sentence="percentage",
    ),
    "cost_plus": PriceModel(
        _cost_plus, (Percentage,), frozenset({"multiplier"}), allowances=False, during=False, sentence="percentage"
    ),
    "demand": PriceModel(
        _demand,
        (Demand,),
        _NEEDS_PRICE,
        frozenset({"free", "interval", "minimum", "per", "prorate", "year_days"}),
        allowances=False,
        sentence="demand",
    ),
    "sets": PriceModel(_sets, (Choice,), frozenset({"sets"}), frozenset({"free"}), falls=_cheaper_in_a_set),
}
"""Every model of price: how it is compiled, what it takes, how it is told. A new one is a row here and a file in `core/rating/charges`."""
_ROW_OF = {kind: row for row in MODELS.values() for kind in row.makes}


def may_fall(model: Model) -> bool:
    """Whether one more unit may cost less."""
    return _ROW_OF[type(model)].falls(model)


def sentence_of(model: Model) -> str:
    """Which sentence tells a line of it; empty: its block and its time do."""
    return _ROW_OF[type(model)].sentence
