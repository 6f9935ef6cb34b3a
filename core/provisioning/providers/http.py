"""A network behind an HTTP interface of its own: signed, told once per key, asked when an answer was lost.

`PUT {base}/services/{login}` `{"key", "level", "kbps", "generation"}` answers 200 (done), 409 (a newer generation is there already),
or 4xx with `{"reason"}` (never). `GET {base}/commands/{key}` answers 200 or 404 (never arrived). `POST {base}/levels` `{"logins"}`
answers `{"levels": {login: level}}`. Every request carries `X-Hodi-Time` (seconds) and `X-Hodi-Signature`, the HMAC-SHA256 of
`METHOD path time body` under the shared secret, so that a replay is seen and nobody else opens a line.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from core.clock import Clock
from core.http_errors import HTTP_ERRORS, outcome_of
from core.outcome import NotReached, Refusal, Unknown
from core.provisioning.model import LEVELS, Answer, Applied, Command, Level

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)


def signature(secret: str, method: str, path: str, time: str, body: bytes) -> str:
    """What both sides compute over a request."""
    return hmac.new(secret.encode(), f"{method} {path} {time} ".encode() + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class HttpNetwork:
    """One network by its base URL."""

    base_url: str
    secret: str
    clock: Clock

    async def apply(self, command: Command) -> Answer:
        """Tell it."""
        text = {
            "key": command.key,
            "level": command.level,
            "kbps": command.kbps,
            "generation": command.generation,
            "service": str(command.service_id),
        }
        answer = await self._call("PUT", f"/services/{quote(command.login, safe='')}", text)
        return answer if isinstance(answer, NotReached | Unknown) else _read(*answer)

    async def ask(self, command: Command) -> Answer:
        """What became of it."""
        answer = await self._call("GET", f"/commands/{quote(command.key, safe='')}")
        if isinstance(answer, NotReached):
            return Unknown(answer.why)  # the command may have arrived all the same
        if isinstance(answer, Unknown):
            return answer
        return NotReached("it never arrived") if answer[0] == 404 else _read(*answer)

    async def levels(self, logins: Sequence[str]) -> Mapping[str, Level | None]:
        """How it lets each line through."""
        answer = await self._call("POST", "/levels", {"logins": list(logins)})
        if isinstance(answer, NotReached | Unknown) or answer[0] != 200:
            return {}
        match = answer[1].get("levels")
        known = match if isinstance(match, dict) else {}
        return {login: known[login] for login in logins if known.get(login) in LEVELS}

    async def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]] | NotReached | Unknown:
        raw = b"" if body is None else json.dumps(body).encode()
        url = URL(self.base_url.rstrip("/") + path, encoded=True)
        time = str(int(self.clock.now().timestamp()))
        headers = {"X-Hodi-Time": time, "X-Hodi-Signature": signature(self.secret, method, url.raw_path, time, raw)}
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as session,
                session.request(method, url, data=raw, headers=headers, allow_redirects=False) as response,
            ):
                return response.status, _json(await response.read())
        except HTTP_ERRORS as error:
            return outcome_of(error)


def _json(raw: bytes) -> dict[str, Any]:
    try:
        match = json.loads(raw)
    except ValueError:
        return {}
    return match if isinstance(match, dict) else {}


def _read(status: int, body: dict[str, Any]) -> Answer:
    if status == 200:
        return Applied(str(body["ref"]) if "ref" in body else None)
    if status >= 500 or status in (408, 425, 429):
        return Unknown(f"HTTP {status}")
    return Refusal(f"http_{status}", str(body.get("reason", f"HTTP {status}"))[:200])
