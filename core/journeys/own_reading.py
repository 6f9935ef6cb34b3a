"""A customer reads their own meter: inside the window before their bill closes, and what is doubtful is put before a clerk."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.periods import close_after
from core.care import tickets
from core.context import Context
from core.errors import Refused
from core.metering import self_read
from core.metering.self_read import ReadableRegister
from core.metering.store.readings import HELD
from core.metering.vee import held
from core.parties import queries as parties

__all__ = ["OwnReading", "ReadableRegister", "Window", "open_dials", "send", "window"]


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which a reading counts for the coming bill, both included."""

    opens_on: date
    closes_on: date

    def holds(self, day: date) -> bool:
        """Whether a reading of that day is welcome."""
        return self.opens_on <= day <= self.closes_on


@dataclass(frozen=True, slots=True)
class OwnReading:
    """What became of it: accepted, held (then there is a ticket) or duplicate."""

    state: str
    reference: str = ""


def window(context: Context, bill_day: int) -> Window:
    """The window that is open now, or the next."""
    closes_on = close_after(bill_day, context.today() - timedelta(days=1))
    return Window(closes_on - timedelta(days=context.operator.readings.self_read_days), closes_on)


async def open_dials(conn: AsyncConnection, context: Context, account_id: int) -> tuple[Window, list[ReadableRegister]]:
    """The window of an account, and what it can read at all; no dials where the operator takes no readings of customers."""
    account = await parties.account(conn, account_id)
    if account is None:
        raise Refused("choose.gone")
    takes = context.operator.readings.self_read_days > 0
    return window(context, account.bill_day), await self_read.dials_of(
        conn, account_id, context.today()
    ) if takes else []


async def send(
    conn: AsyncConnection,
    context: Context,
    *,
    account_id: int,
    meter_id: int,
    value_micro: int,
    contact_id: int | None,
    key: str,
) -> OwnReading:
    """Take a reading in. Refused `reading.shut` outside the window, `reading.cannot_be` when it is none of this meter."""
    days, dials = await open_dials(conn, context, account_id)
    dial = next((dial for dial in dials if dial.meter_id == meter_id), None)
    if dial is None:
        raise Refused("choose.gone")
    if not days.holds(context.today()):
        raise Refused("reading.shut", opens=days.opens_on.isoformat())
    text = await self_read.take(conn, context, dial, value_micro)
    if text.state == "rejected":
        raise Refused("reading.cannot_be", why=text.reason)
    if text.state != HELD:
        return OwnReading(text.state)
    opened = await tickets.open_ticket(
        conn,
        context,
        key=key,
        kind="meter_read",
        contact_id=contact_id,
        account_id=account_id,
        description=text.reason or "",
    )
    if text.reading_id is not None:
        await held.tied(conn, text.reading_id, opened.id)
    return OwnReading(HELD, opened.reference)
