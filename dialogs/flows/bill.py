"""The last bills, each with its lines; a line that is wrong is disputed here, which freezes its amount."""

from datetime import date

from dialogs.counter import bill
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Do, Effect, Flow, Go, Load, Menu, Pick, Say
from dialogs.values import amount, day, named

_MONEY, _DAY = amount(999_999_99, "KES"), day(date(2026, 9, 28))
_NUMBER = "INV-000001234567"
_LINE = {"value": 9, "label": named({"en": "Inflation adjustment", "sw": "Marekebisho ya mfumuko"}), "amount": _MONEY}

LAST = Load(bill.last_bills, {"rows": [{"value": "1", "until": _DAY, "total": _MONEY}] * 3})
ONE = Load(bill.bill, {"text": "\n".join(["W" * 51] * 3), "owes": True, "here": False, "by_sms": True})
WHOLE = Load(bill.whole_bill, {"number": _NUMBER, "total": "KES 999,999.99", "url": "W" * 46})
LINES = Load(bill.bill_lines, {"rows": [_LINE] * 9, "number": _NUMBER})
LINE = Load(bill.bill_line, {"label": _LINE["label"], "amount": _MONEY})
TEXT_ME = Effect(bill.text_bill, ("done", "already"))
DISPUTE = Effect(bill.dispute, ("done", "already"), risk="order", widest={"reference": "T-1234567-8"})

FLOW = Flow(
    "bill",
    start="list",
    guards=("choose_account", "pin"),
    states={
        "list": Pick("bill.list", row="bill.row", load=LAST, keep_as="invoice_id", to="show", none="none"),
        "none": Say("bill.none"),
        "show": Menu(
            "bill.show",
            load=ONE,
            choices=(
                Go("bill.see_lines", to="lines"),
                Go("bill.pay", to="pay", when="owes"),
                Do(
                    "bill.text_me",
                    run=TEXT_ME,
                    done="texted",
                    already="texted",
                    refused="refused",
                    down="down",
                    when="by_sms",
                ),
                Go("bill.open", to="whole", when="here"),
            ),
            pages=2,
        ),
        "texted": Say("bill.texted"),
        "whole": Say("bill.sms", load=WHOLE),
        "lines": Pick("bill.lines", row="bill.line", load=LINES, keep_as="position", to="why", none="show", pages=3),
        "why": Menu(
            "bill.why",
            load=LINE,
            choices=(
                Go("bill.too_high", to="confirm", keep={"reason": "too_high"}),
                Go("bill.not_mine", to="confirm", keep={"reason": "not_mine"}),
                Go("bill.reading", to="confirm", keep={"reason": "reading"}),
                Go("bill.other", to="confirm", keep={"reason": "other"}),
            ),
        ),
        "confirm": Menu(
            "bill.confirm",
            load=LINE,
            choices=(
                Do("talk.yes", run=DISPUTE, done="disputed", already="disputed", refused="refused", down="down"),
                Go("talk.no", to="lines"),
            ),
        ),
        "disputed": Say("bill.disputed"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
