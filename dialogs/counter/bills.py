"""Her bills: the last ones, their lines, one by SMS, and a line that is said to be wrong."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import queries as bills
from core.billing.render import ussd
from core.context import Context
from core.errors import Refused
from core.journeys import bill_shown, line_disputed
from core.money import show
from core.text import say
from core.text.days import last_of, spoken
from dialogs.counter.common import Answer, account_of, follows_here, text_me
from dialogs.model import Asked
from dialogs.values import amount, day, named


async def last_bills(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """The last bills, newest first."""
    rows = [
        {
            "value": str(bill.invoice_id),
            "until": day(last_of(bill.to_date)),
            "total": amount(bill.total_minor, bill.currency),
        }
        for bill in await bills.last_bills(conn, account_of(asked), limit=3)
    ]
    return {"rows": rows}


async def bill(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """One bill in three lines."""
    found = await _bill(conn, asked)
    here = follows_here(asked)
    owes = found.open_minor > found.disputed_minor
    return {"text": ussd.render(found, asked.lang), "owes": owes, "here": here, "by_sms": not here}


async def bill_lines(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """What the bill charges, line by line."""
    found = await _bill(conn, asked)
    rows = [
        {"value": line.position, "label": named(dict(line.label)), "amount": amount(line.amount_minor, found.currency)}
        for line in found.lines
    ]
    return {"rows": rows, "number": found.number}


async def bill_line(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """The one line that is said to be wrong."""
    found = await _bill(conn, asked)
    line = next((line for line in found.lines if line.position == asked.data.get("position")), None)
    if line is None:
        raise Refused("choose.gone")
    return {"label": named(dict(line.label)), "amount": amount(line.amount_minor, found.currency)}


async def text_bill(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The bill by SMS, with the link to all of it."""
    found = await _bill(conn, asked)
    params, coming = _link(context, found, asked), found.plan.next if found.plan else None
    if coming is not None:
        params |= {
            "amount": show(coming.left_minor, found.currency, asked.lang),
            "date": spoken(asked.lang, coming.due_on),
        }
    await text_me(conn, context, asked, say(asked.lang, "bill.plan.sms" if coming else "bill.sms", **params))
    return {"is": "done"}


async def whole_bill(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The link to all of the bill, where it can be followed from the screen."""
    return _link(context, await _bill(conn, asked), asked)


def _link(context: Context, found: Any, asked: Asked) -> Answer:
    return {
        "number": found.number,
        "total": show(found.total_minor, found.currency, asked.lang),
        "url": f"{context.site.public_url}/b/{found.token}",
    }


async def dispute(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """This line is wrong: a ticket, and the amount is frozen."""
    ticket = await line_disputed.dispute(
        conn,
        context,
        account_id=account_of(asked),
        invoice_id=int(asked.data["invoice_id"]),
        position=asked.data["position"],
        reason=asked.data["reason"],
        contact_id=asked.contact_id,
        key=asked.key,
    )
    return {"is": "done", "reference": ticket.reference}


async def _bill(conn: AsyncConnection, asked: Asked) -> Any:
    found = await bill_shown.bill(conn, invoice_id=int(asked.data["invoice_id"]))
    if found is None or found.account_id != account_of(asked):
        raise Refused("choose.gone")
    return found
