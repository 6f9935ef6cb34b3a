"""Pay later, in parts: within the operator's policy the customer agrees it without a clerk."""

from datetime import date

from dialogs.counter import arrange
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Do, Effect, Flow, Go, Load, Menu, Pick, Say
from dialogs.values import amount, day, lines, word

_MONEY, _DAY = amount(999_999_99, "KES"), day(date(2026, 9, 28))
MOST_PARTS = 6

PLANS = Load(
    arrange.part_plans,
    arrange.PartPlans((arrange.PartPlan(6, 6, _MONEY, _DAY),) * MOST_PARTS, _MONEY),
)
PLAN = Load(arrange.part_plan, arrange.PartLines(lines([word("arrange.part", day=_DAY, amount=_MONEY)] * MOST_PARTS)))
AGREE = Effect(arrange.agree, arrange.PartsAgreed(_DAY, _MONEY), ("done", "already"), risk="order")

FLOW = Flow(
    "arrange",
    start="parts",
    guards=("choose_account", "pin"),
    states={
        "parts": Pick(
            "arrange.parts", row="arrange.row", load=PLANS, keep_as="parts", to="confirm", none="home", pages=3
        ),
        "confirm": Menu(
            "arrange.confirm",
            load=PLAN,
            choices=(
                Do("talk.yes", run=AGREE, done="agreed", already="agreed", refused="refused", down="down"),
                Go("talk.no", to="parts"),
            ),
            pages=2,
        ),
        "agreed": Say("arrange.agreed", choices=(Go("home.pay", to="pay"),)),
        "refused": REFUSED,
        "down": DOWN,
    },
)
