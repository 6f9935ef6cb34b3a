"""What a meter shows, read by the customer: which meter, what stood there last, and the reading into the store."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.journeys import own_reading
from core.metering.units import MICRO, Unreadable, typed
from dialogs.answers import Answer, ListAnswer, ListRow
from dialogs.counter.common import Referenced, account_of
from dialogs.model import CounterRequest
from dialogs.values import Text, day, quantity


class MeterRow(ListRow, frozen=True):
    """A meter to read."""

    serial: str
    unit: str


class ReadableMeters(ListAnswer, frozen=True):
    """The meters, and whether this is a time to read them: `none`, `shut`, `several`, `one`, or one with a value that came along (`typed`)."""

    rows: tuple[MeterRow, ...]
    opens: Text
    closes: Text
    read_micro: int | None
    meter_id: str | None


class MeterAsked(Answer, frozen=True):
    """The meter that was chosen, and what stood there last."""

    serial: str
    last: Text
    dials: int
    unit: str


class ReadingGiven(Answer, frozen=True):
    """What is about to be sent."""

    serial: str
    value: Text


async def meters(conn: AsyncConnection, context: Context, request: CounterRequest) -> ReadableMeters:
    """The dials, and whether this is a time to read them. A value that came along (`READ 12345`) is used for the only dial."""
    days, dials = await own_reading.open_dials(conn, context, account_of(request))
    rows = tuple(MeterRow(str(dial.meter_id), dial.serial, dial.unit) for dial in dials)
    outcome, micro = "one", None
    if not rows:
        outcome = "none"
    elif not days.holds(context.today()):
        outcome = "shut"
    elif len(rows) > 1:
        outcome = "several"
    else:
        micro = _typed_micro(request.data.get("typed_reading"), request.lang, dials[0])
        outcome = "one" if micro is None else "typed"
    only = rows[0].value if len(rows) == 1 else None
    return ReadableMeters(rows, day(days.opens_on), day(days.closes_on), micro, only, outcome=outcome)


async def meter(conn: AsyncConnection, context: Context, request: CounterRequest) -> MeterAsked:
    """The dial that was chosen, and what stood there last."""
    dial = await _dial(conn, context, request)
    last = "-" if dial.last_micro is None else quantity(dial.last_micro, dial.unit)
    return MeterAsked(dial.serial, last, dial.dials, dial.unit)


async def reading(conn: AsyncConnection, context: Context, request: CounterRequest) -> ReadingGiven:
    """What is about to be sent, read back."""
    dial = await _dial(conn, context, request)
    return ReadingGiven(dial.serial, quantity(int(request.data["read_micro"]), dial.unit))


async def send_reading(conn: AsyncConnection, context: Context, request: CounterRequest) -> Referenced:
    """Into the metering store: it counts, it waits for a clerk, or we had it already."""
    receipt = await own_reading.send(
        conn,
        context,
        account_id=account_of(request),
        meter_id=int(request.data["meter_id"]),
        value_micro=int(request.data["read_micro"]),
        contact_id=request.contact_id,
        key=request.key,
    )
    outcome = {"accepted": "done", "held": "pending", "duplicate": "already"}[receipt.state]
    return Referenced(receipt.reference, outcome=outcome)


async def _dial(conn: AsyncConnection, context: Context, request: CounterRequest) -> own_reading.ReadableRegister:
    _, dials = await own_reading.open_dials(conn, context, account_of(request))
    dial = next((dial for dial in dials if str(dial.meter_id) == request.data.get("meter_id")), None)
    if dial is None:
        raise Refused("choose.gone")
    return dial


def _typed_micro(text: Any, lang: str, dial: own_reading.ReadableRegister) -> int | None:
    """Micro-units of the figures of `READ 12345`; None when this dial cannot show them."""
    try:
        value = typed(str(text), lang, dial.unit) if text else None
    except Unreadable:
        return None
    return value if value is not None and value < 10**dial.dials * MICRO else None
