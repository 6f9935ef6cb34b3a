"""What providers tell us that is no message: reports, consent, airtime, SIM and number changes. Each is harmless when repeated."""

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NumberChange, SimChange
from core import delivery
from core.house import House
from core.message import Delivery, OptOut
from core.parties import contacts, sim
from core.parties.model import PHONE, medium
from core.phone import from_provider
from core.rewards import airtime

Told = Delivery | OptOut | SimChange | NumberChange


async def take_in(house: House, told: Told) -> None:
    """One event, in a transaction of its own."""
    async with house.db.writing() as conn:
        if isinstance(told, SimChange):
            await sim.answered(conn, house, told.request, told.swapped, told.on)
        elif isinstance(told, NumberChange):
            await sim.number_changed(conn, house, told.channel, told.user, told.phone, told.at)
        elif isinstance(told, OptOut):
            await _consent(conn, house, told)
        elif told.channel == "airtime":
            await airtime.reported(conn, house, told)
        else:
            await delivery.report(conn, house, told)


async def _consent(conn: AsyncConnection, house: House, told: OptOut) -> None:
    """STOP and START as the provider tells it. A chat that was unblocked is reachable again, which is no consent to campaigns."""
    by_phone = medium(told.channel) == PHONE
    if by_phone and not from_provider(told.user):
        return
    contact = await contacts.find_or_make(conn, house, told.channel, told.user)
    if told.stopped:
        await contacts.stop(conn, house, contact.id, told.at)
    else:
        await contacts.start(conn, house, contact.id, told.at, marketing=by_phone)
