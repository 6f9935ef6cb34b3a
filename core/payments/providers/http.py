"""How providers are called: JSON over HTTP with a timeout on everything, and an answer that says what is certain.

The difference between "it never heard us" and "we do not know" is `core/http_errors.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from core.http_errors import HTTP_ERRORS, outcome_of
from core.outbox.back_off import retry_after
from core.outbox.circuit_breaker import CircuitBreaker
from core.outcome import UNKNOWN_TO_PROVIDER, NotReached, Refusal, Unknown

TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)

MOST_PAGES = 200
"""How far we read in a list for something of ours whose answer was lost; more than that was made meanwhile on no day of ours."""


ASKS_TO_WAIT = (429, 503)
_told_to_wait = CircuitBreaker("address")
"""Who asked us to wait, by its address; silences are counted in `health`, by the provider's name."""


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
) -> Reply | NotReached | Unknown:
    """One call, never repeated. A provider that asked us to wait is not called before that time is over: it surely never hears us."""
    origin = urlsplit(url).netloc
    if _told_to_wait.is_resting(origin):
        return NotReached("it asked us to wait")
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.request(method, url, json=body, headers=headers, allow_redirects=False) as response,
        ):
            if response.status in ASKS_TO_WAIT and (seconds := retry_after(response.headers)):
                _told_to_wait.wait(origin, seconds)
            return _read(response.status, await response.read())
    except HTTP_ERRORS as error:
        return outcome_of(error)


def refusal(reply: Reply, reason: str = "declined") -> Refusal:
    """A 4xx: it does not know the thing at all (404, or words that say so), or else a plain no, which says nothing of the thing."""
    said = str(reply.body.get("message") or "").casefold()
    unknown = reply.status == 404 or (reply.status == 400 and ("not found" in said or "was found" in said))
    return Refusal(UNKNOWN_TO_PROVIDER, reason) if unknown else Refusal(reason)


def missing(said: object) -> bool:
    """Whether it answered that it knows no such thing: asked about, it never happened."""
    return isinstance(said, Refusal) and said.code == UNKNOWN_TO_PROVIDER


def untold(said: Refusal | NotReached | Unknown) -> NotReached | Unknown:
    """A question that was refused: it says nothing of what we asked about."""
    return Unknown("it would not say") if isinstance(said, Refusal) else said


def _read(status: int, raw: bytes) -> Reply | Unknown:
    body = loads(raw)
    if not isinstance(body, dict):
        return Unknown(f"HTTP {status} without a JSON object")
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
