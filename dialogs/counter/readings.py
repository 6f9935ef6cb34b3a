"""What her meter shows, in her own words: which meter, what stood there last, and the reading into the store."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.journeys import own_reading
from core.metering.units import MICRO, Unreadable, typed
from dialogs.counter.common import Answer, account_of
from dialogs.model import Asked
from dialogs.values import day, quantity


async def meters(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Her dials, and whether this is a time to read them. A value that came along (`READ 12345`) is used for the only dial."""
    days, dials = await own_reading.open_dials(conn, context, account_of(asked))
    rows = [{"value": str(dial.meter_id), "serial": dial.serial, "unit": dial.unit} for dial in dials]
    told: dict[str, Any] = {
        "rows": rows,
        "opens": day(days.opens_on),
        "closes": day(days.closes_on),
        "read_micro": None,
        "meter_id": rows[0]["value"] if len(rows) == 1 else None,
    }
    if not rows:
        return {"is": "none", **told}
    if not days.holds(context.today()):
        return {"is": "shut", **told}
    if len(rows) > 1:
        return {"is": "several", **told}
    micro = _typed(asked.data.get("typed_reading"), asked.lang, dials[0])
    return {"is": "one" if micro is None else "typed", **told, "read_micro": micro}


async def meter(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The dial that was chosen, and what stood there last."""
    dial = await _dial(conn, context, asked)
    last = "-" if dial.last_micro is None else quantity(dial.last_micro, dial.unit)
    return {"serial": dial.serial, "last": last, "dials": dial.dials, "unit": dial.unit}


async def reading(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """What is about to be sent, read back."""
    dial = await _dial(conn, context, asked)
    return {"serial": dial.serial, "value": quantity(int(asked.data["read_micro"]), dial.unit)}


async def send_reading(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Into the metering store: it counts, it waits for a clerk, or we had it already."""
    taken = await own_reading.send(
        conn,
        context,
        account_id=account_of(asked),
        meter_id=int(asked.data["meter_id"]),
        value_micro=int(asked.data["read_micro"]),
        contact_id=asked.contact_id,
        key=asked.key,
    )
    outcome = {"accepted": "done", "held": "pending", "duplicate": "already"}[taken.state]
    return {"is": outcome, "reference": taken.reference}


async def _dial(conn: AsyncConnection, context: Context, asked: Asked) -> own_reading.Dial:
    _, dials = await own_reading.open_dials(conn, context, account_of(asked))
    dial = next((dial for dial in dials if str(dial.meter_id) == asked.data.get("meter_id")), None)
    if dial is None:
        raise Refused("choose.gone")
    return dial


def _typed(text: Any, lang: str, dial: own_reading.Dial) -> int | None:
    """Micro-units of the figures of `READ 12345`; None when this dial cannot show them."""
    try:
        value = typed(str(text), lang, dial.unit) if text else None
    except Unreadable:
        return None
    return value if value is not None and value < 10**dial.dials * MICRO else None
