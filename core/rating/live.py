"""What a period owes by now: all its uses so far, priced together and in the order of time, as its bill would price them.

A use charged live costs what this sum rises by (or gives back what it falls by), so that the charges of any uses, in whatever order
they came, are the bill of them to the cent. What stands beside the uses (`AT_THE_END`) falls due when the period closes: before that
nobody has used it. `not_live` is the closed list of what cannot be charged so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from core.rating.charges.limits import Commitment
from core.rating.errors import CannotRate
from core.rating.quote import batch_of
from core.rating.rate import rate
from core.rating.request import QuoteRequest
from core.rating.tariff import Tariff

AT_THE_END = frozenset({"fixed", "minimum", "commitment"})
"""Kinds of charges that are there without any use."""
KNOWN = frozenset({"persons", "first_purchase"})
"""What is known of an account while it uses something."""


def owed(versions: Sequence[Tariff], asked: QuoteRequest, *, closed: bool) -> int:
    """Whole minor units of the rows asked for, rounded as a bill's total is; `closed` with what stands beside the uses.

    Raises `CannotRate` with a sentence.
    """
    if not closed:
        versions = [_of_uses(tariff) for tariff in versions]
    rated = rate(versions, batch_of(versions, asked, asked.rows))
    if rated.refused:
        raise CannotRate("usage", rated.refused[0])
    return int(rated.total[0])


def not_live(tariff: Tariff) -> str | None:
    """Why uses cannot be charged live on this tariff: rolls_over, shared, attribute; None when they can."""
    if any(allowance.rollover_periods for allowance in tariff.allowances):
        return "rolls_over"
    if any(allowance.shared for allowance in tariff.allowances):
        return "shared"
    return "attribute" if asks_for(tariff) - KNOWN else None


def asks_for(tariff: Tariff) -> set[str]:
    """The attributes of an account that its prices depend on."""
    found = {allowance.scale_by for allowance in tariff.allowances}
    for charge in tariff.charges:
        found |= {charge.when.attribute if charge.when else None, getattr(charge, "count_by", None)}
        found |= {charge.spent} if isinstance(charge, Commitment) else set()
        for model in _models(getattr(charge, "model", None)):
            found |= {getattr(model, "attribute", None), getattr(getattr(model, "width", None), "scale_by", None)}
    return {name for name in found if name is not None}


def _models(model: Any) -> Iterator[Any]:
    """A model, and those it chooses between."""
    if model is not None:
        yield model
        for case in getattr(model, "cases", ()):
            yield case
            yield from _models(case.model)


def _of_uses(tariff: Tariff) -> Tariff:
    return replace(tariff, charges=tuple(charge for charge in tariff.charges if charge.kind not in AT_THE_END))
