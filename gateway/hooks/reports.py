"""What providers tell us that is no message: reports, consent, airtime, SIM and number changes. Each is harmless when repeated."""

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NumberChange, SimChange
from core.context import App
from core.message import Delivery, OptOut
from core.notices import bounced_mail
from core.parties import consent, contacts, senders, sim
from core.parties.model import PHONE, medium
from core.phone import from_provider
from core.rewards import airtime

Told = Delivery | OptOut | SimChange | NumberChange


async def take_in(app: App, told: Told) -> None:
    """One event, in a transaction of its own."""
    async with app.db.writing() as conn:
        if isinstance(told, SimChange):
            await sim.answered(conn, app, told.request, told.swapped, told.on)
        elif isinstance(told, NumberChange):
            await sim.number_changed(conn, app, told.channel, told.user, told.phone, told.at)
        elif isinstance(told, OptOut):
            await _consent(conn, app, told)
        elif told.channel == "airtime":
            await airtime.reported(conn, app, told)
        else:
            await bounced_mail.report(conn, app, told)


async def _consent(conn: AsyncConnection, app: App, told: OptOut) -> None:
    """STOP and START as the provider tells it, of the sender that it names. A chat that was unblocked is reachable again, which is no consent to campaigns."""
    by_phone = medium(told.channel) == PHONE
    if by_phone and not from_provider(told.user):
        return
    contact = await contacts.find_or_make(conn, app, told.channel, told.user)
    sender = (senders.meant_by(app, told.sender) or told.sender) if told.sender and by_phone else None
    if told.stopped:
        await consent.stop(conn, app, contact.id, sender=sender, channel=told.channel, word="provider", at=told.at)
    else:
        await consent.start(
            conn,
            app,
            contact.id,
            marketing=by_phone,
            sender=sender,
            channel=told.channel,
            word="provider",
            at=told.at,
        )
