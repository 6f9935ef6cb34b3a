"""The sandbox vending system over HTTP: what the demo and the tests vend with (`gateway/sandbox/vending.py` answers)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from core.http_errors import HTTP_ERRORS, outcome_of
from core.outcome import UNKNOWN_TO_PROVIDER, NotReached, Refusal, Unknown
from core.vending.contract import Answer, TokenRequest, Vended

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
_DIGITS = 20


@dataclass(frozen=True, slots=True)
class SandboxVendor:
    """At `base_url`, trusted by `secret`."""

    base_url: str
    secret: str

    async def vend(self, wanted: TokenRequest) -> Answer:
        """See `Vendor.vend`."""
        body = {
            "key": wanted.key,
            "serial": wanted.serial,
            "amount_minor": wanted.amount_minor,
            "currency": wanted.currency,
            "units_micro": wanted.units_micro,
        }
        text = _read(await self._call("POST", "/v1/tokens", body))
        unknown = isinstance(text, Refusal) and text.code == UNKNOWN_TO_PROVIDER
        return Unknown("an answer that says nothing") if unknown else text

    async def query(self, key: str) -> Answer:
        """See `Vendor.query`."""
        return _read(await self._call("GET", f"/v1/tokens/{quote(key, safe='')}"))

    async def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, Any] | NotReached | Unknown:
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as session,
                session.request(
                    method, self.base_url + path, json=body, headers={"Authorization": f"Bearer {self.secret}"}
                ) as answer,
            ):
                return answer.status, await answer.json()
        except (*HTTP_ERRORS, ValueError) as error:
            return outcome_of(error)


def _read(answer: tuple[int, Any] | NotReached | Unknown) -> Answer:
    if isinstance(answer, NotReached | Unknown):
        return answer
    status, said = answer
    if not isinstance(said, dict) or status >= 500:
        return Unknown(f"HTTP {status}")
    if status == 404 and said.get("code") == "unknown":
        return Refusal(UNKNOWN_TO_PROVIDER)
    if status in (200, 201):
        token, units = said.get("token"), said.get("units_micro")
        if isinstance(token, str) and token.isdigit() and len(token) == _DIGITS and type(units) is int and units > 0:
            return Vended(token, units, str(said.get("id", "")))
        return Unknown("an answer without a token")
    return Refusal(str(said.get("code", "declined"))[:40])
