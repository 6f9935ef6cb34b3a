"""What will I pay? The calculator: a figure, and the price by the very code that bills."""

from core.metering.units import Unreadable, typed
from dialogs.counter import price
from dialogs.model import Again, Ask, Flow, Fork, Go, Load, Pick, Say, Values
from dialogs.number_slots import ENDS
from dialogs.values import amount, lines, named, quantity, word

_NAME, _MONEY = named({"en": "W" * 24}), amount(999_999_99, "KES")
_USE = quantity(9_999_000_000, "kWh")

WHAT = Load(
    price.to_price,
    price.ToPrice((price.PricedRow([0, "energy"], _NAME, "kWh"),) * 5, priced=[0, "energy"], use_micro=1),
)
USE = Load(price.use_of, price.PricedUse("kWh", _NAME))
PRICE = Load(
    price.price,
    price.PriceLines(
        use=_USE,
        name=_NAME,
        total=_MONEY,
        lines=lines([word("price.line", what=named({"en": "W" * 20}), amount=_MONEY)] * 9),
    ),
)


def an_amount_used(text: str, data: Values, common: Values) -> Values:
    """Micro-units of what was typed, in the notation of who typed it."""
    try:
        return {"use_micro": typed(text.rstrip(ENDS), common["lang"], str(data["unit"]))}
    except Unreadable as why:
        raise Again("price.digits") from why


FLOW = Flow(
    "price",
    start="what",
    states={
        "what": Fork(
            {"one": "use", "several": "which", "typed": "told", "none": "none"},
            load=WHAT,
            keep=("priced", "use_micro"),
        ),
        "which": Pick("price.which", row="price.row", load=WHAT, keep_as="priced", to="use", none="none", pages=2),
        "use": Ask("price.use", load=USE, keep=("unit",), parse=an_amount_used, widest={"use_micro": 1}, to="told"),
        "told": Say(
            "price.told", load=PRICE, choices=(Go("price.again", to="what", keep={"typed_use": None}),), pages=4
        ),
        "none": Say("plan.none"),
    },
)
