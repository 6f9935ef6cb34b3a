"""The scheduler inside the gateway's process, or alone (`hodi schedule`): one leads, whoever else runs stands by."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial

import aiohttp
from aiohttp import web

from channels.contract import AirtimeOrder, AsksSimSwap, Channel, Fetches, File, SendsAirtime, Tools
from channels.registry import open_channels
from core.care import media
from core.context import App
from core.journeys import top_up
from core.journeys.credit_limit import restrict as limit_reached
from core.journeys.dunning import fees, restrict
from core.message import Sent
from core.parties import sim
from core.payments import doors as payment_doors
from core.rewards import airtime
from gateway.app_keys import APP, CHANNELS
from gateway.networks import network_handlers
from gateway.pages import chat_rooms
from scheduler.app import Scheduler
from scheduler.dispatch import Dispatcher
from scheduler.handover import Handler, Together
from scheduler.jobs import JOBS


def dispatcher_of(app: App, channels: dict[str, Channel]) -> Dispatcher:
    """Sends what waits: messages by their channel, pushes and airtime by their handlers."""
    handlers: dict[str, Handler | Together] = {
        "push": payment_doors.push,
        "vend": top_up.send,
        "refund": payment_doors.refund,
        "forget": payment_doors.forget,
        "bar": Together(restrict.bar),
        "limit_bar": limit_reached.bar,
        "late_fee": fees.late,
        sim.KIND: sim.nobody_to_ask,
        media.KIND: media.handler(partial(_fetch, channels)),
        **network_handlers(app),
    }
    if seller := next((channel for channel in channels.values() if isinstance(channel, SendsAirtime)), None):
        handlers["airtime"] = airtime.handler(partial(_airtime, seller))
    if network := next((channel for channel in channels.values() if isinstance(channel, AsksSimSwap)), None):
        handlers[sim.KIND] = sim.handler(network.ask_sim_swap)
    senders = {name: channel for name, channel in channels.items() if not channel.synchronous}
    return Dispatcher(app, senders, handlers)


async def _airtime(seller: SendsAirtime, phone: str, minor: int, currency: str, key: str) -> Sent:
    return await seller.send_airtime(AirtimeOrder(key, phone, minor, currency))


async def _fetch(channels: Mapping[str, object], name: str, ref: str, largest: int) -> bytes | str | None:
    """A customer's file from the channel it came by; a word why not for good; None: not now."""
    channel = channels.get(name)
    if not isinstance(channel, Fetches):
        return "channel"
    found = await channel.fetch(ref, largest)
    if isinstance(found, File):
        return found.body
    return None if found.retry or found.uncertain else found.code


async def ticking(app: web.Application) -> AsyncIterator[None]:
    """Cleanup context: the scheduler runs while the app does."""
    scheduler = Scheduler(app[APP], JOBS, dispatcher_of(app[APP], app[CHANNELS]))
    task = asyncio.create_task(scheduler.run())
    yield
    scheduler.stop()
    await task


async def tick_alone(app: App) -> None:
    """`hodi schedule`: lead or stand by until the process is stopped."""
    async with aiohttp.ClientSession() as http:
        channels = open_channels(Tools(app.settings, http, partial(chat_rooms.push, app)))
        await Scheduler(app, JOBS, dispatcher_of(app, channels)).run()
