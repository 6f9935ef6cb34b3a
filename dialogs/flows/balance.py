"""How the account stands: everything it has, each with the time at which it was so."""

from datetime import UTC, date, datetime

from dialogs.counter import arrange, caller
from dialogs.model import Flow, Go, Load, QuickLoad, Say
from dialogs.values import amount, day, left, lines, moment, word

_AT = moment(datetime(2026, 9, 28, 20, 20, tzinfo=UTC))
_DAY = day(date(2026, 9, 28))
BALANCES = QuickLoad(
    caller.balances,
    caller.BalanceLines(
        account="0123456789012",
        lines=lines(
            [
                word("balance.overdue", amount=amount(999_999_99, "KES"), due=_DAY, at=_AT),
                word("balance.limit", percent=999, limit=amount(999_999_99, "KES"), at=_AT),
                *[word("bucket.line_until", name="W" * 16, left=left(999_999_99, "KES"), until=_DAY, at=_AT)]
                * caller.MOST_BUCKETS,
                word("bucket.more", count=99),
                word("balance.points", points=999_999, at=_AT),
            ]
        ),
        owes=True,
        late=True,
    ),
)
NEXT = Load(
    arrange.next_step,
    arrange.NextStepLine(word("ahead.formal", amount=amount(999_999_99, "KES"), date=_DAY), True),
)

FLOW = Flow(
    "balance",
    start="show",
    guards=("choose_account", "pin"),
    states={
        "show": Say(
            "balance.show",
            load=BALANCES,
            choices=(
                Go("balance.pay", to="pay", when="owes"),
                Go("balance.bill", to="bill"),
                Go("ahead.ask", to="ahead", when="late"),
            ),
            pages=5,
        ),
        "ahead": Say(
            "balance.ahead",
            load=NEXT,
            choices=(Go("balance.pay", to="pay", when="owes"), Go("ahead.parts", to="arrange", when="owes")),
            pages=2,
        ),
    },
)
