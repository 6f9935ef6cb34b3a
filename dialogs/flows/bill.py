"""The last bills, each with its lines; a line that is wrong is disputed here, which freezes its amount."""

from datetime import date

from dialogs.answers import DONE
from dialogs.counter import bill
from dialogs.counter.common import REFERENCE, Referenced
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Do, Effect, Flow, Go, Load, Menu, Pick, Say
from dialogs.values import amount, day, named

_MONEY, _DAY = amount(999_999_99, "KES"), day(date(2026, 9, 28))
_NUMBER = "INV-000001234567"
_LABEL = named({"en": "Inflation adjustment", "sw": "Marekebisho ya mfumuko"})

LAST = Load(bill.last_bills, bill.LastBills((bill.BillRow("1", _DAY, _MONEY),) * 3))
ONE = Load(bill.bill, bill.BillText("\n".join(["W" * 51] * 3), owes=True, here=False, by_sms=True))
WHOLE = Load(bill.whole_bill, bill.BillLink(_NUMBER, "KES 999,999.99", "W" * 46))
LINES = Load(bill.bill_lines, bill.BillLines((bill.BillLineRow(9, _LABEL, _MONEY),) * 9, _NUMBER))
LINE = Load(bill.bill_line, bill.DisputedLine(_LABEL, _MONEY))
TEXT_ME = Effect(bill.text_bill, DONE, ("done", "already"))
DISPUTE = Effect(bill.dispute, Referenced(REFERENCE), ("done", "already"), risk="order")

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
