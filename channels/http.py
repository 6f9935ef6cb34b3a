"""Calls a provider and turns every way that can fail into a value: what certainly did not leave, and what may have.

The difference decides whether a message may be sent again. A connection that never came about has carried nothing; a
connection that broke, or an answer that never came, may have carried everything.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp

from channels import errors
from channels.contract import File
from channels.errors import SendError
from core.retry_after import retry_after

PATIENCE = aiohttp.ClientTimeout(total=60, connect=10, sock_connect=5, sock_read=15)


class HttpAnswer(NamedTuple):
    """What the provider said."""

    status: int
    body: str
    after: int | None = None
    """Seconds that we shall wait before we ask again, where it said so."""

    @property
    def fine(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300


async def ask(http: aiohttp.ClientSession, method: str, url: str, **call: Any) -> HttpAnswer | SendError:
    """One request; `call` is as aiohttp's own (`data`, `json`, `params`, `headers`)."""
    try:
        async with http.request(method, url, timeout=PATIENCE, allow_redirects=False, **call) as answer:
            body = (await answer.read()).decode("utf-8", "replace")
            return HttpAnswer(answer.status, body, retry_after(answer.headers))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL):
        return errors.NOT_REACHED
    except (aiohttp.ClientError, TimeoutError):
        return errors.NO_ANSWER


async def download(
    http: aiohttp.ClientSession, url: str, largest: int, headers: Mapping[str, str] | None = None
) -> File | SendError:
    """A file of a provider: no redirect is followed, and no more than `largest` bytes are read, whatever it announces."""
    try:
        async with http.get(url, timeout=PATIENCE, allow_redirects=False, headers=headers) as answer:
            if answer.status != 200:
                return errors.from_http(answer.status)
            body = bytearray()
            async for piece in answer.content.iter_any():
                body += piece
                if len(body) > largest:
                    return errors.TOO_LONG
            return File(bytes(body), answer.content_type)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return errors.NOT_REACHED
