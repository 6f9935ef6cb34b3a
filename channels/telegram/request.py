"""Carries python-telegram-bot's calls over aiohttp: its default client is 30-50 times slower (measured).

The bot's token is part of every address, so no address is ever put into an error or a log.
"""

import json

import aiohttp
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from channels import errors
from channels.errors import SendError
from channels.http import ask
from core.retry_after import bounded


class NoConnection(NetworkError):
    """No connection came about: nothing has left."""


class TooFast(TelegramError):
    """HTTP 429, and after how many seconds it may be tried again. Told apart here, because the library's own error warns of a coming change
    each time it is made."""

    def __init__(self, words: str, after: int | None) -> None:
        super().__init__(words)
        self.after = after


class AiohttpRequest(BaseRequest):
    """One shared session, kept by whoever made it. Files are not sent this way."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        super().__init__()
        self.http = http

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for an answer, as python-telegram-bot wants to know it."""
        return 15.0

    async def initialize(self) -> None:
        """Nothing to do: the session is open."""

    async def shutdown(self) -> None:
        """Nothing to do: the session is not ours to close."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        """One call: status and body, or the library's own error. Our own time-outs hold, whatever is asked for."""
        if request_data is not None and request_data.contains_files:
            raise TelegramError("files are not sent this way")
        parameters = request_data.json_parameters if request_data else None
        answer = await ask(self.http, method, url, data=parameters)
        if isinstance(answer, SendError):
            raise NoConnection("no connection") if answer is errors.NOT_REACHED else TimedOut
        if answer.status == 429:
            raise TooFast(answer.body[:200], _after(answer.body) or answer.after)
        return answer.status, answer.body.encode()


def _after(body: str) -> int | None:
    """`retry_after` of an answer."""
    try:
        return bounded(int(json.loads(body)["parameters"]["retry_after"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
