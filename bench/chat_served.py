"""What `bench/chat.py` measures, in a process of its own: a bare aiohttp WebSocket echo, or the gateway with its web chat.

`python -m bench.chat_served echo PORT`, or `python -m bench.chat_served chat PORT DATABASE_URL FOLDER`.
"""

import logging
import resource
import sys
from dataclasses import replace
from pathlib import Path

import structlog
import uvloop
from aiohttp import WSMsgType, web

from bench.turn_served import a_house, serve

PATH = "/chat/socket"


def echo_app() -> web.Application:
    """The limit: say what was said, on a socket with a heartbeat."""

    async def echo(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(heartbeat=25, compress=False)
        await ws.prepare(request)
        async for frame in ws:
            if frame.type is WSMsgType.TEXT:
                await ws.send_str(frame.data)
        return ws

    app = web.Application()
    app.router.add_get(PATH, echo)
    return app


def chat_app(url: str, folder: str) -> web.Application:
    """The whole gateway."""
    from gateway.app import make_app  # the echo's memory should not hold it
    from gateway.pages import chat_rooms

    chat_rooms.PAGES_OF_ADDRESS = chat_rooms.PAGES_AT_MOST  # all visitors of the bench are at one

    app = a_house(url)
    kept = {"sessions_path": str(Path(folder) / "sessions.db"), "spool_path": str(Path(folder) / "spool")}
    return make_app(replace(app, settings=app.settings.model_copy(update=kept)), with_scheduler=False)


def main(kind: str, port: str, *rest: str) -> None:
    """Serve one of the two."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    uvloop.run(serve(echo_app() if kind == "echo" else chat_app(*rest), int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
