"""What a model of price is to a document: the fields it takes, and what else is asked of a model. A field that it would ignore is refused.

The models themselves are the rows of `MODELS` in `compile_usage.py`: whoever adds one adds a row there and nothing elsewhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.catalog.charge_document import UsageDoc
from core.catalog.scope import TariffScope
from core.catalog.wrong import refuse
from core.rating.charges.usage import Model

ALWAYS = {"code", "name", "when", "type", "meter", "unit", "model", "during", "credit"}


def never(_model: Model) -> bool:
    """More never costs less."""
    return False


@dataclass(frozen=True, slots=True)
class PriceModel:
    """One model of price, as documents know it."""

    compile: Callable[[TariffScope, UsageDoc], Model]
    makes: tuple[type, ...]
    """The classes of `core/rating/charges` that it compiles to."""
    needs: frozenset[str]
    may: frozenset[str] = frozenset()
    """Fields that it needs, and that it may have besides."""
    in_sets: bool = False
    """Whether a set of `model: sets` may be of it."""
    allowances: bool = True
    """Whether it prices units that an allowance may include."""
    during: bool = True
    """Whether it may be for some times of use only."""
    sentence: str = ""
    """Which sentence tells a line of it (`tariff.explain.<this>`); without one a line is told by its block and its time."""
    falls: Callable[[Model], bool] = never
    """Whether one more unit may cost less: then no amount buys one number of units."""


Models = Mapping[str, PriceModel]


def known(models: Models, name: str, where: str) -> PriceModel:
    """The model of this name, or a refusal with those there are."""
    if name not in models:
        *first, last = models
        refuse(where, f"{name!r} is not possible here", f"write {', '.join(first)} or {last}")
    return models[name]


def check_fields(context: TariffScope, doc: UsageDoc, models: Models) -> None:
    """Refuse what the model lacks or does not take."""
    model = known(models, doc.model, f"{context.at(doc.code)}, model")
    given = {name for name in doc.model_fields_set if getattr(doc, name) is not None}
    lacking = model.needs - given
    if lacking:
        name = min(lacking)
        refuse(context.at(doc.code), f"model {doc.model} needs {name!r}", f"add `{name}`")
    strange = given - ALWAYS - model.needs - model.may
    if strange:
        name = min(strange)
        fits = ", ".join(other for other, row in models.items() if name in row.needs | row.may)
        refuse(
            context.at(doc.code), f"model {doc.model} takes no {name!r}", f"remove it, or use a model that does: {fits}"
        )
    if doc.during and not model.during:
        refuse(context.at(doc.code), f"model {doc.model} takes no 'during'", "remove it")
