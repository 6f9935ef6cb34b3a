"""How providers are called: JSON over HTTP with a timeout on everything, and an answer that says what is certain.

The difference between "it never heard us" and "we do not know" is decided here and nowhere else: only a connection that was
never made counts as never heard.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from core.payments.providers.contract import Declined, NotKnown, Unanswered, Unreached
from core.retry_after import retry_after

TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)
NEVER_HEARD = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)

MOST_PAGES = 200
"""How far we read in a list for something of ours whose answer was lost; more than that was made meanwhile on no day of ours."""


ASKS_TO_WAIT = (429, 503)
LONGEST_WAIT = 3600
"""No provider of payments is left alone for longer, whatever it asks; our own polling goes on once an hour."""
_waits: dict[str, float] = {}
"""Until when (loop time) each provider asked us to wait, by its address."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in JSON (an object; numbers with a point are Decimals)."""

    status: int
    body: dict[str, Any]


async def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
) -> Reply | Unreached | Unanswered:
    """One call, never repeated. A provider that asked us to wait is not called before that time is over: it surely never hears us."""
    origin, now = urlsplit(url).netloc, asyncio.get_running_loop().time()
    if _waits.get(origin, now) > now:
        return Unreached("it asked us to wait")
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.request(method, url, json=body, headers=headers, allow_redirects=False) as response,
        ):
            if response.status in ASKS_TO_WAIT and (seconds := retry_after(response.headers)):
                _waits[origin] = now + min(seconds, LONGEST_WAIT)
            return _read(response.status, await response.read())
    except NEVER_HEARD as why:
        return Unreached(type(why).__name__)
    except (aiohttp.ClientError, TimeoutError, OSError) as why:
        return Unanswered(type(why).__name__)


def refusal(reply: Reply, reason: str = "declined") -> Declined:
    """A 4xx: it does not know the thing at all (404, or words that say so), or else a plain no, which says nothing of the thing."""
    said = str(reply.body.get("message") or "").casefold()
    unknown = reply.status == 404 or (reply.status == 400 and ("not found" in said or "was found" in said))
    return NotKnown(reason) if unknown else Declined(reason)


def untold(said: Declined | Unreached | Unanswered) -> Unreached | Unanswered:
    """A question that was refused: it says nothing of what we asked about."""
    return Unanswered("it would not say") if isinstance(said, Declined) else said


def _read(status: int, raw: bytes) -> Reply | Unanswered:
    body = loads(raw)
    if not isinstance(body, dict):
        return Unanswered(f"HTTP {status} without a JSON object")
    return Reply(status, body)


def loads(raw: bytes) -> Any:
    """JSON whose amounts keep their decimals; None when it is no JSON."""
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def storable(value: Any) -> Any:
    """What was said in a form both databases take as JSON: Decimals as text, no NUL, no half of a surrogate pair."""
    match value:
        case dict():
            return {storable(str(key)): storable(inner) for key, inner in value.items()}
        case list():
            return [storable(inner) for inner in value]
        case str():
            return value.replace("\x00", "").encode("utf-8", "replace").decode()
        case Decimal():
            return str(value)
        case _:
            return value
