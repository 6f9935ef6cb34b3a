"""What her meter shows, in her own words: which meter, what stood there last, and the reading into the store."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import Refused
from core.house import House
from core.journeys import self_read
from core.metering.units import MICRO, Unreadable, typed
from dialogs.counter.common import Answer, account_of
from dialogs.model import CounterRequest
from dialogs.values import day, quantity


async def meters(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Her dials, and whether this is a time to read them. A value that came along (`READ 12345`) is used for the only dial."""
    days, dials = await self_read.open_dials(conn, house, account_of(request))
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
    if not days.holds(house.today()):
        return {"is": "shut", **told}
    if len(rows) > 1:
        return {"is": "several", **told}
    micro = _typed(request.data.get("typed_reading"), request.lang, dials[0])
    return {"is": "one" if micro is None else "typed", **told, "read_micro": micro}


async def meter(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """The dial that was chosen, and what stood there last."""
    dial = await _dial(conn, house, request)
    last = "-" if dial.last_micro is None else quantity(dial.last_micro, dial.unit)
    return {"serial": dial.serial, "last": last, "dials": dial.dials, "unit": dial.unit}


async def reading(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """What is about to be sent, read back."""
    dial = await _dial(conn, house, request)
    return {"serial": dial.serial, "value": quantity(int(request.data["read_micro"]), dial.unit)}


async def send_reading(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Into the metering store: it counts, it waits for a clerk, or we had it already."""
    taken = await self_read.send(
        conn,
        house,
        account_id=account_of(request),
        meter_id=int(request.data["meter_id"]),
        value_micro=int(request.data["read_micro"]),
        contact_id=request.contact_id,
        key=request.key,
    )
    outcome = {"accepted": "done", "held": "pending", "duplicate": "already"}[taken.state]
    return {"is": outcome, "reference": taken.reference}


async def _dial(conn: AsyncConnection, house: House, request: CounterRequest) -> self_read.Dial:
    _, dials = await self_read.open_dials(conn, house, account_of(request))
    dial = next((dial for dial in dials if str(dial.meter_id) == request.data.get("meter_id")), None)
    if dial is None:
        raise Refused("choose.gone")
    return dial


def _typed(text: Any, lang: str, dial: self_read.Dial) -> int | None:
    """Micro-units of the figures of `READ 12345`; None when this dial cannot show them."""
    try:
        value = typed(str(text), lang, dial.unit) if text else None
    except Unreadable:
        return None
    return value if value is not None and value < 10**dial.dials * MICRO else None
