"""The sandbox vending system: tokens for prepaid meters, beside the sandbox payment provider on the same port.

It keeps what it vended by key (`GET /v1/tokens` is its truth, which tests compare ours with), gives the same token for the same
key, and misbehaves on request: `POST /v1/tokens/behave {"serial", "answer"}` with `dropped_before` (it never heard), `dropped_after`
(it vended and hung up), `late` (it hung up, and vends when `come_late` says so), `hangs`, `other_units`, `declines` or `declines:CODE`.
"""

import asyncio
import hashlib
import secrets
from typing import Any

from aiohttp import web

TOKEN_DIGITS = 20
PRICE_MINOR_A_UNIT = 25_00
"""Of a unit, where the caller leaves the units to us."""


class Vault:
    """Tokens by key, and how to treat a meter next."""

    def __init__(self) -> None:
        self.vended: dict[str, dict[str, Any]] = {}
        self.manners: dict[str, str] = {}
        self.late: list[dict[str, Any]] = []
        self.calls = 0

    def vend(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The token of a key, made at the first asking."""
        key = str(asked["key"])
        if key not in self.vended:
            digits = int.from_bytes(hashlib.sha256(key.encode()).digest()[:7])
            units = asked.get("units_micro") or int(asked["amount_minor"]) * 1_000_000 // PRICE_MINOR_A_UNIT
            self.vended[key] = {
                "id": f"tok_{secrets.token_hex(6)}",
                "key": key,
                "serial": str(asked["serial"]),
                "amount_minor": int(asked["amount_minor"]),
                "token": f"{digits:0{TOKEN_DIGITS}}",
                "units_micro": units,
            }
        return self.vended[key]

    def come_late(self) -> None:
        """What was slow on its way arrives now."""
        for asked in self.late:
            self.vend(asked)
        self.late.clear()


VAULT: web.AppKey[Vault] = web.AppKey("vault", Vault)


async def _vend(request: web.Request) -> web.StreamResponse:
    vault, asked = request.app[VAULT], await request.json()
    vault.calls += 1
    manner = vault.manners.pop(str(asked["serial"]), "")
    if manner.startswith("declines"):
        return web.json_response({"code": manner.partition(":")[2] or "meter_blocked"}, status=422)
    if manner == "late":
        vault.late.append(asked)
    elif manner != "dropped_before":
        told = vault.vend(asked | ({"units_micro": 1_000_000} if manner == "other_units" else {}))
        if manner in ("", "other_units"):
            return web.json_response(told, status=201)
    if manner == "hangs":
        await asyncio.sleep(3600)
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _one(request: web.Request) -> web.StreamResponse:
    told = request.app[VAULT].vended.get(request.match_info["key"])
    if told is None:
        return web.json_response({"code": "unknown"}, status=404)
    return web.json_response(told)


async def _all(request: web.Request) -> web.StreamResponse:
    return web.json_response(list(request.app[VAULT].vended.values()))


async def _behave(request: web.Request) -> web.StreamResponse:
    said = await request.json()
    request.app[VAULT].manners[str(said["serial"])] = str(said["answer"])
    return web.json_response({"understood": True})


def setup(app: web.Application) -> None:
    """Add the vending system to the sandbox."""
    app[VAULT] = Vault()
    app.add_routes(
        [
            web.post("/v1/tokens", _vend),
            web.get("/v1/tokens", _all),
            web.post("/v1/tokens/behave", _behave),
            web.get("/v1/tokens/{key}", _one),
        ]
    )
