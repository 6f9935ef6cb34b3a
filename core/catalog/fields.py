"""Which fields a usage charge takes with which model: a field that a model would ignore is refused, not ignored."""

from core.catalog.charge_document import UsageDoc
from core.catalog.scope import TariffScope
from core.catalog.wrong import refuse

ALWAYS = {"code", "name", "when", "type", "meter", "unit", "model", "during", "credit"}
NEEDS = {
    "flat": {"price"},
    "graduated": {"tiers"},
    "volume": {"tiers"},
    "stairstep": {"tiers"},
    "package": {"price", "size"},
    "percentage": {"percent"},
    "cost_plus": {"multiplier"},
    "demand": {"price"},
    "sets": {"sets"},
}
MAY = {
    "flat": {"free"},
    "graduated": {"free", "blocks", "lines"},
    "volume": {"free", "blocks", "select"},
    "stairstep": {"free", "blocks"},
    "package": {"free"},
    "percentage": {"fixed", "free_events", "free_value", "minimum", "maximum"},
    "cost_plus": set(),
    "demand": {"free", "interval", "minimum", "per", "prorate", "year_days"},
    "sets": {"free"},
}


def check_fields(context: TariffScope, doc: UsageDoc) -> None:
    """Refuse what the model lacks or does not take."""
    given = {name for name in doc.model_fields_set if getattr(doc, name) is not None}
    lacking = NEEDS[doc.model] - given
    if lacking:
        name = min(lacking)
        refuse(context.at(doc.code), f"model {doc.model} needs {name!r}", f"add `{name}`")
    strange = given - ALWAYS - NEEDS[doc.model] - MAY[doc.model]
    if strange:
        name = min(strange)
        fits = ", ".join(model for model in NEEDS if name in NEEDS[model] | MAY[model])
        refuse(
            context.at(doc.code), f"model {doc.model} takes no {name!r}", f"remove it, or use a model that does: {fits}"
        )
    if doc.during and doc.model in ("percentage", "cost_plus"):
        refuse(context.at(doc.code), f"model {doc.model} takes no 'during'", "remove it")
