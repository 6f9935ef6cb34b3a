"""What providers tell us that is no message: reports, consent, airtime, SIM and number changes. Each is harmless when repeated."""

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NumberChange, SimChange
from core.context import House
from core.message import Delivery, OptOut
from core.notices import bounced_mail
from core.parties import consent, contacts, senders, sim
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
            await bounced_mail.report(conn, house, told)


async def _consent(conn: AsyncConnection, house: House, told: OptOut) -> None:
    """STOP and START as the provider tells it, of the sender that it names. A chat that was unblocked is reachable again, which is no consent to campaigns."""
    by_phone = medium(told.channel) == PHONE
    if by_phone and not from_provider(told.user):
        return
    contact = await contacts.find_or_make(conn, house, told.channel, told.user)
    sender = (senders.meant_by(house, told.sender) or told.sender) if told.sender and by_phone else None
    if told.stopped:
        await consent.stop(conn, house, contact.id, sender=sender, channel=told.channel, word="provider", at=told.at)
    else:
        await consent.start(
            conn,
            house,
            contact.id,
            marketing=by_phone,
            sender=sender,
            channel=told.channel,
            word="provider",
            at=told.at,
        )
