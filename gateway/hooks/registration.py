"""Arranges in the background what a channel has to arrange with its provider, and tries again for as long as it takes.

A provider that is down or refuses our key costs its own channel something, never the start of the server.
"""

import asyncio

import structlog

from channels.contract import NotReady, Prepares

log = structlog.get_logger()

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 300.0


async def prepare(channel: Prepares, first_seconds: float = FIRST_SECONDS) -> None:
    """Until it is done."""
    name, rest = getattr(channel, "name", "?"), first_seconds
    while True:
        try:
            await channel.prepare()
            log.info("channel.ready", channel=name)
            return
        except NotReady as why:
            log.warning("channel.not_ready", channel=name, why=str(why), again_in_seconds=rest)
        await asyncio.sleep(rest)
        rest = min(2 * rest, LONGEST_SECONDS)
