"""What became of the things I reported."""

from datetime import UTC, datetime

from dialogs.counter import fault
from dialogs.counter.common import REFERENCE
from dialogs.model import Flow, Load, Pick, Say
from dialogs.values import moment, word

_AT = moment(datetime(2026, 9, 28, 20, 20, tzinfo=UTC))
_STATE, _KIND = word("tickets.state.waiting"), word("fault.kind.no_supply")

MINE = Load(fault.my_tickets, fault.MyTickets((fault.TicketRow(REFERENCE, REFERENCE, _STATE),) * 7))
ONE = Load(fault.ticket, fault.TicketView(REFERENCE, _STATE, _KIND, _AT, _AT))

FLOW = Flow(
    "tickets",
    start="list",
    states={
        "list": Pick(
            "tickets.list", row="tickets.row", load=MINE, keep_as="reference", to="show", none="none", pages=3
        ),
        "none": Say("tickets.none"),
        "show": Say("tickets.show", load=ONE),
    },
)
