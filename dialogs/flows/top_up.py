"""Units for a prepaid meter, their own or another's: the name is confirmed before the money, and the token comes by SMS."""

from datetime import UTC, datetime

from core.numbers import tidied
from core.vending.model import is_meter_number
from dialogs.answers import DONE
from dialogs.counter import top_up
from dialogs.flows.pay import ASKED, amount_to_pay
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Again, Ask, Do, Effect, End, Flow, Fork, Go, Load, Menu, Pick, Say, Values
from dialogs.values import amount, moment, quantity, word

_MONEY, _SERIAL, _NAME, _PHONE = amount(999_999_99, "KES"), "0" * 13, "W" * 24, "+254712345678"
_UNITS, _AT = quantity(99_999_900_000, "kWh"), moment(datetime(2026, 9, 28, 20, 20, tzinfo=UTC))

METERS = Load(
    top_up.prepaid,
    top_up.PrepaidMeters(
        (top_up.PrepaidRow(_SERIAL, _SERIAL, "W" * 16),) * 4,
        serial=_SERIAL,
        asked_minor=999_999_99,
        one=True,
        several=True,
        kept=True,
    ),
)
FIND = Load(top_up.find_meter, top_up.MeterKnown())
METER = Load(
    top_up.chosen_meter,
    top_up.TopUpMeter(_SERIAL, _NAME, unit="KES", currency="KES", most=_MONEY, most_minor=999_999_99),
)
OFFER = Load(
    top_up.top_up_offer,
    top_up.TopUpOffer(
        serial=_SERIAL,
        name=_NAME,
        units=word("top_up.units", units=_UNITS),
        arrears=word("top_up.arrears", amount=_MONEY),
        amount=_MONEY,
        amount_minor=999_999_99,
        phone=_PHONE,
    ),
)
TOKENS = Load(top_up.last_tokens, top_up.LastTokens((top_up.TokenRow("1", _AT, _SERIAL, _UNITS),) * 3))
TOKEN = Load(top_up.token, top_up.TokenView("0000 0000 0000 0000 0000", _SERIAL, _UNITS))
BUY = Effect(top_up.buy, DONE, ("done", "already", "pending"), risk="money")
TEXT = Effect(top_up.text_token, DONE, ("done", "already"))


def a_meter_number(text: str, _data: Values, _common: Values) -> Values:
    """The number of a meter, checked by its own last digit before anybody is asked."""
    digits = "".join(letter for letter in tidied(text) if letter not in " -.")
    if not is_meter_number(digits):
        raise Again("top_up.number_hint")
    return {"serial": digits}


FLOW = Flow(
    "top_up",
    start="meters",
    states={
        "meters": Fork(
            {"menu": "menu", "typed": "confirm", "too_much": "less", "no_phone": "no_phone"},
            load=METERS,
            keep=("serial", "asked_minor"),
        ),
        "less": Ask(
            "pay.less_ask", load=METER, keep=("most_minor", "currency"), parse=amount_to_pay, widest=ASKED, to="confirm"
        ),
        "no_phone": Say("top_up.no_phone"),
        "menu": Menu(
            "top_up.menu",
            load=METERS,
            keep=("serial",),
            choices=(
                Go("top_up.mine", to="amount", when="one"),
                Go("top_up.mine", to="which", when="several"),
                Go("top_up.other", to="number"),
                Go("top_up.tokens", to="tokens", when="kept"),
            ),
        ),
        "which": Pick(
            "top_up.which", row="top_up.row", load=METERS, keep_as="serial", to="amount", none="number", pages=2
        ),
        "number": Ask("top_up.number", parse=a_meter_number, widest={"serial": _SERIAL}, to="found"),
        "found": Fork({"found": "amount", "unknown": "unknown"}, load=FIND),
        "unknown": Say("top_up.unknown", choices=(Go("top_up.other", to="number"),)),
        "amount": Ask(
            "top_up.amount",
            load=METER,
            keep=("most_minor", "currency"),
            parse=amount_to_pay,
            widest=ASKED,
            to="confirm",
        ),
        "confirm": Menu(
            "top_up.confirm",
            load=OFFER,
            keep=("amount_minor", "amount"),
            choices=(
                Do(
                    "talk.yes",
                    run=BUY,
                    done="asked",
                    already="asked",
                    pending="under_way",
                    refused="refused",
                    down="down",
                ),
                Go("talk.no", to="amount"),
            ),
            pages=2,
        ),
        "asked": End("top_up.asked"),
        "under_way": Say("top_up.under_way"),
        "tokens": Pick("top_up.last", row="top_up.token_row", load=TOKENS, keep_as="vend_id", to="token", none="menu"),
        "token": Menu(
            "top_up.token",
            load=TOKEN,
            choices=(Do("top_up.text_me", run=TEXT, done="texted", already="texted", refused="refused", down="down"),),
        ),
        "texted": Say("top_up.texted"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
