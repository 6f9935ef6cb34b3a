"""Bills: the last ones, their lines, one by SMS, and a line that is said to be wrong."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import queries as bills
from core.billing.model import Bill
from core.billing.render import ussd
from core.context import Context
from core.errors import Refused
from core.journeys import bill_shown, line_disputed
from core.money import show
from core.text import say
from core.text.days import last_of, spoken
from dialogs.answers import DONE, Answer, ListAnswer, ListRow
from dialogs.counter.common import Referenced, account_of, follows_here, text_me
from dialogs.model import CounterRequest
from dialogs.values import Text, amount, day, named


class BillRow(ListRow, frozen=True):
    """A bill by its last day."""

    until: Text
    total: Text


class LastBills(ListAnswer, frozen=True):
    """The last bills, newest first."""

    rows: tuple[BillRow, ...]


class BillText(Answer, frozen=True):
    """One bill in three lines, and whether its link is followed here or sent."""

    text: str
    owes: bool
    here: bool
    by_sms: bool


class BillLineRow(ListRow, frozen=True):
    """A line of a bill; its value is where it stands."""

    label: Text
    amount: Text


class BillLines(ListAnswer, frozen=True):
    """What a bill charges."""

    rows: tuple[BillLineRow, ...]
    number: str


class DisputedLine(Answer, frozen=True):
    """The line that is said to be wrong."""

    label: Text
    amount: Text


class BillLink(Answer, frozen=True):
    """The link to all of a bill."""

    number: str
    total: str
    url: str


async def last_bills(conn: AsyncConnection, _context: Context, request: CounterRequest) -> LastBills:
    """The last bills, newest first."""
    return LastBills(
        tuple(
            BillRow(str(bill.invoice_id), day(last_of(bill.to_date)), amount(bill.total_minor, bill.currency))
            for bill in await bills.last_bills(conn, account_of(request), limit=3)
        )
    )


async def bill(conn: AsyncConnection, _context: Context, request: CounterRequest) -> BillText:
    """One bill in three lines."""
    view = await _bill(conn, request)
    here = follows_here(request)
    return BillText(ussd.render(view, request.lang), view.open_minor > view.disputed_minor, here, not here)


async def bill_lines(conn: AsyncConnection, _context: Context, request: CounterRequest) -> BillLines:
    """What the bill charges, line by line."""
    view = await _bill(conn, request)
    rows = tuple(
        BillLineRow(line.position, named(dict(line.label)), amount(line.amount_minor, view.currency))
        for line in view.lines
    )
    return BillLines(rows, view.number or "")


async def bill_line(conn: AsyncConnection, _context: Context, request: CounterRequest) -> DisputedLine:
    """The one line that is said to be wrong."""
    view = await _bill(conn, request)
    line = next((line for line in view.lines if line.position == request.data.get("position")), None)
    if line is None:
        raise Refused("choose.gone")
    return DisputedLine(named(dict(line.label)), amount(line.amount_minor, view.currency))


async def text_bill(conn: AsyncConnection, context: Context, request: CounterRequest) -> Answer:
    """The bill by SMS, with the link to all of it."""
    view = await _bill(conn, request)
    link, coming = _link(context, view, request), view.plan.next if view.plan else None
    params = {"number": link.number, "total": link.total, "url": link.url}
    if coming is not None:
        params |= {
            "amount": show(coming.left_minor, view.currency, request.lang),
            "date": spoken(request.lang, coming.due_on),
        }
    await text_me(conn, context, request, say(request.lang, "bill.plan.sms" if coming else "bill.sms", **params))
    return DONE


async def whole_bill(conn: AsyncConnection, context: Context, request: CounterRequest) -> BillLink:
    """The link to all of the bill, where it can be followed from the screen."""
    return _link(context, await _bill(conn, request), request)


def _link(context: Context, view: Bill, request: CounterRequest) -> BillLink:
    return BillLink(
        view.number or "",
        show(view.total_minor, view.currency, request.lang),
        f"{context.site.public_url}/b/{view.token}",
    )


async def dispute(conn: AsyncConnection, context: Context, request: CounterRequest) -> Referenced:
    """This line is wrong: a ticket, and the amount is frozen."""
    ticket = await line_disputed.dispute(
        conn,
        context,
        account_id=account_of(request),
        invoice_id=int(request.data["invoice_id"]),
        position=request.data["position"],
        reason=request.data["reason"],
        contact_id=request.contact_id,
        key=request.key,
    )
    return Referenced(ticket.reference)


async def _bill(conn: AsyncConnection, request: CounterRequest) -> Bill:
    view = await bill_shown.bill(conn, invoice_id=int(request.data["invoice_id"]))
    if view is None or view.account_id != account_of(request):
        raise Refused("choose.gone")
    return view
