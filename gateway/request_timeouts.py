"""How long we wait for the rest of a request: half a request, held open by the thousand, would keep everybody else out.

The head must be there `HEAD_SECONDS` after the connection was made, the next one before the keep-alive ends. A body may take its time (a
picture over 2G does), as long as it keeps coming: `BYTES_AT_LEAST` each `LOOK_SECONDS`, and all of it within `BODY_SECONDS`.
"""

import asyncio
from typing import Any

from aiohttp import streams, web

from gateway.admin.described import Handler

HEAD_SECONDS = 15.0
LOOK_SECONDS, BYTES_AT_LEAST = 20.0, 1024
BODY_SECONDS = 900.0
KEEPALIVE_SECONDS = 75.0
"""Longer than the proxies that stand before us keep theirs, so that they never write to a connection that we are closing."""

_HEADLESS: dict[object, asyncio.TimerHandle] = {}
"""Connections of this process from which no head has come yet."""


class Runner(web.AppRunner):
    """aiohttp's runner, whose connections are closed if nothing whole comes by them."""

    @property
    def server(self) -> Any:
        """What makes the protocol of each connection."""
        server = super().server
        return server and _Door(server)


class _Door:
    """aiohttp's server, with a clock for each new connection."""

    def __init__(self, server: web.Server) -> None:
        self._server = server

    def __call__(self) -> web.RequestHandler:
        protocol = self._server()
        _HEADLESS[protocol] = asyncio.get_running_loop().call_later(HEAD_SECONDS, _close, protocol)
        return protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)


def _close(protocol: web.RequestHandler) -> None:
    if _HEADLESS.pop(protocol, None):
        protocol.force_close()


@web.middleware
async def patient(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost of all: the head is there, and the body has to keep coming."""
    if timer := _HEADLESS.pop(request.protocol, None):
        timer.cancel()
    body = request.content
    if body.is_eof():
        return await handler(request)
    watch = _Watch(body)
    try:
        answer = await handler(request)
    finally:
        watch.timer.cancel()
    if watch.broken:
        body.feed_eof()  # nobody waits for the rest, also not to throw it away
        answer.force_close()
    return answer


class _Watch:
    """Breaks the reading of a body that does not keep coming."""

    def __init__(self, body: streams.StreamReader) -> None:
        self.body, self.loop = body, asyncio.get_running_loop()
        self.seen, self.broken = 0, False
        self.until = self.loop.time() + BODY_SECONDS
        self.timer = self.loop.call_later(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Every so often: is more of it there?"""
        if self.body.is_eof():
            return
        if self.body.total_bytes - self.seen < BYTES_AT_LEAST or self.loop.time() > self.until:
            self.broken = True
            self.body.set_exception(web.HTTPRequestTimeout(text="The rest of it did not come. Send it again."))
            return
        self.seen = self.body.total_bytes
        self.timer = self.loop.call_later(LOOK_SECONDS, self.look)
