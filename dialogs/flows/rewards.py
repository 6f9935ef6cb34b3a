"""Points earned by paying on time, and what they buy: kWh on the next bill, or airtime for this phone."""

from dialogs.counter import rewards
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Do, Effect, Flow, Go, Load, Menu, Pick, Say
from dialogs.values import amount, quantity

_KWH, _AIRTIME, _PHONE = quantity(10_000_000, "kWh"), amount(1_000_00, "KES"), "+254712345678"

POINTS = Load(rewards.points, rewards.Points(999_999, kwh=True, airtime=True))
KWH = Load(rewards.kwh_choices, rewards.KwhChoices((rewards.KwhRow(10, _KWH, 99_999),) * 3, 999_999))
AIRTIME = Load(
    rewards.airtime_choices, rewards.AirtimeChoices((rewards.AirtimeRow(1000, _AIRTIME, 99_999),) * 3, 999_999)
)
KWH_PRICE = Load(rewards.kwh_price, rewards.KwhPrice(_KWH, 99_999))
AIRTIME_PRICE = Load(rewards.airtime_price, rewards.AirtimePrice(_AIRTIME, 99_999, _PHONE))
GIVE_KWH = Effect(rewards.redeem_kwh, rewards.KwhGiven(_KWH, 999_999), ("done", "already"), risk="money")
GIVE_AIRTIME = Effect(
    rewards.redeem_airtime, rewards.AirtimeGiven(_AIRTIME, _PHONE), ("done", "already", "pending"), risk="money"
)

FLOW = Flow(
    "rewards",
    start="menu",
    guards=("choose_account", "pin"),
    states={
        "menu": Menu(
            "rewards.menu",
            load=POINTS,
            choices=(
                Go("rewards.kwh", to="kwh", when="kwh"),
                Go("rewards.airtime", to="airtime", when="airtime"),
                Go("rewards.how", to="how"),
            ),
        ),
        "how": Say("rewards.how_told"),
        "kwh": Pick("rewards.pick", row="rewards.kwh_row", load=KWH, keep_as="kwh", to="kwh_confirm", none="few"),
        "kwh_confirm": Menu(
            "rewards.kwh_confirm",
            load=KWH_PRICE,
            choices=(
                Do("talk.yes", run=GIVE_KWH, done="kwh_done", already="kwh_done", refused="refused", down="down"),
                Go("talk.no", to="menu"),
            ),
        ),
        "kwh_done": Say("rewards.kwh_done"),
        "airtime": Pick(
            "rewards.pick", row="rewards.airtime_row", load=AIRTIME, keep_as="airtime", to="airtime_confirm", none="few"
        ),
        "airtime_confirm": Menu(
            "rewards.airtime_confirm",
            load=AIRTIME_PRICE,
            choices=(
                Do(
                    "talk.yes",
                    run=GIVE_AIRTIME,
                    done="airtime_done",
                    already="airtime_done",
                    pending="airtime_done",
                    refused="refused",
                    down="down",
                ),
                Go("talk.no", to="menu"),
            ),
        ),
        "airtime_done": Say("rewards.airtime_done"),
        "few": Say("rewards.few"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
