"""What providers tell us: every address under /hooks/africastalking/{secret}, opened from the doors of the channels.

Wrong secret 403; not understood 400 {"code", "reason"} and nothing stored; understood 200. A USSD step is answered with the next
screen. A message is answered through the outbox; it is claimed by the provider's id, so that a repeat has no second effect.
While the database is away everything but a USSD step is kept on disk (`gateway/spool.py`) and answered 200 all the same.
"""

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

from channels.contract import Channel, Door, Event, NotUnderstood, Received
from channels.form import LARGEST_BODY
from channels.sms_africastalking import AfricasTalkingSms
from channels.ussd_africastalking import AfricasTalkingUssd
from core import delivery
from core.house import House
from core.message import Delivery, Inbound, OptOut
from core.parties import contacts
from core.phone import from_provider
from core.rewards import airtime
from gateway import replies
from gateway.desk import CHANNELS, HOUSE, SPOOL, TURNS
from gateway.passed import PASSED
from gateway.spool import Full

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


def routes() -> list[web.AbstractRouteDef]:
    """Every address Africa's Talking posts to."""
    doors = [("ussd", door) for door in AfricasTalkingUssd().doors] + [
        ("sms", door) for door in AfricasTalkingSms.doors
    ]
    return [web.route(door.method, door.path, _open(name, door)) for name, door in doors]


def _open(name: str, door: Door) -> Handler:
    """The handler of one door."""

    async def handle(request: web.Request) -> web.Response:
        app = request.app
        if not _genuine(request, app[HOUSE].settings.hook_secret.get_secret_value()):
            return _refused(403, "secret.wrong", "The secret in the path is not right.")
        if (request.content_length or 0) > LARGEST_BODY:
            return _refused(400, "body.too_long", f"The body is longer than {LARGEST_BODY} bytes.")
        body = await request.read()
        received = Received(request.method, body)
        try:
            events = door.parse(received)
        except NotUnderstood as why:
            return _refused(400, why.code, why.reason)
        return await _answer(request, name, door, received, events)

    return handle


async def _answer(request: web.Request, name: str, door: Door, received: Received, events: list[Event]) -> web.Response:
    """Acts on what was understood; the body of the 200 is the next screen, or whatever the provider expects."""
    channel = request.app[CHANNELS].get(name)
    if channel is None:
        return _refused(404, "channel.shut", f"The channel {name} is not set up here.")
    said = None
    try:
        for event in events:
            said = await _act(request.app, channel, event) or said
    except Full:
        return _refused(503, "later", "The message could not be kept; please bring it again.")
    told = said if said is not None else (door.answer(received) or "OK")
    return web.Response(body=told.encode(), headers=PLAIN)


async def _act(app: web.Application, channel: Channel, event: Event) -> str | None:
    """One thing a provider told us; the screen, where the answer itself is one."""
    if isinstance(event, Inbound) and event.kind == "end":
        return None
    if isinstance(event, Inbound) and channel.name == "ussd":
        answer = await app[TURNS].answer(event, channel)
        if PASSED in app:
            app[PASSED].note(event, answer)
        return answer.reply
    await app[SPOOL].take("hook", channel.name, event)
    return None


async def take_in(app: web.Application, name: str, event: Event) -> None:
    """What is no USSD step, now or when the database is back: harmless when repeated."""
    if isinstance(event, Inbound):
        await replies.hear(app[TURNS], event, app[CHANNELS][name])
    else:
        await _take_in(app[HOUSE], event)


async def _take_in(house: House, event: Event) -> None:
    """Reports and consent: each is harmless when repeated and in any order."""
    if not isinstance(event, Delivery | OptOut):
        return  # a SIM or number change: nobody asks for it yet
    async with house.db.writing() as conn:
        if isinstance(event, Delivery) and event.channel == "airtime":
            await airtime.reported(conn, house, event)
        elif isinstance(event, Delivery):
            await delivery.report(conn, house.clock.now(), event)
        elif from_provider(event.user):
            contact = await contacts.find_or_make(conn, house, event.channel, event.user)
            change = contacts.stop if event.stopped else contacts.start
            await change(conn, house, contact.id)


def _genuine(request: web.Request, secret: str) -> bool:
    """Compared in constant time; an operator without a secret lets nobody in."""
    return bool(secret) and hmac.compare_digest(request.match_info["secret"].encode(), secret.encode())


def _refused(status: int, code: str, reason: str) -> web.Response:
    return web.json_response({"code": code, "reason": reason}, status=status)
