"""My plan and my numbers, told in a line each."""

from datetime import date

from dialogs.counter import plan
from dialogs.model import Flow, Go, Load, Say
from dialogs.values import day, lines, word

_LINE = word("plan.line", what="W" * 11, plan="W" * 24, since=day(date(2026, 9, 28)))
PLANS = Load(plan.my_plans, plan.PlanLines(lines([_LINE] * 4)))
NUMBERS = Load(
    plan.my_numbers,
    plan.PlanLines(
        lines(
            [
                word("plan.account", number="W" * 20),
                word("plan.meter", serial=", ".join(["W" * 20] * 2)),
                word("plan.paybill", paybill="1234567"),
            ]
        )
    ),
)

PLAN = Flow(
    "plan",
    start="plans",
    guards=("choose_account", "pin"),
    states={
        "plans": Say(
            "plan.plans",
            load=PLANS,
            choices=(Go("home.price", to="price"), Go("plan.my_numbers", to="numbers")),
            pages=3,
        ),
    },
)

NUMBERS_FLOW = Flow(
    "numbers",
    start="told",
    guards=("choose_account", "pin"),
    states={"told": Say("plan.numbers", load=NUMBERS, pages=2)},
)
